/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "tcpgoon/stats/interval.h"

static void assert_near(double actual, double expected)
{
	if (fabs(actual - expected) > 1e-8 * fabs(expected)) {
		fail_msg("%.12g is not %.12g", actual, expected);
	}
}

/*
 * R's binom.test(part, whole)$conf.int. The digits are those of the definition itself, summed with
 * 60 decimals.
 */
static void ratios_have_the_intervals_of_r(void **state)
{
	(void)state;
	const struct {
		uint64_t part;
		uint64_t whole;
		double low;
		double high;
	} cases[] = {
		{0, 100, 0, 3.621669264517642e-2},
		{1, 100, 2.531460329774206e-4, 5.445938539208066e-2},
		{3, 10, 6.673951117773447e-2, 6.524528500599973e-1},
		{50, 100, 3.983211295033010e-1, 6.016788704966990e-1},
		{90, 100, 8.237774022599773e-1, 9.509953107785140e-1},
		{100, 100, 9.637833073548236e-1, 1},
		{1, 1, 0.025, 1},
		{0, 1, 0, 0.975},
		{7, 10000, 2.814811457427946e-4, 1.441732309149769e-3},
		{30, 1000000, 2.024096266855409e-5, 4.282659072681024e-5},
		{5, 299572, 5.419374406639972e-6, 3.894957544096738e-5},
		{0, 0, 0, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct interval interval =
			interval_of_ratio(cases[i].part, cases[i].whole, INTERVAL_CONFIDENCE);
		assert_near(interval.low, cases[i].low);
		assert_near(interval.high, cases[i].high);
	}
	struct interval wide = interval_of_ratio(1, 1000, 0.999);
	assert_near(wide.low, 5.001249166197901e-7);
	assert_near(wide.high, 9.953814340950812e-3);
}

/* What fails and what does not are the same question. */
static void ratios_are_symmetrical(void **state)
{
	(void)state;
	for (uint64_t whole = 1; whole < 5000; whole += 1 + whole / 3) {
		for (uint64_t part = 0; part <= whole; part += 1 + whole / 7) {
			struct interval one = interval_of_ratio(part, whole, 0.95);
			struct interval other = interval_of_ratio(whole - part, whole, 0.95);
			assert_true(fabs(one.low - (1 - other.high)) < 1e-10);
			assert_true(one.low <= (double)part / (double)whole);
			assert_true(one.high >= (double)part / (double)whole);
		}
	}
}

/* At millions the normal approximation is close, and at thousands of millions it takes over. */
static void millions_are_no_trouble(void **state)
{
	(void)state;
	const uint64_t wholes[] = {UINT64_C(16777216), UINT64_C(4000000000), UINT64_C(1) << 50};
	for (size_t i = 0; i < 3; i++) {
		double n = (double)wholes[i];
		double margin = 1.959963985 * sqrt(0.3 * 0.7 / n);
		struct interval interval =
			interval_of_ratio((uint64_t)(0.3 * n), wholes[i], INTERVAL_CONFIDENCE);
		assert_true(fabs(interval.low - (0.3 - margin)) < margin / 1000);
		assert_true(fabs(interval.high - (0.3 + margin)) < margin / 1000);
	}
	struct interval none = interval_of_ratio(0, UINT64_MAX / 2, INTERVAL_CONFIDENCE);
	assert_near(none.high, 3.688879454 / ((double)UINT64_MAX / 2));
}

/* From the definition, summed with 60 decimals; 0: too few values. */
static void percentiles_have_their_ranks(void **state)
{
	(void)state;
	const struct {
		uint64_t count;
		double percentile;
		uint64_t low;
		uint64_t high;
	} cases[] = {
		{0, 50, 0, 0},
		{5, 50, 0, 0},
		{6, 50, 1, 6},
		{10, 50, 2, 9},
		{100, 50, 40, 61},
		{100, 90, 84, 96},
		{367, 99, 359, 0},
		{368, 99, 360, 368},
		{1000, 99, 983, 997},
		{1000, 99.9, 997, 0},
		{3687, 99.9, 3679, 0},
		{3688, 99.9, 3680, 3688},
		{10000, 99.9, 9983, 9997},
		{20000, 90, 17916, 18084},
		{1, 99, 1, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct interval_ranks ranks =
			interval_ranks(cases[i].count, cases[i].percentile, INTERVAL_CONFIDENCE);
		assert_int_equal(ranks.low, cases[i].low);
		assert_int_equal(ranks.high, cases[i].high);
	}
}

/* Outwards to the ends of the slots, and not beyond what was recorded. */
static void percentiles_are_bounded_by_values(void **state)
{
	(void)state;
	struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	for (uint64_t i = 1; i <= 1000; i++) {
		histogram_record(&histogram, 100 * i);
	}
	struct interval_us interval =
		interval_of_percentile(&histogram, STATISTIC_P99, INTERVAL_CONFIDENCE);
	assert_int_equal(interval.low_us, 98300 / 64 * 64);
	assert_int_equal(interval.high_us, 99700 / 64 * 64 + 63);
	interval = interval_of_percentile(&histogram, STATISTIC_P99_9, INTERVAL_CONFIDENCE);
	assert_int_equal(interval.low_us, 99700 / 64 * 64);
	assert_int_equal(interval.high_us, INTERVAL_UNKNOWN);
	histogram_reset(&histogram);
	histogram_record_n(&histogram, UINT64_C(1) << 50, 10);
	interval = interval_of_percentile(&histogram, STATISTIC_P50, INTERVAL_CONFIDENCE);
	assert_int_equal(interval.low_us, UINT64_C(1) << 50);
	assert_int_equal(interval.high_us, UINT64_C(1) << 50);
	histogram_reset(&histogram);
	interval = interval_of_percentile(&histogram, STATISTIC_P50, INTERVAL_CONFIDENCE);
	assert_int_equal(interval.low_us, INTERVAL_UNKNOWN);
	assert_int_equal(interval.high_us, INTERVAL_UNKNOWN);
	histogram_finish(&histogram);
}

/*
 * What they are for: of a known distribution the true percentile is outside in at most 5 of 100,
 * with each of several numbers of values. The seed is fixed.
 */
static void intervals_contain_the_truth(void **state)
{
	(void)state;
	enum { TRIALS = 2000 };
	struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	srand48(20261125);
	const int counts[] = {10, 400, 1000};
	for (size_t i = 0; i < 3; i++) {
		int outside = 0;
		for (int trial = 0; trial < TRIALS; trial++) {
			histogram_reset(&histogram);
			for (int j = 0; j < counts[i]; j++) {
				histogram_record(&histogram, (uint64_t)(drand48() * 1000000));
			}
			struct interval_us interval = interval_of_percentile(
				&histogram, i == 0 ? STATISTIC_P50 : STATISTIC_P99, 0.95);
			uint64_t truth = i == 0 ? 500000 : 990000;
			outside += interval.low_us > truth || interval.high_us < truth;
		}
		assert_true(outside > TRIALS / 100); /* nor is it much too wide */
		assert_true(outside <= TRIALS / 20);
	}
	histogram_finish(&histogram);
}

/* 0.99999^299571 is just above a twentieth. */
static void so_many_trials_without_one(void **state)
{
	(void)state;
	assert_int_equal(interval_trials_without(0.00001, 0.95), 299572);
	assert_true(pow(1 - 0.00001, 299571) > 0.05);
	assert_int_equal(interval_trials_without(0.01, 0.95), 299);
	assert_int_equal(interval_trials_without(0.5, 0.95), 5);
	assert_int_equal(interval_trials_without(0.999, 0.95), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratios_have_the_intervals_of_r),
		cmocka_unit_test(ratios_are_symmetrical),
		cmocka_unit_test(millions_are_no_trouble),
		cmocka_unit_test(percentiles_have_their_ranks),
		cmocka_unit_test(percentiles_are_bounded_by_values),
		cmocka_unit_test(intervals_contain_the_truth),
		cmocka_unit_test(so_many_trials_without_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
