/* SPDX-License-Identifier: MIT */
/*
 * Several runs a side are compared by the ranks of their numbers (stats/two_samples), as benchstat
 * does. That takes nothing for granted but that the runs are independent: those of one side must
 * not all be made before those of the other, or a machine that warms up looks like a change.
 *
 * One run a side is another matter. How exactly it knows its percentiles is known; how much the
 * next run would differ is not, and that is far more: of 60 equal runs over loopback on a busy
 * machine, the 95% intervals of the median of `connect` did not overlap in 84 of 100 pairs. All
 * connections of a run share its caches, its place in memory, and who else had the CPU. So
 * intervals that are apart are necessary and not enough: the change must also be beyond what runs
 * differ by, and that cannot be measured with one. It is taken to be a factor of three, and for
 * times 20 ms, which is several turns of other programs on a CPU, beyond what this program itself
 * was late by. For shares it is a factor of three and one percent of the connections. And failures
 * come in bursts, as a queue that is full for a moment, or a neighbour that is asked for, meets all
 * that are dialled just then: so for Fisher's test as many connections as are dialled in one batch
 * count as one, as long as there are 20 batches. Of the rate, the CPU time and the lag one run
 * proves nothing.
 */
#include "compare/row.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/stats/interval.h"
#include "tcpgoon/stats/two_samples.h"

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static void summarise(struct row_side *side)
{
	side->middle = side->low = side->high = NAN;
	if (side->known == 0) {
		return;
	}
	const double *values = side->values;
	size_t half = side->known / 2;
	side->middle = side->known % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
	struct interval_ranks ranks = interval_ranks(side->known, 50, INTERVAL_CONFIDENCE);
	if (ranks.low > 0 && ranks.high > 0) {
		side->low = values[ranks.low - 1];
		side->high = values[ranks.high - 1];
	}
}

static int fill_side(
	struct row_side *side, const struct measure *measure, const struct comparison_side *from)
{
	side->values = calloc(from->count, sizeof(*side->values));
	if (side->values == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < from->count; i++) {
		double value = measure_value(measure, from->results[i]);
		if (!isnan(value)) {
			side->values[side->known++] = value;
		}
	}
	qsort(side->values, side->known, sizeof(*side->values), compare_numbers);
	summarise(side);
	return 0;
}

/* Of the two orders, both are sorted. */
static bool all_agree(const struct row_side *a, const struct row_side *b)
{
	return a->known > 0 && b->known > 0 && a->values[0] == a->values[a->known - 1] &&
		b->values[0] == b->values[b->known - 1] && a->values[0] == b->values[0];
}

static double change_of(double from, double to)
{
	if (from == to) {
		return 0;
	}
	return from == 0 ? INFINITY : (to - from) / from;
}

int row_init(struct row *row, const struct measure *measure, const struct comparison_side *a,
	const struct comparison_side *b)
{
	*row = (struct row){.measure = *measure, .p = NAN};
	int r = fill_side(&row->a, measure, a);
	if (r == 0) {
		r = fill_side(&row->b, measure, b);
	}
	if (r < 0) {
		return r;
	}
	row->change = change_of(row->a.middle, row->b.middle);
	row->same = all_agree(&row->a, &row->b);
	if (row->a.known == 0 || row->b.known == 0) {
		row->doubt = row->a.known + row->b.known == 0 ? ROW_UNKNOWN : ROW_ONE_SIDE;
	}
	return 0;
}

void row_finish(struct row *row)
{
	free(row->a.values);
	free(row->b.values);
	row->a.values = row->b.values = NULL;
}

int row_rank(struct row *row, double alpha)
{
	if (two_samples_u_least(row->a.known, row->b.known) > alpha) {
		row->doubt = ROW_FEW_RUNS;
	}
	return two_samples_u(row->a.values, row->a.known, row->b.values, row->b.known, &row->p);
}

/* The ends of what a run knows; 0 and INFINITY where it knows none. */
static struct interval known_within(
	const struct measure *measure, const struct result *result, double confidence)
{
	if (measure->kind == MEASURE_SHARE) {
		return interval_of_ratio(figure_value(measure->part, result),
			figure_value(measure->whole, result), confidence);
	}
	struct interval_us us = interval_of_percentile(
		&result->times[measure->times], measure->statistic, confidence);
	return (struct interval){
		.low = us.low_us == INTERVAL_UNKNOWN ? 0 : (double)us.low_us,
		.high = us.high_us == INTERVAL_UNKNOWN ? INFINITY : (double)us.high_us,
	};
}

static bool has_interval(const struct measure *measure)
{
	return measure->kind == MEASURE_SHARE ||
		(measure->kind == MEASURE_TIME && statistic_is_percentile(measure->statistic));
}

/* How late this program was is a matter of who else had the CPU just then. */
static bool can_be_proven(const struct measure *measure)
{
	bool own = measure->kind == MEASURE_TIME &&
		times_row(measure->times)->side == TIMES_OF_GENERATOR;
	return has_interval(measure) && !own;
}

/* Whether it is more than runs differ by. */
static bool is_gross(double a, double b, double least)
{
	double lesser = fmin(a, b);
	double greater = fmax(a, b);
	return greater - lesser >= least && greater >= ROW_PAIR_FACTOR * lesser;
}

/*
 * How late this program was, at most: by its schedule if it had one, otherwise by how long it was
 * ready to run and had no CPU.
 */
static double lateness_us(const struct result *result)
{
	uint64_t waited_ns = result->generator.cpu_wait_ns;
	if (schedule_is_paced(&result->schedule) && result->times[TIMES_LAG].count > 0) {
		return (double)result->times[TIMES_LAG].max_us;
	}
	return waited_ns == RESULT_UNKNOWN ? 0 : (double)waited_ns / NSEC_PER_USEC;
}

static double least_change_us(const struct result *a, const struct result *b)
{
	return ROW_PAIR_TIME_US + fmax(lateness_us(a), lateness_us(b));
}

/* 99% established against 90% is 1% that failed against 10%. */
static bool is_gross_share(const struct row *row)
{
	double a = row->a.middle;
	double b = row->b.middle;
	return is_gross(a, b, ROW_PAIR_SHARE) || is_gross(1 - a, 1 - b, ROW_PAIR_SHARE);
}

/* How many connections share their fate: see the essay. */
static uint64_t burst_of(uint64_t connections)
{
	uint64_t burst = connections / ROW_PAIR_BURSTS_MIN;
	return burst < 1 ? 1 : burst > ROW_PAIR_BURST ? ROW_PAIR_BURST : burst;
}

static uint64_t rounded(uint64_t count, uint64_t burst)
{
	return count / burst + (count % burst * 2 >= burst && burst > 1);
}

static bool shares_differ(
	const struct measure *measure, const struct result *a, const struct result *b, double alpha)
{
	uint64_t a_whole = figure_value(measure->whole, a);
	uint64_t b_whole = figure_value(measure->whole, b);
	uint64_t burst = burst_of(a_whole < b_whole ? a_whole : b_whole);
	return two_samples_fisher(rounded(figure_value(measure->part, a), burst),
		       rounded(a_whole, burst), rounded(figure_value(measure->part, b), burst),
		       rounded(b_whole, burst)) <= alpha;
}

/* Each interval is wrong on the side of the other at most alpha / 2 of the time. */
static bool times_differ(
	struct row *row, const struct result *a, const struct result *b, double alpha)
{
	struct interval of_a = known_within(&row->measure, a, 1 - alpha);
	struct interval of_b = known_within(&row->measure, b, 1 - alpha);
	if (isinf(of_a.high) && isinf(of_b.high)) {
		row->doubt = ROW_FEW_VALUES;
		return false;
	}
	return of_a.high < of_b.low || of_b.high < of_a.low;
}

void row_judge_pair(struct row *row, const struct result *a, const struct result *b, double alpha)
{
	if (!can_be_proven(&row->measure)) {
		row->doubt = ROW_ONE_RUN;
	} else if (row->measure.kind == MEASURE_SHARE) {
		row->proven = shares_differ(&row->measure, a, b, alpha) && is_gross_share(row);
	} else {
		row->proven = times_differ(row, a, b, alpha) &&
			is_gross(row->a.middle, row->b.middle, least_change_us(a, b));
	}
}

void row_bound_pair(struct row *row, const struct result *a, const struct result *b)
{
	if (!has_interval(&row->measure)) {
		return;
	}
	struct row_side *sides[] = {&row->a, &row->b};
	const struct result *results[] = {a, b};
	for (size_t i = 0; i < 2; i++) {
		if (sides[i]->known > 0) {
			struct interval interval =
				known_within(&row->measure, results[i], INTERVAL_CONFIDENCE);
			sides[i]->low = interval.low;
			sides[i]->high = interval.high;
		}
	}
}
