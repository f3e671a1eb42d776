/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "tcpgoon/stats/two_samples.h"

static void assert_near(double actual, double expected)
{
	if (fabs(actual - expected) > 1e-9 * expected) {
		fail_msg("%.15g is not %.15g", actual, expected);
	}
}

static double p_of(const double *a, size_t a_count, const double *b, size_t b_count)
{
	double p = -1;
	double swapped = -1;
	assert_int_equal(two_samples_u(a, a_count, b, b_count, &p), 0);
	assert_int_equal(two_samples_u(b, b_count, a, a_count, &swapped), 0);
	assert_near(swapped, p);
	return p;
}

/* Each by going through all ways to part the values; without ties they are those of wilcox.test. */
static void small_samples_are_exact(void **state)
{
	(void)state;
	const struct {
		double a[6];
		size_t a_count;
		double b[6];
		size_t b_count;
		double p;
	} cases[] = {
		{{1, 2, 3}, 3, {4, 5, 6}, 3, 1.0 / 10},
		{{1, 2, 3, 4}, 4, {5, 6, 7, 8}, 4, 1.0 / 35},
		{{1, 2, 3, 4, 5, 6}, 6, {7, 8, 9, 10, 11, 12}, 6, 1.0 / 462},
		{{1, 1, 2, 3}, 4, {1, 4, 4, 4}, 4, 8.0 / 35},
		{{5, 5, 5}, 3, {5, 5, 5}, 3, 1},
		{{1.5, 9, 2, 2, 7}, 5, {3, 3, 8, 2, 10, 11}, 6, 50.0 / 231},
		{{0, 0, 0, 0}, 4, {0, 0, 1, 2}, 4, 3.0 / 7},
		{{1}, 1, {2, 3, 4}, 3, 1.0 / 2},
		{{1}, 1, {2}, 0, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_near(p_of(cases[i].a, cases[i].a_count, cases[i].b, cases[i].b_count),
			cases[i].p);
	}
}

static void the_least_is_that_of_samples_apart(void **state)
{
	(void)state;
	const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	for (size_t a = 1; a <= 6; a++) {
		for (size_t b = 1; b <= 6; b++) {
			assert_near(two_samples_u_least(a, b), p_of(values, a, values + 6, b));
		}
	}
	assert_near(two_samples_u_least(4, 4), 1.0 / 35);
	assert_near(two_samples_u_least(0, 4), 1);
}

/* At the size where the one takes over from the other they must say the same. */
static void large_samples_are_nearly_so(void **state)
{
	(void)state;
	double a[26];
	double b[26];
	srand48(7);
	for (int trial = 0; trial < 20; trial++) {
		for (int i = 0; i < 26; i++) {
			a[i] = floor(drand48() * 20);
			b[i] = floor(drand48() * 20) + trial % 5;
		}
		double exact = p_of(a, 25, b, 25);
		a[25] = b[25] = 10; /* neither for nor against */
		double approximate = p_of(a, 26, b, 26);
		assert_true(fabs(exact - approximate) < 0.05);
	}
	double ties[60] = {0};
	assert_near(p_of(ties, 30, ties + 30, 30), 1);
}

/* Of two samples from one distribution a p of 5% or less comes about in at most 5 of 100. */
static void chance_is_rarely_taken_for_more(void **state)
{
	(void)state;
	enum { TRIALS = 4000 };
	const size_t sizes[] = {4, 6, 10, 30};
	srand48(20261125);
	for (size_t i = 0; i < 4; i++) {
		int alarms = 0;
		int trials = sizes[i] > 10 ? TRIALS : TRIALS / 2;
		for (int trial = 0; trial < trials; trial++) {
			double values[60];
			for (size_t j = 0; j < 2 * sizes[i]; j++) {
				values[j] = floor(-log(drand48()) * 8); /* many ties, a long tail */
			}
			alarms += p_of(values, sizes[i], values + sizes[i], sizes[i]) <= 0.05;
		}
		assert_true(alarms <= trials * 6 / 100);
		assert_true(alarms >= trials / 100);
	}
}

/* Summed in fractions; those of fisher.test. */
static void ratios_are_told_apart_as_by_fisher(void **state)
{
	(void)state;
	const struct {
		uint64_t a_part, a_whole, b_part, b_whole;
		double p;
	} cases[] = {
		{3, 10, 9, 10, 0.019766611097880447},
		{0, 100, 5, 100, 0.059383210468586585},
		{1, 1000, 12, 1000, 0.0033234917887931398},
		{50, 1000, 60, 1000, 0.37745528453208815},
		{0, 5, 0, 9, 1},
		{5, 5, 0, 5, 0.007936507936507936},
		{7, 8, 2, 50, 9.249804295035345e-07},
		{300, 1000, 350, 900, 4.738500264781819e-05},
		{0, 0, 3, 10, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_near(two_samples_fisher(cases[i].a_part, cases[i].a_whole, cases[i].b_part,
				    cases[i].b_whole),
			cases[i].p);
		assert_near(two_samples_fisher(cases[i].b_part, cases[i].b_whole, cases[i].a_part,
				    cases[i].a_whole),
			cases[i].p);
	}
}

static void ratios_of_millions_take_no_time(void **state)
{
	(void)state;
	/* On both sides of where the approximation takes over. */
	double exact = two_samples_fisher(900000, 16000000, 902000, 16000000);
	double approximate = two_samples_fisher(1100000, 16000000, 1102200, 16000000);
	assert_true(exact > 0.1 && exact < 0.15);
	assert_true(approximate > 0.1 && approximate < 0.15);
	assert_true(two_samples_fisher(0, 16000000, 900000, 16000000) < 1e-300);
	uint64_t huge = UINT64_C(1) << 62;
	assert_true(two_samples_fisher(huge / 2, huge, huge / 4, huge) < 1e-300);
	assert_near(two_samples_fisher(huge / 2, huge, huge / 2, huge), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_samples_are_exact),
		cmocka_unit_test(the_least_is_that_of_samples_apart),
		cmocka_unit_test(large_samples_are_nearly_so),
		cmocka_unit_test(chance_is_rarely_taken_for_more),
		cmocka_unit_test(ratios_are_told_apart_as_by_fisher),
		cmocka_unit_test(ratios_of_millions_take_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
