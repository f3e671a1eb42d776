/* SPDX-License-Identifier: MIT */
/*
 * Why this layout: recording is a shift and an addition, 296 KiB hold any number of values at a
 * relative error below 1/1024, two histograms merge by adding slot to slot, and every HdrHistogram
 * tool reads the encoding. Pages of slots without any count take no memory.
 *
 * Bucket b counts values below 2048 << b in slots 1 << b wide. Its lower half is what bucket b - 1
 * covers already, so all but the first hold their upper half only:
 *
 *   slots     0 .. 1023   values    0 .. 1023, 1 wide  (bucket 0, lower half)
 *   slots  1024 .. 2047   values 1024 .. 2047, 1 wide  (bucket 0, upper half)
 *   slots  2048 .. 3071   values 2048 .. 4095, 2 wide  (bucket 1)
 *   ...                   and so on up to 2^46 - 1     (bucket 35)
 *
 * What the slots lose is kept beside them: count, minimum, maximum, sum and sum of squares are
 * exact, so neither mean nor deviation depends on the width of a slot.
 */
#include "tcpgoon/stats/histogram.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/clock.h"

#define HALF (HISTOGRAM_SUB_BUCKETS / 2)
#define HALF_MAGNITUDE 10

static_assert(HALF == 1 << HALF_MAGNITUDE, "half a bucket is a power of two");
static_assert(HISTOGRAM_HIGHEST_US < (uint64_t)HISTOGRAM_SUB_BUCKETS << (HISTOGRAM_BUCKETS - 1),
	"the last bucket covers the highest value");
static_assert(HISTOGRAM_HIGHEST_US >= (uint64_t)HISTOGRAM_SUB_BUCKETS << (HISTOGRAM_BUCKETS - 2),
	"no bucket is spare");

int histogram_init(struct histogram *histogram)
{
	uint64_t *counts = calloc(HISTOGRAM_COUNTS_LENGTH, sizeof(*counts));
	if (counts == NULL) {
		return -ENOMEM;
	}
	*histogram = (struct histogram){.counts = counts, .min_us = UINT64_MAX};
	return 0;
}

void histogram_finish(struct histogram *histogram)
{
	free(histogram->counts);
	histogram->counts = NULL;
}

void histogram_reset(struct histogram *histogram)
{
	uint64_t *counts = histogram->counts;
	memset(counts, 0, HISTOGRAM_COUNTS_LENGTH * sizeof(*counts));
	*histogram = (struct histogram){.counts = counts, .min_us = UINT64_MAX};
}

size_t histogram_slot(uint64_t value_us)
{
	if (value_us > HISTOGRAM_HIGHEST_US) {
		return HISTOGRAM_COUNTS_LENGTH - 1;
	}
	/* The bucket is the number of bits beyond those that the first bucket tells apart. */
	int bits = 64 - __builtin_clzll(value_us | (HISTOGRAM_SUB_BUCKETS - 1));
	int bucket = bits - (HALF_MAGNITUDE + 1);
	return ((size_t)bucket << HALF_MAGNITUDE) + (size_t)(value_us >> bucket);
}

/* How far the values of a slot are shifted: its bucket. */
static unsigned slot_shift(size_t slot)
{
	return slot < HALF ? 0 : (unsigned)(slot >> HALF_MAGNITUDE) - 1;
}

uint64_t histogram_slot_lowest_us(size_t slot)
{
	assert(slot < HISTOGRAM_COUNTS_LENGTH);
	unsigned shift = slot_shift(slot);
	return (uint64_t)(slot - ((size_t)shift << HALF_MAGNITUDE)) << shift;
}

uint64_t histogram_slot_highest_us(size_t slot)
{
	return histogram_slot_lowest_us(slot) + (UINT64_C(1) << slot_shift(slot)) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value_us)
{
	histogram_record_n(histogram, value_us, 1);
}

void histogram_record_n(struct histogram *histogram, uint64_t value_us, uint64_t n)
{
	if (n == 0) {
		return;
	}
	histogram->counts[histogram_slot(value_us)] += n;
	histogram->count += n;
	histogram->sum_us += (uint128)value_us * n;
	histogram->sum_squares_us2 += (uint128)value_us * value_us * n;
	if (value_us < histogram->min_us) {
		histogram->min_us = value_us;
	}
	if (value_us > histogram->max_us) {
		histogram->max_us = value_us;
	}
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_COUNTS_LENGTH; i++) {
		into->counts[i] += from->counts[i];
	}
	into->count += from->count;
	into->sum_us += from->sum_us;
	into->sum_squares_us2 += from->sum_squares_us2;
	if (from->min_us < into->min_us) {
		into->min_us = from->min_us;
	}
	if (from->max_us > into->max_us) {
		into->max_us = from->max_us;
	}
}

/* Adds `count` times a value and its square. False if that does not fit into 128 bits. */
static bool add_up(uint128 *sum, uint128 *squares, uint64_t value, uint64_t count)
{
	uint128 square;
	*sum += (uint128)value * count; /* of fewer than 2^64 values of 64 bits */
	return !__builtin_mul_overflow((uint128)value * value, count, &square) &&
		!__builtin_add_overflow(*squares, square, squares);
}

/* The lower and upper bounds of the moments, given that all values are in their slots. */
static bool find_bounds(const struct histogram *histogram, uint64_t max_us,
	struct histogram_moments *ret_least, struct histogram_moments *ret_most)
{
	struct histogram_moments least = {0};
	struct histogram_moments most = {0};
	bool first = true;
	size_t last = histogram_slot(histogram->max_us); /* as the slots have it, so far */
	for (size_t i = 0; i <= last; i++) {
		uint64_t count = histogram->counts[i];
		if (count == 0) {
			continue;
		}
		bool last_slot = i == HISTOGRAM_COUNTS_LENGTH - 1;
		/* The last slot has what is above the highest value as well. */
		uint64_t lowest =
			last_slot ? HISTOGRAM_HIGHEST_US + 1 : histogram_slot_lowest_us(i);
		uint64_t highest = last_slot ? max_us : histogram_slot_highest_us(i);
		if (!add_up(&least.sum_us, &least.sum_squares_us2, lowest, count) ||
			!add_up(&most.sum_us, &most.sum_squares_us2, highest, count)) {
			return false;
		}
		if (first) {
			least.min_us = lowest;
			most.min_us = highest;
		}
		first = false;
		least.max_us = lowest;
		most.max_us = highest;
	}
	*ret_least = least;
	*ret_most = most;
	return true;
}

/* For a given count and sum, the sum of squares is smallest if all values are equal. */
static bool has_deviation(uint64_t count, const struct histogram_moments *moments)
{
	uint128 sum_squared;
	uint128 scaled_squares;
	return __builtin_mul_overflow(moments->sum_us, moments->sum_us, &sum_squared) ||
		__builtin_mul_overflow(moments->sum_squares_us2, count, &scaled_squares) ||
		scaled_squares >= sum_squared;
}

bool histogram_set_moments(struct histogram *histogram, const struct histogram_moments *moments)
{
	struct histogram_moments least;
	struct histogram_moments most;
	if (histogram->count == 0) {
		return moments->min_us == UINT64_MAX && moments->max_us == 0 &&
			moments->sum_us == 0 && moments->sum_squares_us2 == 0;
	}
	/* The values must also fit in nanoseconds. */
	if (moments->max_us > UINT64_MAX / NSEC_PER_USEC || moments->min_us > moments->max_us ||
		!find_bounds(histogram, moments->max_us, &least, &most)) {
		return false;
	}
	bool within = moments->min_us >= least.min_us && moments->min_us <= most.min_us &&
		moments->max_us >= least.max_us && moments->max_us <= most.max_us &&
		moments->sum_us >= least.sum_us && moments->sum_us <= most.sum_us &&
		moments->sum_squares_us2 >= least.sum_squares_us2 &&
		moments->sum_squares_us2 <= most.sum_squares_us2;
	if (!within || !has_deviation(histogram->count, moments)) {
		return false;
	}
	histogram->min_us = moments->min_us;
	histogram->max_us = moments->max_us;
	histogram->sum_us = moments->sum_us;
	histogram->sum_squares_us2 = moments->sum_squares_us2;
	return true;
}

/* How many values, counted from the least, make up the percentile: at least one. */
static uint64_t rank_of(double percentile, uint64_t count)
{
	if (percentile >= 100) {
		return count;
	}
	/*
	 * As a double, 99.9 is a little more than 99.9, and 999.0000000001 of 1000 would round up
	 * to the last one: so the next lower double is meant.
	 */
	double meant = nextafter(percentile, 0);
	long double rank = ceill((long double)meant * (long double)count / 100);
	return rank < 1 ? 1 : (uint64_t)rank;
}

/* Of the value whose rank is reached in this slot. */
static uint64_t value_in_slot(const struct histogram *histogram, size_t slot)
{
	uint64_t highest = histogram_slot_highest_us(slot);
	bool last_slot = slot == HISTOGRAM_COUNTS_LENGTH - 1;
	return last_slot || highest > histogram->max_us ? histogram->max_us : highest;
}

void histogram_percentiles(const struct histogram *histogram, const double percentiles[],
	size_t count, uint64_t ret_us[])
{
	uint64_t seen = 0;
	size_t next = 0; /* slot */
	for (size_t i = 0; i < count; i++) {
		assert(percentiles[i] >= 0 && percentiles[i] <= 100);
		assert(i == 0 || percentiles[i] >= percentiles[i - 1]);
		uint64_t rank =
			histogram->count > 0 ? rank_of(percentiles[i], histogram->count) : 0;
		while (seen < rank && next < HISTOGRAM_COUNTS_LENGTH) {
			seen += histogram->counts[next++];
		}
		ret_us[i] = histogram->count > 0 ? value_in_slot(histogram, next - 1) : 0;
	}
}

uint64_t histogram_percentile(const struct histogram *histogram, double percentile)
{
	uint64_t value_us;
	histogram_percentiles(histogram, &percentile, 1, &value_us);
	return value_us;
}

void histogram_range_at(const struct histogram *histogram, uint64_t rank, uint64_t *ret_lowest_us,
	uint64_t *ret_highest_us)
{
	assert(rank >= 1 && rank <= histogram->count);
	size_t slot = 0;
	for (uint64_t seen = histogram->counts[0]; seen < rank; seen += histogram->counts[slot]) {
		slot++;
	}
	uint64_t lowest = histogram_slot_lowest_us(slot);
	uint64_t highest = histogram_slot_highest_us(slot);
	bool last = slot == HISTOGRAM_COUNTS_LENGTH - 1;
	*ret_lowest_us = lowest > histogram->min_us ? lowest : histogram->min_us;
	*ret_highest_us = !last && highest < histogram->max_us ? highest : histogram->max_us;
}

uint64_t histogram_mean_ns(const struct histogram *histogram)
{
	if (histogram->count == 0) {
		return 0;
	}
	return (uint64_t)(histogram->sum_us * NSEC_PER_USEC / histogram->count);
}

uint64_t histogram_stddev_ns(const struct histogram *histogram)
{
	if (histogram->count == 0) {
		return 0;
	}
	/*
	 * n² times the variance is n * (sum of squares) - sum²: whole numbers, so that nothing is
	 * lost if the mean is large and the values are close. For 2^32 values of an hour both terms
	 * still fit in 128 bits; beyond that, long double is used.
	 */
	long double count = (long double)histogram->count;
	long double scaled_variance;
	uint128 sum_squared;
	uint128 scaled_squares;
	if (__builtin_mul_overflow(histogram->sum_us, histogram->sum_us, &sum_squared) ||
		__builtin_mul_overflow(
			histogram->sum_squares_us2, histogram->count, &scaled_squares)) {
		long double sum_us = (long double)histogram->sum_us;
		long double squares = (long double)histogram->sum_squares_us2 * count;
		scaled_variance = fmaxl(squares - sum_us * sum_us, 0);
	} else {
		scaled_variance = (long double)(scaled_squares - sum_squared);
	}
	long double deviation_us = sqrtl(scaled_variance) / count;
	return (uint64_t)(deviation_us * NSEC_PER_USEC);
}
