/* SPDX-License-Identifier: MIT */
/* Dials without an answer, in the order in which they began: whose timeout is over, and when. */
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
	uint64_t not_before_ns; /* none is over before: this program had stood still */
	struct queued_dial *dials; /* owned: a ring of `capacity`, a power of two or 0 */
	uint64_t capacity;
	uint64_t first; /* counts on: its place is the remainder */
	uint64_t count;
};

#define DIAL_QUEUE_INIT       \
	{                     \
		.table = NULL \
	}

/* `table` outlives the queue. */
void dial_queue_init(struct dial_queue *queue, const struct table *table, uint64_t timeout_ns);
void dial_queue_finish(struct dial_queue *queue);

/* Makes room for so many dials that have not begun yet. Returns 0 or -ENOMEM. */
int dial_queue_reserve(struct dial_queue *queue, uint64_t more);

/* The dial of the slot has begun, not before those that are queued; room was made for it. */
void dial_queue_push(struct dial_queue *queue, struct slot slot, uint64_t began_ns);

/* Hands out, once, a slot whose dial has had its time at now_ns; false where there is none. */
bool dial_queue_take(struct dial_queue *queue, uint64_t now_ns, struct slot *ret_slot);

/*
 * The instant at which there is one to hand out, asked after all were; CLOCK_NEVER where no dial
 * waits for its answer.
 */
uint64_t dial_queue_next_ns(struct dial_queue *queue);

/*
 * This program stood still for so long, until now_ns: what fell due meanwhile is given a moment, as
 * its answer may not have been seen, or the kernel had stood still as well. No dial that begins from
 * now on is given more time by that.
 */
void dial_queue_stalled(struct dial_queue *queue, uint64_t length_ns, uint64_t now_ns);

#endif
