/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/deadline.h"
#include "tcpgoon/base/clock.h"

#define START_NS (1000 * NSEC_PER_SEC)
#define AT_MS(ms) (START_NS + (uint64_t)(ms)*NSEC_PER_MSEC)

struct fixture {
	struct table table;
	struct result result;
	struct deadline deadline; /* of 100 ms */
};

static int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, 4, START_NS, &fixture.result), 0);
	fixture.deadline = (struct deadline){
		.table = &fixture.table,
		.timeout_ns = 100 * NSEC_PER_MSEC,
	};
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	table_finish(&fixture->table);
	result_finish(&fixture->result);
	return 0;
}

static void dial(struct fixture *fixture, uint32_t index, uint64_t at_ns)
{
	table_dialing(&fixture->table, index, CLOCK_NEVER, at_ns);
	table_hold(&fixture->table, index, CONN_CONNECTING);
}

static void answer(struct fixture *fixture, uint32_t index, uint64_t at_ns)
{
	table_release(&fixture->table, index, CONN_CONNECTING);
	table_answered(&fixture->table, index, at_ns);
	table_established(&fixture->table, index);
}

static void assert_none_is_over(struct fixture *fixture, uint64_t now_ns)
{
	uint32_t index;
	assert_false(deadline_take(&fixture->deadline, now_ns, &index));
}

static void assert_next_is_over(struct fixture *fixture, uint64_t now_ns, uint32_t expected)
{
	uint32_t index = UINT32_MAX;
	assert_true(deadline_take(&fixture->deadline, now_ns, &index));
	assert_int_equal(index, expected);
}

static void nothing_is_over_before_anything_is_dialled(void **state)
{
	struct fixture *fixture = *state;
	assert_none_is_over(fixture, AT_MS(100000));
	assert_int_equal(deadline_next_ns(&fixture->deadline), CLOCK_NEVER);
}

static void each_is_over_at_its_own_instant_and_once(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(1));
	dial(fixture, 1, AT_MS(3));
	assert_none_is_over(fixture, AT_MS(101) - 1);
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(101));
	assert_next_is_over(fixture, AT_MS(101), 0);
	assert_none_is_over(fixture, AT_MS(101));
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(103));
	assert_next_is_over(fixture, AT_MS(200), 1);
	assert_none_is_over(fixture, AT_MS(200));
	assert_int_equal(deadline_next_ns(&fixture->deadline), CLOCK_NEVER);
}

/* Whom nobody cancelled yet, for all that it was handed out, is still over. */
static void it_stays_over_until_it_is_decided(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	assert_false(deadline_is_over(&fixture->deadline, 0, AT_MS(99)));
	assert_next_is_over(fixture, AT_MS(100), 0);
	assert_true(deadline_is_over(&fixture->deadline, 0, AT_MS(100)));
	answer(fixture, 0, AT_MS(100));
	assert_false(deadline_is_over(&fixture->deadline, 0, AT_MS(200)));
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
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(102));
	assert_next_is_over(fixture, AT_MS(102), 2);
}

static void what_is_not_dialled_yet_has_no_deadline(void **state)
{
	struct fixture *fixture = *state;
	table_hold(&fixture->table, 0, CONN_ARMED | CONN_CONNECTING);
	assert_none_is_over(fixture, AT_MS(100000));
	assert_int_equal(deadline_next_ns(&fixture->deadline), CLOCK_NEVER);
	dial(fixture, 0, AT_MS(50));
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(150));
}

/* CONNECT has come back, and what it said is not yet believed, or it is to be dialled again. */
static void what_is_not_connecting_is_left_in_peace(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial(fixture, 1, AT_MS(1));
	table_release(&fixture->table, 0, CONN_CONNECTING);
	assert_none_is_over(fixture, AT_MS(500));
	assert_int_equal(deadline_next_ns(&fixture->deadline), CLOCK_NEVER);
	table_dialing_again(&fixture->table, 0, AT_MS(500));
	table_hold(&fixture->table, 0, CONN_CONNECTING);
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(600));
	assert_next_is_over(fixture, AT_MS(600), 0);
	assert_next_is_over(fixture, AT_MS(600), 1);
}

/* It had been given up, and its CONNECT then said that its 4-tuple was held. */
static void what_is_dialled_again_is_over_again(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	dial(fixture, 1, AT_MS(50));
	assert_next_is_over(fixture, AT_MS(100), 0);
	table_dialing_again(&fixture->table, 0, AT_MS(101));
	deadline_again(&fixture->deadline, 0);
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(201));
	assert_next_is_over(fixture, AT_MS(201), 0);
	assert_next_is_over(fixture, AT_MS(201), 1);
	deadline_again(&fixture->deadline, 3); /* not handed out yet */
	assert_none_is_over(fixture, AT_MS(300));
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
	assert_int_equal(deadline_next_ns(&fixture->deadline), CLOCK_NEVER);
}

static void what_fell_due_in_a_stall_is_given_a_moment(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	deadline_stalled(&fixture->deadline, 2000 * NSEC_PER_MSEC, AT_MS(2050));
	assert_none_is_over(fixture, AT_MS(2050));
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(2150));
	/* No more than its own time, so that those which begin now have no more than that. */
	dial(fixture, 1, AT_MS(2060));
	assert_next_is_over(fixture, AT_MS(2150), 0);
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(2160));
	assert_next_is_over(fixture, AT_MS(2160), 1);
}

static void a_short_stall_gives_a_short_moment(void **state)
{
	struct fixture *fixture = *state;
	dial(fixture, 0, AT_MS(0));
	deadline_stalled(&fixture->deadline, 30 * NSEC_PER_MSEC, AT_MS(110));
	assert_int_equal(deadline_next_ns(&fixture->deadline), AT_MS(140));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_over_before_anything_is_dialled, setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_is_over_at_its_own_instant_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(it_stays_over_until_it_is_decided, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_decided_is_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_dialled_yet_has_no_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_connecting_is_left_in_peace, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_dialled_again_is_over_again, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_is_the_last, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_fell_due_in_a_stall_is_given_a_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_short_stall_gives_a_short_moment, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
