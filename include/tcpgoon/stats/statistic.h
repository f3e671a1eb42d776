/* SPDX-License-Identifier: MIT */
/* What is said of a histogram in one number: the one list of its statistics and percentiles. */
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

/* The same where a name is letters and digits only, as a member of JSON should be: "p999". */
const char *statistic_key(enum statistic statistic);

bool statistic_is_percentile(enum statistic statistic);

/* Minimum and maximum are values that were recorded: a single one makes them. */
bool statistic_is_extreme(enum statistic statistic);

/* Of a histogram that is not empty; microseconds are exact. */
uint64_t statistic_ns(const struct histogram *histogram, enum statistic statistic);

#endif
