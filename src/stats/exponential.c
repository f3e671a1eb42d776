/* SPDX-License-Identifier: MIT */
/*
 * A slot of the histogram is put into a bucket as a whole, by its highest value, but not above the
 * maximum: which is what a percentile in it is said to be (stats/histogram). So the percentiles of
 * both are in the same bucket.
 */
#include "tcpgoon/stats/exponential.h"

#include <math.h>

#include "tcpgoon/base/clock.h"

/* The values of a slot, as one. */
static double value_of_slot_s(const struct histogram *histogram, size_t slot)
{
	uint64_t highest = histogram_slot_highest_us(slot);
	bool is_capped = highest > histogram->max_us || slot == HISTOGRAM_COUNTS_LENGTH - 1;
	return (double)(is_capped ? histogram->max_us : highest) / USEC_PER_SEC;
}

/* The bucket of a value: base^index < value <= base^(index + 1). */
static int index_of(double value_s, int scale)
{
	return (int)ceil(ldexp(log2(value_s), scale)) - 1;
}

static double bound_of(int index, int scale)
{
	return exp2(ldexp(index, -scale));
}

/* The lowest and the highest slot in use, but that of 0. False: there is none. */
static bool find_range(const struct histogram *histogram, size_t *ret_first, size_t *ret_last)
{
	size_t first = 1;
	while (first < HISTOGRAM_COUNTS_LENGTH && histogram->counts[first] == 0) {
		first++;
	}
	if (first == HISTOGRAM_COUNTS_LENGTH) {
		return false;
	}
	size_t last = HISTOGRAM_COUNTS_LENGTH - 1;
	while (histogram->counts[last] == 0) {
		last--;
	}
	*ret_first = first;
	*ret_last = last;
	return true;
}

void exponential_from_histogram(const struct histogram *histogram, struct exponential *ret_buckets)
{
	size_t first;
	size_t last;
	*ret_buckets = (struct exponential){
		.scale = EXPONENTIAL_SCALE_MAX, .zero_count = histogram->counts[0]};
	if (!find_range(histogram, &first, &last)) {
		return;
	}
	double low_s = value_of_slot_s(histogram, first);
	double high_s = value_of_slot_s(histogram, last);
	int scale = EXPONENTIAL_SCALE_MAX;
	while (index_of(high_s, scale) - index_of(low_s, scale) >= EXPONENTIAL_BUCKETS_MAX) {
		scale--;
	}
	ret_buckets->scale = scale;
	ret_buckets->offset = index_of(low_s, scale);
	ret_buckets->bucket_count = (size_t)(index_of(high_s, scale) - ret_buckets->offset) + 1;
	for (size_t i = first; i <= last; i++) {
		if (histogram->counts[i] > 0) {
			int index = index_of(value_of_slot_s(histogram, i), scale);
			ret_buckets->buckets[index - ret_buckets->offset] += histogram->counts[i];
		}
	}
}

double exponential_low_s(const struct exponential *buckets, size_t index)
{
	return bound_of(buckets->offset + (int)index, buckets->scale);
}

double exponential_high_s(const struct exponential *buckets, size_t index)
{
	return bound_of(buckets->offset + (int)index + 1, buckets->scale);
}
