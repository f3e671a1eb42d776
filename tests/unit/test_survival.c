/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/survival.h"

static const struct snapshot samples[] = {
	{.elapsed_ns = 0},
	{.elapsed_ns = 2 * NSEC_PER_SEC, .established = 1000},
	{.elapsed_ns = 3 * NSEC_PER_SEC, .established = 999, .closed = 1},
	{.elapsed_ns = 12 * NSEC_PER_SEC, .established = 900, .closed = 100},
	{.elapsed_ns = 13 * NSEC_PER_SEC, .established = 400, .closed = 600},
};

static void fill(struct result *result, uint64_t end_s)
{
	*result = (struct result){
		.totals = {.established = 1000, .dropped = 600},
		.duration_ns = end_s * NSEC_PER_SEC,
		.at_end = {.established = 400},
		.generator = {.last_dial_ns = 2 * NSEC_PER_SEC},
		.series = {.count = sizeof(samples) / sizeof(samples[0]), .step_ns = NSEC_PER_SEC},
	};
	for (size_t i = 0; i < result->series.count; i++) {
		result->series.samples[i] = samples[i];
	}
}

static void points_count_from_the_last_dial(void **state)
{
	(void)state;
	struct result result;
	struct survival survival;
	fill(&result, 22);
	survival_compute(&result, &survival);
	assert_int_equal(survival.established, 1000);
	assert_int_equal(survival.count, 3);
	assert_int_equal(survival.points[0].after_ns, NSEC_PER_SEC);
	assert_int_equal(survival.points[0].left, 999);
	assert_int_equal(survival.points[1].after_ns, 10 * NSEC_PER_SEC);
	assert_int_equal(survival.points[1].left, 900);
	assert_int_equal(survival.points[2].after_ns, 20 * NSEC_PER_SEC);
	assert_int_equal(survival.points[2].left, 400);
}

static void points_are_no_finer_than_the_series(void **state)
{
	(void)state;
	struct result result;
	struct survival survival;
	fill(&result, 22);
	result.series.step_ns = 2 * NSEC_PER_SEC;
	survival_compute(&result, &survival);
	assert_int_equal(survival.count, 2);
	assert_int_equal(survival.points[0].after_ns, 10 * NSEC_PER_SEC);
}

static void the_end_stands_for_what_is_close_to_it(void **state)
{
	(void)state;
	struct result result;
	struct survival survival;
	fill(&result, 13);
	survival_compute(&result, &survival);
	assert_int_equal(survival.count, 2);
	assert_int_equal(survival.points[1].after_ns, 11 * NSEC_PER_SEC);
	assert_int_equal(survival.points[1].left, 400);
}

static void nothing_established_nothing_survives(void **state)
{
	(void)state;
	struct result result;
	struct survival survival;
	fill(&result, 22);
	result.totals.established = 0;
	survival_compute(&result, &survival);
	assert_int_equal(survival.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_count_from_the_last_dial),
		cmocka_unit_test(points_are_no_finer_than_the_series),
		cmocka_unit_test(the_end_stands_for_what_is_close_to_it),
		cmocka_unit_test(nothing_established_nothing_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
