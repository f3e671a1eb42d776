/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/event_queue.h"

static void add(struct event_queue *queue, uint32_t number)
{
	const struct own_event event = {
		.kind = TRANSPORT_IDLE,
		.slot = {.number = number, .generation = 7},
		.error_number = (int)number + 1,
	};
	assert_int_equal(event_queue_add(queue, &event), 0);
}

static void take(struct event_queue *queue, uint32_t number)
{
	const struct own_event event = event_queue_take(queue);
	assert_int_equal(event.kind, TRANSPORT_IDLE);
	assert_int_equal(event.slot.number, number);
	assert_int_equal(event.slot.generation, 7);
	assert_int_equal(event.error_number, number + 1);
}

static void events_come_out_in_their_order(void **state)
{
	(void)state;
	struct event_queue queue = {0};
	for (uint32_t i = 0; i < 1000; i++) {
		add(&queue, i);
	}
	assert_int_equal(queue.count, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		take(&queue, i);
	}
	assert_int_equal(queue.count, 0);
	event_queue_finish(&queue);
	event_queue_finish(&queue);
}

/* Where the ring has its seam does not matter, nor does it when it grows there. */
static void what_goes_round_keeps_its_order(void **state)
{
	(void)state;
	struct event_queue queue = {0};
	uint32_t added = 0;
	uint32_t taken = 0;
	for (unsigned round = 1; round < 400; round++) {
		for (unsigned i = 0; i < 3; i++) {
			add(&queue, added++);
		}
		for (unsigned i = 0; i < 2; i++) {
			take(&queue, taken++);
		}
	}
	while (queue.count > 0) {
		take(&queue, taken++);
	}
	assert_int_equal(taken, added);
	event_queue_finish(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_out_in_their_order),
		cmocka_unit_test(what_goes_round_keeps_its_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
