/* SPDX-License-Identifier: MIT */
/* Numbers that summarise a histogram: the one list of statistics and percentiles. */
#ifndef TCPGOON_STATS_STATISTIC_H
#define TCPGOON_STATS_STATISTIC_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/stats/histogram.h"

enum statistic {
	STATISTIC_MIN,
	STATISTIC_MEAN,
	STATISTIC_P50,
	STATISTIC_P90,
	STATISTIC_P99,
	STATISTIC_P99_9,
	STATISTIC_MAX,
	STATISTIC_STDDEV,
	STATISTICS,
};

/* "p99.9", "max". */
const char *statistic_name(enum statistic statistic);

/* The same with letters and digits only, for members of JSON: "p999". */
const char *statistic_key(enum statistic statistic);

bool statistic_is_percentile(enum statistic statistic);
/* 99.9; 0 where it is none. */
double statistic_percentile(enum statistic statistic);

/* True for minimum and maximum, which are recorded values. */
bool statistic_is_extreme(enum statistic statistic);

/* The histogram must not be empty; microseconds are exact. */
uint64_t statistic_ns(const struct histogram *histogram, enum statistic statistic);

/* All of them; the percentiles, which take a walk over the histogram, in one. */
void statistics_ns(const struct histogram *histogram, uint64_t ret_ns[STATISTICS]);

#endif
