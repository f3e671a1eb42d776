/* SPDX-License-Identifier: MIT */
/*
 * All dials have the same timeout, so they time out in the order in which they began, and a queue
 * is enough. A LINK_TIMEOUT on each CONNECT would do the same for a request and a kernel timer,
 * which even a dial that is answered in microseconds would pay for: 5% of what a connection costs.
 *
 * No entry is removed from the middle: a dial that was answered, or whose slot is dialled again, is
 * dropped when it reaches the head. So the oldest dial without an answer determines the length of
 * the queue; if all are answered in time, that is some dozens.
 */
#include "run/dial_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"

/* At most as long as a SYN takes to be retransmitted. */
#define MOMENT_NS NSEC_PER_SEC

#define CAPACITY_MIN 256

void dial_queue_init(struct dial_queue *queue, const struct table *table, uint64_t timeout_ns)
{
	*queue = (struct dial_queue){.table = table, .timeout_ns = timeout_ns};
}

void dial_queue_finish(struct dial_queue *queue)
{
	free(queue->dials);
	*queue = (struct dial_queue)DIAL_QUEUE_INIT;
}

static struct queued_dial *at(const struct dial_queue *queue, uint64_t number)
{
	return &queue->dials[number & (queue->capacity - 1)];
}

static int grow(struct dial_queue *queue, uint64_t capacity)
{
	struct queued_dial *dials = reallocarray(NULL, capacity, sizeof(*dials));
	if (dials == NULL) {
		return -ENOMEM;
	}
	for (uint64_t i = 0; i < queue->count; i++) {
		dials[i] = *at(queue, queue->first + i);
	}
	free(queue->dials);
	queue->dials = dials;
	queue->capacity = capacity;
	queue->first = 0;
	return 0;
}

int dial_queue_reserve(struct dial_queue *queue, uint64_t more)
{
	uint64_t capacity = queue->capacity > 0 ? queue->capacity : CAPACITY_MIN;
	while (capacity < queue->count + more) {
		capacity *= 2;
	}
	return capacity == queue->capacity ? 0 : grow(queue, capacity);
}

void dial_queue_push(struct dial_queue *queue, struct slot slot, uint64_t began_ns)
{
	assert(queue->count < queue->capacity);
	*at(queue, queue->first + queue->count++) = (struct queued_dial){
		.began_ns = began_ns,
		.slot = slot.number,
		.generation = slot.generation,
	};
}

static bool is_waiting(const struct table *table, const struct queued_dial *dial)
{
	return table->conns[dial->slot].generation == dial->generation &&
		table_state(table, dial->slot) == CONN_DIALING &&
		table_holds(table, dial->slot, CONN_CONNECTING);
}

/* The oldest dial that waits for its answer; NULL if none does. */
static const struct queued_dial *oldest(struct dial_queue *queue)
{
	while (queue->count > 0 && !is_waiting(queue->table, at(queue, queue->first))) {
		queue->first++;
		queue->count--;
	}
	return queue->count > 0 ? at(queue, queue->first) : NULL;
}

static uint64_t end_ns(const struct dial_queue *queue, const struct queued_dial *dial)
{
	return greater(dial->began_ns + queue->timeout_ns, queue->not_before_ns);
}

bool dial_queue_take(struct dial_queue *queue, uint64_t now_ns, struct slot *ret_slot)
{
	const struct queued_dial *dial = oldest(queue);
	if (dial == NULL || now_ns < end_ns(queue, dial)) {
		return false;
	}
	*ret_slot = (struct slot){.number = dial->slot, .generation = dial->generation};
	queue->first++;
	queue->count--;
	return true;
}

uint64_t dial_queue_next_ns(struct dial_queue *queue)
{
	const struct queued_dial *dial = oldest(queue);
	return dial == NULL ? CLOCK_NEVER : end_ns(queue, dial);
}

void dial_queue_stalled(struct dial_queue *queue, uint64_t length_ns, uint64_t now_ns)
{
	queue->not_before_ns = now_ns + lesser(lesser(length_ns, MOMENT_NS), queue->timeout_ns);
}
