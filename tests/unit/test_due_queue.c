/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/due_queue.h"

static void add(struct due_queue *queue, uint32_t number, uint64_t due_ns)
{
	const struct due_dial dial = {.due_ns = due_ns, .slot.number = number};
	assert_int_equal(due_queue_add(queue, &dial), 0);
}

static void take(struct due_queue *queue, uint32_t number)
{
	const struct due_dial *first = due_queue_first(queue);
	assert_non_null(first);
	assert_int_equal(first->slot.number, number);
	due_queue_drop_first(queue);
}

static void an_empty_queue_has_no_first(void **state)
{
	(void)state;
	struct due_queue queue = {0};
	assert_null(due_queue_first(&queue));
	add(&queue, 0, 1);
	take(&queue, 0);
	assert_null(due_queue_first(&queue));
	due_queue_finish(&queue);
	due_queue_finish(&queue);
}

static void the_first_due_comes_first(void **state)
{
	(void)state;
	struct due_queue queue = {0};
	add(&queue, 0, 30);
	add(&queue, 1, 10);
	add(&queue, 2, 40);
	add(&queue, 3, 20);
	take(&queue, 1);
	add(&queue, 4, 15);
	take(&queue, 4);
	take(&queue, 3);
	take(&queue, 0);
	take(&queue, 2);
	due_queue_finish(&queue);
}

static void those_of_one_instant_keep_their_order(void **state)
{
	(void)state;
	struct due_queue queue = {0};
	for (uint32_t i = 0; i < 4; i++) {
		add(&queue, i, 10);
	}
	for (uint32_t i = 0; i < 4; i++) {
		take(&queue, i);
	}
	due_queue_finish(&queue);
}

/* It takes no more room than wait in it, whatever has gone through. */
static void a_queue_that_is_taken_from_does_not_grow(void **state)
{
	(void)state;
	struct due_queue queue = {0};
	uint32_t next = 0;
	for (; next < 50; next++) {
		add(&queue, next, next);
	}
	for (; next < 100000; next++) {
		add(&queue, next, next);
		take(&queue, next - 50);
	}
	assert_true(queue.capacity <= 128);
	for (uint32_t i = next - 50; i < next; i++) {
		take(&queue, i);
	}
	assert_null(due_queue_first(&queue));
	due_queue_finish(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_queue_has_no_first),
		cmocka_unit_test(the_first_due_comes_first),
		cmocka_unit_test(those_of_one_instant_keep_their_order),
		cmocka_unit_test(a_queue_that_is_taken_from_does_not_grow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
