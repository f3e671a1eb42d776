/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/pacer.h"
#include "tcpgoon/base/clock.h"

#define START_NS (77 * NSEC_PER_SEC)

static struct pacer make(const struct schedule *schedule, uint64_t count)
{
	return (struct pacer){.schedule = schedule, .count = count, .start_ns = START_NS};
}

static void without_a_delay_all_are_due_at_once(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(0, 1);
	struct pacer pacer = make(&schedule, 1000);
	assert_int_equal(pacer_due_before(&pacer, START_NS), 1000);
	assert_int_equal(pacer_due_before(&pacer, START_NS - 1), 0);
	assert_int_equal(pacer_due_ns(&pacer, 999), START_NS);
}

static void due_instants_are_absolute(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(10 * NSEC_PER_MSEC, 1);
	struct pacer pacer = make(&schedule, 1000);
	assert_int_equal(pacer_due_ns(&pacer, 999), START_NS + 9990 * NSEC_PER_MSEC);
	assert_int_equal(pacer_due_before(&pacer, START_NS), 1);
	assert_int_equal(pacer_due_before(&pacer, START_NS + 10 * NSEC_PER_MSEC - 1), 1);
	assert_int_equal(pacer_due_before(&pacer, START_NS + 10 * NSEC_PER_MSEC), 2);
	assert_int_equal(pacer_due_before(&pacer, START_NS + 3600 * NSEC_PER_SEC), 1000);
}

/* The due count and the due instant say the same thing of every connection. */
static void due_count_is_the_inverse_of_due_instant(void **state)
{
	(void)state;
	const uint64_t periods[] = {1, 999, 33333, 200000, 10000000};
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		const struct schedule schedule = schedule_every(periods[p], 1);
		struct pacer pacer = make(&schedule, 50);
		for (uint64_t i = 0; i < 50; i++) {
			uint64_t due_ns = pacer_due_ns(&pacer, i);
			assert_int_equal(pacer_due_before(&pacer, due_ns), i + 1);
			assert_int_equal(pacer_due_before(&pacer, due_ns - 1), i);
		}
	}
}

static void slow_paces_have_a_timeout_for_each_connection(void **state)
{
	(void)state;
	const struct schedule second = schedule_every(NSEC_PER_SEC, 1);
	const struct schedule millisecond = schedule_every(NSEC_PER_MSEC, 1);
	const struct schedule shortest = schedule_every(200 * NSEC_PER_USEC, 1);
	struct pacer pacer = make(&second, 1000);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 1 + 2);
	pacer = make(&millisecond, 1000);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 1 + 20);
	pacer = make(&shortest, 1000);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 1 + 32);
}

static void fast_paces_arm_one_that_releases_a_group(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(199 * NSEC_PER_USEC, 1);
	struct pacer pacer = make(&schedule, 1000);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 1 + 1);
}

/* In a ramp by the pace of the instant. */
static void a_ramp_arms_more_as_it_rises(void **state)
{
	(void)state;
	struct schedule schedule = {0};
	assert_true(schedule_add_stage(&schedule, 0, 10000 * SCHEDULE_PER_S, 10 * NSEC_PER_SEC));
	struct pacer pacer = make(&schedule, 50000);
	const struct {
		uint64_t after_ns;
		uint64_t ahead;
	} cases[] = {{0, 2}, {NSEC_PER_SEC, 20}, {4 * NSEC_PER_SEC, 32}, {6 * NSEC_PER_SEC, 1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t now_ns = START_NS + cases[i].after_ns;
		assert_int_equal(pacer_armed_before(&pacer, now_ns),
			pacer_due_before(&pacer, now_ns) + cases[i].ahead);
	}
	assert_int_equal(pacer_armed_before(&pacer, START_NS + 10 * NSEC_PER_SEC), 50000);
	assert_int_equal(pacer_armed_before(&pacer, START_NS + 11 * NSEC_PER_SEC), 50000);
}

static void a_burst_arms_its_first(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(NSEC_PER_SEC, 20);
	struct pacer pacer = make(&schedule, 1000);
	assert_int_equal(pacer_due_before(&pacer, START_NS), 20);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 21);
	assert_int_equal(pacer_due_ns(&pacer, 20), START_NS + NSEC_PER_SEC);
}

static void nothing_is_armed_beyond_the_last(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(NSEC_PER_SEC, 1);
	struct pacer pacer = make(&schedule, 2);
	assert_int_equal(pacer_armed_before(&pacer, START_NS), 2);
	assert_int_equal(pacer_armed_before(&pacer, START_NS + 60 * NSEC_PER_SEC), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_delay_all_are_due_at_once),
		cmocka_unit_test(due_instants_are_absolute),
		cmocka_unit_test(due_count_is_the_inverse_of_due_instant),
		cmocka_unit_test(slow_paces_have_a_timeout_for_each_connection),
		cmocka_unit_test(fast_paces_arm_one_that_releases_a_group),
		cmocka_unit_test(a_ramp_arms_more_as_it_rises),
		cmocka_unit_test(a_burst_arms_its_first),
		cmocka_unit_test(nothing_is_armed_beyond_the_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
