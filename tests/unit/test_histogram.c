/* SPDX-License-Identifier: MIT */
#include "tcpgoon/stats/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state)
{
	static struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	*state = &histogram;
	return 0;
}

static int teardown(void **state)
{
	histogram_finish(*state);
	return 0;
}

static void the_layout_is_hdrhistograms(void **state)
{
	(void)state;
	assert_int_equal(HISTOGRAM_COUNTS_LENGTH, 37888);
	static const struct {
		uint64_t value;
		size_t slot;
	} rows[] = {
		{0, 0},
		{1, 1},
		{1023, 1023},
		{1024, 1024},
		{2047, 2047},
		{2048, 2048}, /* from here on two to a slot */
		{2049, 2048},
		{2050, 2049},
		{4095, 3071},
		{4096, 3072}, /* four to a slot */
		{4099, 3072},
		{4100, 3073},
		{1000000, 11169}, /* bucket 9: 9 * 1024 + (1000000 >> 9) */
		{UINT64_C(2147483648), 22528},
		{UINT64_C(3600000000), 23220},
		{UINT64_C(63072000000000), 37675}, /* bucket 35: 35 * 1024 + (two years >> 35) */
		{UINT64_C(63072000000001), 37887},
		{UINT64_MAX, 37887},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(histogram_slot(rows[i].value), rows[i].slot);
	}
}

static void slots_tile_all_values(void **state)
{
	(void)state;
	uint64_t next = 0;
	for (size_t slot = 0; slot < HISTOGRAM_COUNTS_LENGTH; slot++) {
		uint64_t lowest = histogram_slot_lowest_us(slot);
		uint64_t highest = histogram_slot_highest_us(slot);
		assert_int_equal(lowest, next);
		assert_true(highest >= lowest);
		/* Three significant digits: no slot is wider than a thousandth of its values. */
		assert_true((highest - lowest) * 1000 <= lowest);
		if (highest <= HISTOGRAM_HIGHEST_US) {
			assert_int_equal(histogram_slot(lowest), slot);
			assert_int_equal(histogram_slot(highest), slot);
		}
		next = highest + 1;
	}
	assert_int_equal(next, UINT64_C(1) << 46);
}

static void empty_has_nothing(void **state)
{
	struct histogram *histogram = *state;
	assert_int_equal(histogram->count, 0);
	assert_true(histogram->min_us == UINT64_MAX);
	assert_int_equal(histogram->max_us, 0);
	assert_int_equal(histogram_percentile(histogram, 50), 0);
	assert_int_equal(histogram_percentile(histogram, 100), 0);
	assert_int_equal(histogram_mean_ns(histogram), 0);
	assert_int_equal(histogram_stddev_ns(histogram), 0);
}

static void recording_keeps_exact_ends_and_sums(void **state)
{
	struct histogram *histogram = *state;
	histogram_record(histogram, 1234567);
	histogram_record(histogram, 7);
	histogram_record(histogram, UINT64_C(100000000000000));
	assert_int_equal(histogram->count, 3);
	assert_int_equal(histogram->min_us, 7);
	assert_int_equal(histogram->max_us, UINT64_C(100000000000000));
	assert_true(histogram->sum_us == UINT64_C(100000001234574));
	uint128 squares =
		(uint128)1234567 * 1234567 + 49 + (uint128)100000000000000 * 100000000000000;
	assert_true(histogram->sum_squares_us2 == squares);
	assert_int_equal(histogram->counts[histogram_slot(7)], 1);
	assert_int_equal(histogram->counts[histogram_slot(1234567)], 1);
	assert_int_equal(histogram->counts[HISTOGRAM_COUNTS_LENGTH - 1], 1);
}

static void zero_is_a_value(void **state)
{
	struct histogram *histogram = *state;
	histogram_record(histogram, 0);
	assert_int_equal(histogram->count, 1);
	assert_int_equal(histogram->min_us, 0);
	assert_int_equal(histogram->max_us, 0);
	assert_int_equal(histogram_percentile(histogram, 100), 0);
}

static void record_n_is_n_times_record(void **state)
{
	struct histogram *histogram = *state;
	struct histogram other;
	assert_int_equal(histogram_init(&other), 0);
	for (int i = 0; i < 1000; i++) {
		histogram_record(&other, 123456);
	}
	histogram_record_n(histogram, 99, 0);
	assert_int_equal(histogram->count, 0);
	assert_true(histogram->min_us == UINT64_MAX);
	assert_int_equal(histogram->max_us, 0);
	histogram_record_n(histogram, 123456, 1000);

	assert_memory_equal(
		histogram->counts, other.counts, HISTOGRAM_COUNTS_LENGTH * sizeof(uint64_t));
	assert_int_equal(histogram->count, other.count);
	assert_true(histogram->sum_us == other.sum_us);
	assert_true(histogram->sum_squares_us2 == other.sum_squares_us2);
	assert_int_equal(histogram->min_us, other.min_us);
	assert_int_equal(histogram->max_us, other.max_us);
	histogram_finish(&other);
}

static void percentiles_of_one_to_a_thousand(void **state)
{
	struct histogram *histogram = *state;
	for (uint64_t value = 1; value <= 1000; value++) {
		histogram_record(histogram, value);
	}
	/* One to a slot, so all of them exact. */
	static const struct {
		double percentile;
		uint64_t value;
	} rows[] = {
		{0, 1},
		{0.01, 1},
		{0.1, 1},
		{0.11, 2},
		{1, 10},
		{50, 500},
		{50.01, 501},
		{90, 900},
		{99, 990},
		{99.9, 999},
		{99.91, 1000},
		{99.99, 1000},
		{100, 1000},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(
			histogram_percentile(histogram, rows[i].percentile), rows[i].value);
	}
}

static void percentiles_are_never_above_the_maximum(void **state)
{
	struct histogram *histogram = *state;
	histogram_record(histogram, 100001);
	histogram_record(histogram, 200001);
	/* The highest value of the slot: 100001 lies in 100000..100063. */
	assert_int_equal(histogram_percentile(histogram, 50), 100031);
	assert_int_equal(histogram_slot_highest_us(histogram_slot(100001)), 100031);
	assert_int_equal(histogram_percentile(histogram, 100), 200001);
	assert_int_equal(histogram_percentile(histogram, 50.1), 200001);
}

static void beyond_the_highest_the_maximum_answers(void **state)
{
	struct histogram *histogram = *state;
	histogram_record(histogram, 10);
	histogram_record(histogram, HISTOGRAM_HIGHEST_US + 1);
	histogram_record(histogram, UINT64_C(90000000000000));
	assert_int_equal(histogram_percentile(histogram, 33), 10);
	assert_int_equal(histogram_percentile(histogram, 60), UINT64_C(90000000000000));
	assert_int_equal(histogram_percentile(histogram, 100), UINT64_C(90000000000000));
}

/* Against values sorted by the test: within three digits above, never below. */
static void percentiles_match_sorted_values(void **state)
{
	struct histogram *histogram = *state;
	enum { N = 5000 };
	static uint64_t values[N];
	uint64_t random = 7;
	for (size_t i = 0; i < N; i++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t value = (random >> 32) >> (i % 24);
		value = value > HISTOGRAM_HIGHEST_US ? HISTOGRAM_HIGHEST_US : value;
		histogram_record(histogram, value);
		size_t j = i;
		for (; j > 0 && values[j - 1] > value; j--) {
			values[j] = values[j - 1];
		}
		values[j] = value;
	}
	for (size_t permille = 1; permille <= 1000; permille++) {
		uint64_t exact = values[permille * N / 1000 - 1];
		uint64_t given = histogram_percentile(histogram, (double)permille / 10);
		assert_true(given >= exact);
		assert_true((given - exact) * 1000 <= exact);
	}
}

static void mean_and_deviation_are_exact(void **state)
{
	struct histogram *histogram = *state;
	histogram_record(histogram, 1);
	histogram_record(histogram, 2);
	assert_int_equal(histogram_mean_ns(histogram), 1500);
	assert_int_equal(histogram_stddev_ns(histogram), 500);
	histogram_record(histogram, 2);
	assert_int_equal(histogram_mean_ns(histogram), 1666); /* 5000 / 3, cut */
	assert_int_equal(histogram_stddev_ns(histogram), 471); /* sqrt(2) / 3 */

	histogram_reset(histogram);
	static const uint64_t textbook[] = {2, 4, 4, 4, 5, 5, 7, 9};
	for (size_t i = 0; i < COUNT_OF(textbook); i++) {
		histogram_record(histogram, textbook[i]);
	}
	assert_int_equal(histogram_mean_ns(histogram), 5000);
	assert_int_equal(histogram_stddev_ns(histogram), 2000); /* of a sample it were 2138 */

	histogram_reset(histogram);
	histogram_record(histogram, 49892);
	assert_int_equal(histogram_mean_ns(histogram), 49892000);
	assert_int_equal(histogram_stddev_ns(histogram), 0);
}

/* Where squares as doubles have lost every digit that matters: an hour and an hour less 2 µs. */
static void close_large_values_keep_their_deviation(void **state)
{
	struct histogram *histogram = *state;
	const uint64_t hour_us = UINT64_C(3600000000);
	histogram_record_n(histogram, hour_us, 1000000000);
	histogram_record_n(histogram, hour_us - 2, 1000000000);
	assert_int_equal(histogram_mean_ns(histogram), UINT64_C(3599999999000));
	assert_int_equal(histogram_stddev_ns(histogram), 1000);
}

/* Sixteen million lifetimes of a month: neither their sum nor its square is cut off. */
static void long_lifetimes_of_many_add_up(void **state)
{
	struct histogram *histogram = *state;
	const uint64_t month_us = UINT64_C(30) * 24 * 3600 * 1000000;
	histogram_record_n(histogram, month_us - 1000000, 8000000);
	histogram_record_n(histogram, month_us + 1000000, 8000000);
	assert_int_equal(histogram_mean_ns(histogram), month_us * 1000);
	uint64_t deviation_us = histogram_stddev_ns(histogram) / 1000;
	assert_in_range(deviation_us, 990000, 1010000);
	assert_in_range(histogram_percentile(histogram, 50), month_us - 1000000,
		month_us + month_us / 1000);
	assert_int_equal(histogram_percentile(histogram, 99), histogram->max_us);
}

/* count * (sum of squares) needs more than 128 bits. */
static void the_deviation_survives_absurd_counts(void **state)
{
	struct histogram *histogram = *state;
	histogram_record_n(histogram, 0, UINT64_C(1) << 62);
	histogram_record_n(histogram, UINT64_C(1) << 31, UINT64_C(1) << 32);
	/* A little less than 2^63 / 2^62 µs, and than sqrt(2^94 / 2^62) µs. */
	assert_int_equal(histogram_mean_ns(histogram), 1999);
	assert_int_equal(histogram_stddev_ns(histogram), 65535999);
}

static void merging_is_recording_both(void **state)
{
	struct histogram *both = *state;
	struct histogram a;
	struct histogram b;
	assert_int_equal(histogram_init(&a), 0);
	assert_int_equal(histogram_init(&b), 0);
	for (uint64_t i = 0; i < 3000; i++) {
		uint64_t value = i * i * 397;
		histogram_record(both, value);
		histogram_record(i % 3 == 0 ? &a : &b, value);
	}
	histogram_merge(&a, &b);
	assert_memory_equal(a.counts, both->counts, HISTOGRAM_COUNTS_LENGTH * sizeof(uint64_t));
	assert_int_equal(a.count, both->count);
	assert_int_equal(a.min_us, both->min_us);
	assert_int_equal(a.max_us, both->max_us);
	assert_true(a.sum_us == both->sum_us);
	assert_true(a.sum_squares_us2 == both->sum_squares_us2);
	assert_int_equal(histogram_stddev_ns(&a), histogram_stddev_ns(both));

	/* An empty one changes nothing, least of all the minimum. */
	histogram_reset(&b);
	uint64_t min_us = a.min_us;
	uint64_t max_us = a.max_us;
	histogram_merge(&a, &b);
	assert_int_equal(a.min_us, min_us);
	assert_int_equal(a.max_us, max_us);
	assert_int_equal(a.count, both->count);
	histogram_merge(&b, &a);
	assert_int_equal(b.min_us, min_us);
	histogram_finish(&a);
	histogram_finish(&b);
}

static void reset_leaves_an_empty_one(void **state)
{
	struct histogram *histogram = *state;
	histogram_record_n(histogram, 5, 10);
	histogram_record(histogram, UINT64_MAX / 4);
	histogram_reset(histogram);
	empty_has_nothing(state);
	assert_true(histogram->sum_us == 0);
	assert_true(histogram->sum_squares_us2 == 0);
	for (size_t i = 0; i < HISTOGRAM_COUNTS_LENGTH; i++) {
		assert_int_equal(histogram->counts[i], 0);
	}
}

static void finish_takes_what_was_never_made(void **state)
{
	(void)state;
	struct histogram histogram = {0};
	histogram_finish(&histogram);
	assert_int_equal(histogram_init(&histogram), 0);
	histogram_finish(&histogram);
	histogram_finish(&histogram);
	assert_null(histogram.counts);
}

/* As they are of decoded slots, which have lost them. */
static void moments_come_back_beside_their_slots(void **state)
{
	(void)state;
	struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	histogram_record(&histogram, 5000);
	histogram_record_n(&histogram, 700000, 3);
	histogram_record(&histogram, HISTOGRAM_HIGHEST_US + 1000);
	const struct histogram_moments exact = {.min_us = histogram.min_us,
		.max_us = histogram.max_us,
		.sum_us = histogram.sum_us,
		.sum_squares_us2 = histogram.sum_squares_us2};
	histogram.min_us = histogram_slot_lowest_us(histogram_slot(5000));
	histogram.max_us = histogram_slot_highest_us(HISTOGRAM_COUNTS_LENGTH - 1);
	histogram.sum_us = histogram.sum_squares_us2 = 0;
	assert_true(histogram_set_moments(&histogram, &exact));
	assert_int_equal(histogram.min_us, exact.min_us);
	assert_int_equal(histogram.max_us, exact.max_us);
	assert_true(histogram.sum_us == exact.sum_us);
	assert_true(histogram.sum_squares_us2 == exact.sum_squares_us2);
	histogram_finish(&histogram);
}

static void moments_that_contradict_the_slots_are_refused(void **state)
{
	(void)state;
	struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	const struct histogram_moments none = {.min_us = UINT64_MAX};
	const struct histogram_moments some = {
		.min_us = 10, .max_us = 20, .sum_us = 30, .sum_squares_us2 = 500};
	assert_true(histogram_set_moments(&histogram, &none));
	assert_false(histogram_set_moments(&histogram, &some));
	histogram_record(&histogram, 10);
	histogram_record(&histogram, 20);
	assert_true(histogram_set_moments(&histogram, &some));
	assert_false(histogram_set_moments(&histogram, &none));
	struct histogram_moments wrong[] = {some, some, some, some, some, some};
	wrong[0].min_us = 11;
	wrong[1].max_us = 19;
	wrong[2].sum_us = 31;
	wrong[3].sum_us = 29;
	wrong[4].sum_squares_us2 = 501;
	wrong[5].max_us = UINT64_MAX;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(histogram_set_moments(&histogram, &wrong[i]));
		assert_true(histogram.sum_us == 30);
	}
	/* Two values of one slot: between their bounds, and with a deviation below none. */
	histogram_reset(&histogram);
	histogram_record_n(&histogram, 1000000, 2);
	uint64_t lowest = histogram_slot_lowest_us(histogram_slot(1000000));
	const struct histogram_moments narrow = {.min_us = lowest,
		.max_us = lowest + 2,
		.sum_us = (uint128)lowest * 2 + 2,
		.sum_squares_us2 = (uint128)lowest * lowest * 2 + 1};
	assert_false(histogram_set_moments(&histogram, &narrow));
	histogram_finish(&histogram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_hdrhistograms),
		cmocka_unit_test(slots_tile_all_values),
		cmocka_unit_test_setup_teardown(empty_has_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			recording_keeps_exact_ends_and_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(zero_is_a_value, setup, teardown),
		cmocka_unit_test_setup_teardown(record_n_is_n_times_record, setup, teardown),
		cmocka_unit_test_setup_teardown(percentiles_of_one_to_a_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(
			percentiles_are_never_above_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(
			beyond_the_highest_the_maximum_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(percentiles_match_sorted_values, setup, teardown),
		cmocka_unit_test_setup_teardown(mean_and_deviation_are_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(
			close_large_values_keep_their_deviation, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lifetimes_of_many_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_deviation_survives_absurd_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(merging_is_recording_both, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_leaves_an_empty_one, setup, teardown),
		cmocka_unit_test(finish_takes_what_was_never_made),
		cmocka_unit_test(moments_come_back_beside_their_slots),
		cmocka_unit_test(moments_that_contradict_the_slots_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
