/* SPDX-License-Identifier: MIT */
/* Times in exponential buckets, as OpenTelemetry and Prometheus' native histograms have them. */
#ifndef TCPGOON_STATS_EXPONENTIAL_H
#define TCPGOON_STATS_EXPONENTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/stats/histogram.h"

/* A bucket of the finest scale is 0.3% wide. */
#define EXPONENTIAL_SCALE_MAX 8
#define EXPONENTIAL_BUCKETS_MAX 1024

/*
 * Values are seconds. With base = 2^(2^-scale), bucket i of the array has those above
 * base^(offset + i) up to base^(offset + i + 1).
 */
struct exponential {
	int scale;
	int offset;
	size_t bucket_count;
	uint64_t buckets[EXPONENTIAL_BUCKETS_MAX];
	uint64_t zero_count; /* values of 0, which are in no bucket */
};

/* By the finest scale with which all buckets have room. Pure. */
void exponential_from_histogram(const struct histogram *histogram, struct exponential *ret_buckets);

/* The bounds of bucket i: its values are above `low` and up to `high`. */
double exponential_low_s(const struct exponential *buckets, size_t index);
double exponential_high_s(const struct exponential *buckets, size_t index);

#endif
