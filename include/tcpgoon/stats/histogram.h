/* SPDX-License-Identifier: MIT */
/* Times in HdrHistogram's bucket layout: 3 significant digits from 1 µs to two years. */
#ifndef TCPGOON_STATS_HISTOGRAM_H
#define TCPGOON_STATS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/wide.h"

/*
 * Source of the layout: Gil Tene's HdrHistogram (https://github.com/HdrHistogram), lowest
 * discernible value 1, highest trackable two years (no run is longer), 3 significant digits.
 * Values above the highest are counted in the last slot, and the exact maximum is kept.
 * Sums are exact, so mean and deviation are too, and merging loses nothing.
 */
struct histogram {
	uint64_t *counts; /* HISTOGRAM_COUNTS_LENGTH of them, owned */
	uint64_t count;
	uint64_t min_us; /* UINT64_MAX while empty */
	uint64_t max_us;
	uint128 sum_us;
	uint128 sum_squares_us2;
};

/* Owns no memory: not usable before histogram_init(), but safe for histogram_finish(). */
#define HISTOGRAM_INIT               \
	{                            \
		.min_us = UINT64_MAX \
	}

#define HISTOGRAM_HIGHEST_US (UINT64_C(730) * 24 * 3600 * 1000000)
#define HISTOGRAM_SIGNIFICANT_DIGITS 3

/*
 * The resulting layout: the first bucket has 2048 slots of 1 µs, enough for 3 digits up to 2000.
 * Each further bucket has slots twice as wide, and only its upper half is stored; 36 buckets reach
 * beyond the highest value.
 */
#define HISTOGRAM_SUB_BUCKETS 2048
#define HISTOGRAM_BUCKETS 36
#define HISTOGRAM_COUNTS_LENGTH ((HISTOGRAM_BUCKETS + 1) * (HISTOGRAM_SUB_BUCKETS / 2))

/* Returns 0 or -ENOMEM. */
int histogram_init(struct histogram *histogram);
void histogram_finish(struct histogram *histogram);
void histogram_reset(struct histogram *histogram);

void histogram_record(struct histogram *histogram, uint64_t value_us);
void histogram_record_n(struct histogram *histogram, uint64_t value_us, uint64_t n);

/* Adds all of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* What is exact whatever the width of a slot, and is lost where the slots alone are kept. */
struct histogram_moments {
	uint64_t min_us;
	uint64_t max_us;
	uint128 sum_us;
	uint128 sum_squares_us2;
};

/*
 * Puts the exact moments beside slots that were decoded. False where they contradict the slots;
 * then nothing is changed.
 */
bool histogram_set_moments(struct histogram *histogram, const struct histogram_moments *moments);

/*
 * The value that `percentile` (0 to 100) percent of the values do not exceed: the highest value of
 * its slot, but not above the exact maximum; 0 if empty. For the last slot, which has no upper end,
 * it is the exact maximum.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percentile);

/* The same for several percentiles in ascending order, in one walk over the slots. */
void histogram_percentiles(const struct histogram *histogram, const double percentiles[],
	size_t count, uint64_t ret_us[]);

/*
 * Between which values the one of this rank lies, counted from the least, which is 1, to the
 * greatest: the ends of its slot, within minimum and maximum.
 */
void histogram_range_at(const struct histogram *histogram, uint64_t rank, uint64_t *ret_lowest_us,
	uint64_t *ret_highest_us);

/* In nanoseconds: the caller truncates to microseconds, as the Go program does. */
uint64_t histogram_mean_ns(const struct histogram *histogram);
/* Standard deviation of the population (divides by n). */
uint64_t histogram_stddev_ns(const struct histogram *histogram);

/* The index in `counts` of a value, and the lowest and highest value of an index. */
size_t histogram_slot(uint64_t value_us);
uint64_t histogram_slot_lowest_us(size_t slot);
uint64_t histogram_slot_highest_us(size_t slot);

#endif
