/* SPDX-License-Identifier: MIT */
/* Events that a transport makes itself, kept until they are harvested. */
#ifndef TCPGOON_TRANSPORT_EVENT_QUEUE_H
#define TCPGOON_TRANSPORT_EVENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/transport/transport.h"

struct own_event {
	struct slot slot;
	uint8_t kind; /* enum transport_event_kind */
	int error_number;
};

/* All zero: empty. First in, first out. */
struct event_queue {
	struct own_event *events; /* owned; a ring, whose size is a power of two */
	size_t first;
	size_t count;
	size_t capacity;
};

void event_queue_finish(struct event_queue *queue);

/* Returns 0 or -ENOMEM. */
int event_queue_add(struct event_queue *queue, const struct own_event *event);

/* The queue is not empty. */
struct own_event event_queue_take(struct event_queue *queue);

#endif
