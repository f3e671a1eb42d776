/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/stats/exponential.h"
#include "tcpgoon/stats/statistic.h"

struct fixture {
	struct histogram histogram;
	struct exponential buckets;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(histogram_init(&fixture->histogram), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	histogram_finish(&fixture->histogram);
	free(fixture);
	return 0;
}

static uint64_t count_all(const struct exponential *buckets)
{
	uint64_t count = buckets->zero_count;
	for (size_t i = 0; i < buckets->bucket_count; i++) {
		count += buckets->buckets[i];
	}
	return count;
}

/* The bucket that has the value of this rank; SIZE_MAX: it is 0. */
static size_t find_rank(const struct exponential *buckets, uint64_t rank)
{
	uint64_t seen = buckets->zero_count;
	for (size_t i = 0; seen < rank; i++) {
		assert_true(i < buckets->bucket_count);
		seen += buckets->buckets[i];
		if (seen >= rank) {
			return i;
		}
	}
	return SIZE_MAX;
}

static void convert(struct fixture *fixture)
{
	exponential_from_histogram(&fixture->histogram, &fixture->buckets);
	assert_true(count_all(&fixture->buckets) == fixture->histogram.count);
}

/* Bounds are real numbers: in their last digit they are not exact. */
static void assert_within(const struct exponential *buckets, size_t index, uint64_t value_us)
{
	double value_s = (double)value_us / 1e6;
	assert_true(value_s > exponential_low_s(buckets, index) * (1 - 1e-12));
	assert_true(value_s < exponential_high_s(buckets, index) * (1 + 1e-12));
}

static void assert_same_percentiles(struct fixture *fixture)
{
	uint64_t count = fixture->histogram.count;
	for (uint64_t rank = 1; rank <= count; rank++) {
		/* In the middle between two ranks, so that it does not matter how they are rounded.
		 */
		double percentile = 100.0 * ((double)rank - 0.5) / (double)count;
		uint64_t value_us = histogram_percentile(&fixture->histogram, percentile);
		size_t index = find_rank(&fixture->buckets, rank);
		if (value_us == 0) {
			assert_true(index == SIZE_MAX);
		} else {
			assert_within(&fixture->buckets, index, value_us);
		}
	}
}

static void of_none_there_is_none(void **state)
{
	struct fixture *fixture = *state;
	convert(fixture);
	assert_int_equal(fixture->buckets.bucket_count, 0);
}

static void zeros_stand_apart(void **state)
{
	struct fixture *fixture = *state;
	histogram_record_n(&fixture->histogram, 0, 3);
	convert(fixture);
	assert_int_equal(fixture->buckets.zero_count, 3);
	assert_int_equal(fixture->buckets.bucket_count, 0);
	histogram_record(&fixture->histogram, 1);
	convert(fixture);
	assert_int_equal(fixture->buckets.zero_count, 3);
	assert_int_equal(fixture->buckets.bucket_count, 1);
	assert_same_percentiles(fixture);
}

/* 2^-2 s: the end of a bucket belongs to it. */
static void a_single_one_is_in_the_finest(void **state)
{
	struct fixture *fixture = *state;
	histogram_record(&fixture->histogram, 250000);
	convert(fixture);
	assert_int_equal(fixture->buckets.scale, EXPONENTIAL_SCALE_MAX);
	assert_int_equal(fixture->buckets.offset, -2 * 256 - 1);
	assert_int_equal(fixture->buckets.bucket_count, 1);
	assert_true(exponential_high_s(&fixture->buckets, 0) == 0.25);
	assert_true(fabs(exponential_low_s(&fixture->buckets, 0) - 0.25) < 0.25 * 0.003);
}

static void percentiles_are_in_the_same_bucket(void **state)
{
	struct fixture *fixture = *state;
	uint64_t value_us = 1;
	for (int i = 0; i < 2000; i++) {
		value_us = (value_us * 7919 + 12345) % 100000;
		histogram_record(&fixture->histogram, 300 + value_us);
	}
	convert(fixture);
	assert_same_percentiles(fixture);
	assert_in_range(fixture->buckets.scale, 6, 7);
}

static void a_wide_range_is_told_more_coarsely(void **state)
{
	struct fixture *fixture = *state;
	for (uint64_t us = 0; us < HISTOGRAM_HIGHEST_US; us = 1 + 2 * us) {
		histogram_record(&fixture->histogram, us);
	}
	histogram_record(&fixture->histogram, HISTOGRAM_HIGHEST_US);
	convert(fixture);
	assert_int_equal(fixture->buckets.scale, 4);
	assert_same_percentiles(fixture);
}

/* The last slot has no upper end: what is in it is told as the maximum. */
static void what_is_above_the_highest_is_the_maximum(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t max_us = 5 * HISTOGRAM_HIGHEST_US;
	histogram_record(&fixture->histogram, max_us);
	convert(fixture);
	assert_int_equal(fixture->buckets.bucket_count, 1);
	assert_within(&fixture->buckets, 0, max_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_none_there_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(zeros_stand_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_single_one_is_in_the_finest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			percentiles_are_in_the_same_bucket, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_wide_range_is_told_more_coarsely, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_above_the_highest_is_the_maximum, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
