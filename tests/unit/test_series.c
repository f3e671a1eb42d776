/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/series.h"

static void add_at(struct series *series, uint64_t elapsed_ns)
{
	series_add(series, &(struct snapshot){.elapsed_ns = elapsed_ns});
}

static void samples_are_a_step_apart(void **state)
{
	(void)state;
	struct series series = {0};
	for (uint64_t ms = 0; ms < 1000; ms++) {
		add_at(&series, ms * NSEC_PER_MSEC);
	}
	assert_int_equal(series.count, 10);
	for (size_t i = 0; i < series.count; i++) {
		assert_int_equal(series.samples[i].elapsed_ns, i * 100 * NSEC_PER_MSEC);
	}
}

static void a_long_run_fits_and_stays_even(void **state)
{
	(void)state;
	struct series series = {0};
	uint64_t end_ns = 3600 * NSEC_PER_SEC;
	for (uint64_t ns = 0; ns < end_ns; ns += 50 * NSEC_PER_MSEC) {
		add_at(&series, ns);
	}
	assert_in_range(series.count, SERIES_MAX / 2, SERIES_MAX);
	assert_int_equal(series.samples[0].elapsed_ns, 0);
	for (size_t i = 1; i < series.count; i++) {
		assert_int_equal(series.samples[i].elapsed_ns - series.samples[i - 1].elapsed_ns,
			series.step_ns);
	}
}

static void the_last_is_kept_in_any_case(void **state)
{
	(void)state;
	struct series series = {0};
	add_at(&series, 0);
	series_end(&series, &(struct snapshot){.elapsed_ns = 5, .established = 7});
	assert_int_equal(series.count, 2);
	assert_int_equal(series.samples[1].established, 7);
	for (uint64_t i = 1; series.count < SERIES_MAX; i++) {
		add_at(&series, i * NSEC_PER_SEC);
	}
	series_end(&series, &(struct snapshot){.elapsed_ns = 999 * NSEC_PER_SEC});
	assert_int_equal(series.count, SERIES_MAX / 2 + 1);
	assert_int_equal(series.samples[series.count - 1].elapsed_ns, 999 * NSEC_PER_SEC);
}

static void the_next_sample_is_a_step_away(void **state)
{
	(void)state;
	struct series series = {0};
	assert_int_equal(series_next_ns(&series), 0);
	add_at(&series, 30 * NSEC_PER_MSEC);
	assert_int_equal(series_next_ns(&series), 130 * NSEC_PER_MSEC);
	assert_false(series_wants(&series, 130 * NSEC_PER_MSEC - 1));
	assert_true(series_wants(&series, 130 * NSEC_PER_MSEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_a_step_apart),
		cmocka_unit_test(a_long_run_fits_and_stays_even),
		cmocka_unit_test(the_last_is_kept_in_any_case),
		cmocka_unit_test(the_next_sample_is_a_step_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
