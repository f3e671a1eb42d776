/* SPDX-License-Identifier: MIT */
/*
 * Dials are almost always added in the order of their instants, so a list that is taken from the
 * front replaces a heap, and a dial that is added out of order moves a few others.
 */
#include "transport/due_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void due_queue_finish(struct due_queue *queue)
{
	free(queue->dials);
	*queue = (struct due_queue){0};
}

static int grow(struct due_queue *queue)
{
	size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity * 2;
	struct due_dial *grown = reallocarray(queue->dials, capacity, sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	queue->dials = grown;
	queue->capacity = capacity;
	return 0;
}

/* Moves the waiting dials to the front, once at least as many have been taken. */
static void move_to_front(struct due_queue *queue)
{
	size_t count = queue->end - queue->first;
	memmove(queue->dials, &queue->dials[queue->first], count * sizeof(*queue->dials));
	queue->first = 0;
	queue->end = count;
}

static int make_room(struct due_queue *queue)
{
	if (queue->end < queue->capacity) {
		return 0;
	}
	if (queue->first > queue->capacity / 2) {
		move_to_front(queue);
		return 0;
	}
	return grow(queue);
}

int due_queue_add(struct due_queue *queue, const struct due_dial *dial)
{
	int r = make_room(queue);
	if (r < 0) {
		return r;
	}
	size_t at = queue->end++;
	while (at > queue->first && queue->dials[at - 1].due_ns > dial->due_ns) {
		queue->dials[at] = queue->dials[at - 1];
		at--;
	}
	queue->dials[at] = *dial;
	return 0;
}

void due_queue_drop_first(struct due_queue *queue)
{
	assert(queue->first < queue->end);
	queue->first++;
	if (queue->first == queue->end) {
		queue->first = 0;
		queue->end = 0;
	}
}
