/* SPDX-License-Identifier: MIT */
#include "transport/event_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

void event_queue_finish(struct event_queue *queue)
{
	free(queue->events);
	*queue = (struct event_queue){0};
}

static struct own_event *at(const struct event_queue *queue, size_t place)
{
	return &queue->events[(queue->first + place) & (queue->capacity - 1)];
}

static int grow(struct event_queue *queue)
{
	size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity * 2;
	struct own_event *grown = calloc(capacity, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < queue->count; i++) {
		grown[i] = *at(queue, i);
	}
	free(queue->events);
	queue->events = grown;
	queue->first = 0;
	queue->capacity = capacity;
	return 0;
}

int event_queue_add(struct event_queue *queue, const struct own_event *event)
{
	int r = queue->count == queue->capacity ? grow(queue) : 0;
	if (r == 0) {
		*at(queue, queue->count++) = *event;
	}
	return r;
}

struct own_event event_queue_take(struct event_queue *queue)
{
	assert(queue->count > 0);
	struct own_event event = *at(queue, 0);
	queue->first = (queue->first + 1) & (queue->capacity - 1);
	queue->count--;
	return event;
}
