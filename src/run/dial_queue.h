/* SPDX-License-Identifier: MIT */
/* Dials without an answer, in the order in which they began: which has timed out, and when. */
#ifndef TCPGOON_RUN_DIAL_QUEUE_H
#define TCPGOON_RUN_DIAL_QUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "run/table.h"

struct queued_dial {
	uint64_t began_ns;
	uint32_t slot;
	uint16_t generation;
};
static_assert(sizeof(struct queued_dial) == 16, "what a dial without an answer takes");

struct dial_queue {
	const struct table *table;
	uint64_t timeout_ns; /* of each dial */
	uint64_t not_before_ns; /* no dial times out before: this program had stalled */
	struct queued_dial *dials; /* owned: a ring of `capacity`, a power of two or 0 */
	uint64_t capacity;
	uint64_t first; /* counts up without end: its place in the ring is the remainder */
	uint64_t count;
};

#define DIAL_QUEUE_INIT       \
	{                     \
		.table = NULL \
	}

/* `table` outlives the queue. */
void dial_queue_init(struct dial_queue *queue, const struct table *table, uint64_t timeout_ns);
void dial_queue_finish(struct dial_queue *queue);

/* Makes room for `more` dials that have not begun yet. Returns 0 or -ENOMEM. */
int dial_queue_reserve(struct dial_queue *queue, uint64_t more);

/* The dial of the slot began at `began_ns`, no earlier than any queued one. Room was reserved. */
void dial_queue_push(struct dial_queue *queue, struct slot slot, uint64_t began_ns);

/* Hands out, once, a slot whose dial has timed out by now_ns; false if there is none. */
bool dial_queue_take(struct dial_queue *queue, uint64_t now_ns, struct slot *ret_slot);

/*
 * When the next dial times out; to be asked once all expired ones are handed out. CLOCK_NEVER if no
 * dial waits for its answer.
 */
uint64_t dial_queue_next_ns(struct dial_queue *queue);

/*
 * This program stalled for `length_ns`, until now_ns. Dials that timed out meanwhile get a moment
 * more, because their answers may not have been seen, or the kernel stood still as well. Dials that
 * begin from now on get no extra time.
 */
void dial_queue_stalled(struct dial_queue *queue, uint64_t length_ns, uint64_t now_ns);

#endif
