/* SPDX-License-Identifier: MIT */
/* How far a ratio or a percentile that was measured of n may be from the true one. */
#ifndef TCPGOON_STATS_INTERVAL_H
#define TCPGOON_STATS_INTERVAL_H

#include <stdint.h>

#include "tcpgoon/stats/histogram.h"
#include "tcpgoon/stats/statistic.h"

/* What reports use. */
#define INTERVAL_CONFIDENCE 0.95

/* Of a ratio: from 0 to 1. */
struct interval {
	double low;
	double high;
};

/*
 * The exact (Clopper-Pearson) interval of a ratio of which `part` of `whole` were seen: it contains
 * the true one at least as often as `confidence` says (0 to 1, exclusive), and each of its ends is
 * wrong at most half of the rest of the time. `part` is at most `whole`; of none, from 0 to 1. The
 * ends have a relative error below 1e-8, for up to 2^32 on the rarer side; beyond that it is the
 * normal approximation's.
 */
struct interval interval_of_ratio(uint64_t part, uint64_t whole, double confidence);

/* The probability of at most `most` successes in `trials`, each with `probability`. */
double interval_binomial(uint64_t most, uint64_t trials, double probability);

/* Of sorted values, counted from 1: the ends of an interval; 0: too few values for that end. */
struct interval_ranks {
	uint64_t low;
	uint64_t high;
};

/*
 * The ranks between which the true percentile (above 0, below 100) lies with `confidence`, whatever
 * the distribution: each end is wrong at most half of the rest of the time.
 */
struct interval_ranks interval_ranks(uint64_t count, double percentile, double confidence);

#define INTERVAL_UNKNOWN UINT64_MAX

/* In microseconds; INTERVAL_UNKNOWN: too few values for that end. */
struct interval_us {
	uint64_t low_us;
	uint64_t high_us;
};

/*
 * The same for a percentile of recorded values. The ends are those of the slots of these ranks,
 * outwards, so the width of a slot (below 1/1024) makes it wider, never narrower.
 */
struct interval_us interval_of_percentile(
	const struct histogram *histogram, enum statistic percentile, double confidence);

/*
 * How many trials without a single success it takes to show, with `confidence`, that a success is
 * not more likely than `probability` (above 0, below 1).
 */
uint64_t interval_trials_without(double probability, double confidence);

#endif
