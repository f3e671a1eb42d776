/* SPDX-License-Identifier: MIT */
/* Dials that wait for their instant, the first due first. */
#ifndef TCPGOON_TRANSPORT_DUE_QUEUE_H
#define TCPGOON_TRANSPORT_DUE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/transport/transport.h"

struct due_dial {
	uint64_t due_ns;
	const struct address *target; /* borrowed */
	struct slot slot;
	uint8_t arming; /* of the slot: tells a disarmed dial from a later one */
};

/* All zero: empty. */
struct due_queue {
	struct due_dial *dials; /* owned; the waiting ones are from `first` to before `end` */
	size_t first;
	size_t end;
	size_t capacity;
};

void due_queue_finish(struct due_queue *queue);

/* Adds a dial after those that are due earlier or at the same instant. Returns 0 or -ENOMEM. */
int due_queue_add(struct due_queue *queue, const struct due_dial *dial);

/* NULL if there is none. */
static inline const struct due_dial *due_queue_first(const struct due_queue *queue)
{
	return queue->first == queue->end ? NULL : &queue->dials[queue->first];
}

/* The queue is not empty. */
void due_queue_drop_first(struct due_queue *queue);

#endif
