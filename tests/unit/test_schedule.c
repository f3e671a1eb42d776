/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/plan/schedule.h"

#define MOST UINT64_C(16777216)

static void without_a_period_all_are_due_at_once(void **state)
{
	(void)state;
	const struct schedule schedule = {.period_ns = 0};
	assert_int_equal(schedule_due_ns(&schedule, MOST - 1), 0);
	assert_int_equal(schedule_due_count(&schedule, 0, MOST), MOST);
}

/* Connection i is due from its instant on, and not a nanosecond earlier. */
static void the_count_is_the_inverse_of_the_instant(void **state)
{
	(void)state;
	const uint64_t periods[] = {1, 999, 10000000, UINT64_C(1000000000)};
	const uint64_t indices[] = {1, 2, 7, 65535, MOST - 1};
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		const struct schedule schedule = {.period_ns = periods[p]};
		assert_int_equal(schedule_due_count(&schedule, 0, MOST), 1);
		for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
			uint64_t due_ns = schedule_due_ns(&schedule, indices[i]);
			assert_int_equal(
				schedule_due_count(&schedule, due_ns - 1, MOST), indices[i]);
			assert_int_equal(
				schedule_due_count(&schedule, due_ns, MOST), indices[i] + 1);
		}
	}
}

static void no_more_are_due_than_there_are(void **state)
{
	(void)state;
	const struct schedule schedule = {.period_ns = 10};
	assert_int_equal(schedule_due_count(&schedule, 1000000, 5), 5);
	assert_int_equal(schedule_due_count(&schedule, UINT64_MAX, 5), 5);
	const struct schedule finest = {.period_ns = 1};
	assert_int_equal(schedule_due_count(&finest, UINT64_MAX - 1, MOST), MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_period_all_are_due_at_once),
		cmocka_unit_test(the_count_is_the_inverse_of_the_instant),
		cmocka_unit_test(no_more_are_due_than_there_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
