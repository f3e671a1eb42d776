/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/dial_queue.h"
#include "tcpgoon/base/clock.h"

#define START_NS (1000 * NSEC_PER_SEC)
#define AT_MS(ms) (START_NS + (uint64_t)(ms)*NSEC_PER_MSEC)

struct fixture {
	struct table table;
	struct result result;
	struct dial_queue queue; /* of 100 ms */
};

static int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, 4, START_NS, &fixture.result), 0);
	dial_queue_init(&fixture.queue, &fixture.table, 100 * NSEC_PER_MSEC);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	dial_queue_finish(&fixture->queue);
	table_finish(&fixture->table);
	result_finish(&fixture->result);
	return 0;
}

static void dial(struct fixture *fixture, uint32_t index, uint64_t at_ns)
{
	table_dialing(&fixture->table, index, CLOCK_NEVER, at_ns);
	table_hold(&fixture->table, index, CONN_CONNECTING);
	assert_int_equal(dial_queue_reserve(&fixture->queue, 1), 0);
	dial_queue_push(&fixture->queue, table_slot(&fixture->table, index), at_ns);
}

static void dial_again(struct fixture *fixture, uint32_t index, uint64_t at_ns)
{
	table_dialing_again(&fixture->table, index, at_ns);
	table_hold(&fixture->table, index, CONN_CONNECTING);
	assert_int_equal(dial_queue_reserve(&fixture->queue, 1), 0);
	dial_queue_push(&fixture->queue, table_slot(&fixture->table, index), at_ns);
}

static void answer(struct fixture *fixture, uint32_t index, uint64_t at_ns)
{
	table_release(&fixture->table, index, CONN_CONNECTING);
	table_answered(&fixture->table, index, at_ns);
	table_established(&fixture->table, index);
}

static void assert_none_is_over(struct fixture *fixture, uint64_t now_ns)
{
	struct slot slot;
	assert_false(dial_queue_take(&fixture->queue, now_ns, &slot));
}

static void assert_next_is_over(struct fixture *fixture, uint64_t now_ns, uint32_t expected)
{
	struct slot slot = {.number = UINT32_MAX};
	assert_true(dial_queue_take(&fixture->queue, now_ns, &slot));
	assert_int_equal(slot.number, expected);
	assert_int_equal(slot.generation, fixture->table.conns[expected].generation);
}

static void nothing_is_over_before_anything_is_dialled(void **state)
{
	struct fixture *fixture = *state;
	assert_none_is_over(fixture, AT_MS(100000));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), CLOCK_NEVER);
}

static void each_is_over_at_its_own_instant_and_once(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(1));
	dial(fixture, 1, AT_MS(3));
	assert_none_is_over(fixture, AT_MS(101) - 1);
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(101));
	assert_next_is_over(fixture, AT_MS(101), 0);
	assert_none_is_over(fixture, AT_MS(101));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(103));
	assert_next_is_over(fixture, AT_MS(200), 1);
	assert_none_is_over(fixture, AT_MS(200));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), CLOCK_NEVER);
}

static void what_is_decided_is_passed_over(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	table_failed(&fixture->table, 1, CAUSE_PORTS_EXHAUSTED, EADDRINUSE,
		AT_MS(0)); /* never dialled */
	dial(fixture, 2, AT_MS(2));
	answer(fixture, 0, AT_MS(1));
	assert_none_is_over(fixture, AT_MS(50));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(102));
	assert_next_is_over(fixture, AT_MS(102), 2);
}

/* It was answered, and what that said is not yet believed; or it is to be dialled again. */
static void what_is_not_connecting_is_left_in_peace(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial(fixture, 1, AT_MS(1));
	table_release(&fixture->table, 0, CONN_CONNECTING);
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(101));
	assert_next_is_over(fixture, AT_MS(500), 1);
	assert_none_is_over(fixture, AT_MS(500));
}

static void what_is_dialled_again_has_its_time_again(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial(fixture, 1, AT_MS(50));
	dial_again(fixture, 0, AT_MS(70));
	assert_next_is_over(fixture, AT_MS(150), 1);
	assert_none_is_over(fixture, AT_MS(169));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(170));
	assert_next_is_over(fixture, AT_MS(170), 0);
	assert_none_is_over(fixture, AT_MS(1000));
}

/* The queue goes round in its memory, and grows while it does. */
static void any_number_can_wait(void **state)
{
	enum { DIALS = 5000 };
	struct fixture fixture;
	(void)state;
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, DIALS, START_NS, &fixture.result), 0);
	dial_queue_init(&fixture.queue, &fixture.table, 100 * NSEC_PER_MSEC);
	uint32_t next = 0;
	for (uint32_t i = 0; i < DIALS; i++) {
		dial(&fixture, i, START_NS + i);
		if (i % 3 == 0) {
			assert_next_is_over(&fixture, AT_MS(200), next++);
		}
	}
	while (next < DIALS) {
		assert_next_is_over(&fixture, AT_MS(200), next++);
	}
	assert_none_is_over(&fixture, AT_MS(200));
	dial_queue_finish(&fixture.queue);
	table_finish(&fixture.table);
	result_finish(&fixture.result);
}

static void what_was_answered_takes_no_room(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	uint64_t capacity = fixture->queue.capacity;
	answer(fixture, 0, AT_MS(1));
	for (uint64_t i = 0; i < 10 * capacity; i++) {
		assert_int_equal(dial_queue_next_ns(&fixture->queue), CLOCK_NEVER);
		assert_int_equal(dial_queue_reserve(&fixture->queue, 1), 0);
		dial_queue_push(&fixture->queue, table_slot(&fixture->table, 0), AT_MS(1));
	}
	assert_int_equal(fixture->queue.capacity, capacity);
}

static void the_last_is_the_last(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < 4; i++) {
		dial(fixture, i, AT_MS(i));
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_next_is_over(fixture, AT_MS(1000), i);
	}
	assert_none_is_over(fixture, AT_MS(1000));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), CLOCK_NEVER);
}

static void what_fell_due_in_a_stall_is_given_a_moment(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial_queue_stalled(&fixture->queue, 2000 * NSEC_PER_MSEC, AT_MS(2050));
	assert_none_is_over(fixture, AT_MS(2050));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(2150));
	/* No more than its own time, so that those which begin now have no more than that. */
	dial(fixture, 1, AT_MS(2060));
	assert_next_is_over(fixture, AT_MS(2150), 0);
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(2160));
	assert_next_is_over(fixture, AT_MS(2160), 1);
}

static void a_short_stall_gives_a_short_moment(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial_queue_stalled(&fixture->queue, 30 * NSEC_PER_MSEC, AT_MS(110));
	assert_int_equal(dial_queue_next_ns(&fixture->queue), AT_MS(140));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_over_before_anything_is_dialled, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_is_over_at_its_own_instant_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_decided_is_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_connecting_is_left_in_peace, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_dialled_again_has_its_time_again, setup, teardown),
		cmocka_unit_test(any_number_can_wait),
		cmocka_unit_test_setup_teardown(what_was_answered_takes_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_is_the_last, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_fell_due_in_a_stall_is_given_a_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_stall_gives_a_short_moment, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
