/* SPDX-License-Identifier: MIT */
/*
 * Why U, as benchstat does: times of runs follow no known distribution, and one run in ten is an
 * outlier. Only the ranks count, so that an outlier is one run like any other.
 *
 * The exact distribution is counted, not looked up: how many of the ways to choose the first sample
 * from all values have each sum of ranks. Ranks are doubled, so that the middle rank of ties is
 * whole. With ties it is the distribution given these ties, which needs no correction.
 *
 * Fisher's test weighs all tables with the same margins. Each weight follows from that of its
 * neighbour by a fraction; only their proportions count, so no factorial is computed.
 */
#include "tcpgoon/stats/two_samples.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tcpgoon/base/cleanup.h"

/* A value, and which sample it is of. */
struct ranked {
	double value;
	bool of_a;
	size_t twice_rank;
};

static int compare_values(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->value;
	double y = ((const struct ranked *)b)->value;
	return (x > y) - (x < y);
}

/*
 * Sorts and ranks; equal values share the middle of their ranks. Returns the sum of t³ - t of ties.
 */
static double rank_values(struct ranked *all, size_t count)
{
	double ties = 0;
	qsort(all, count, sizeof(*all), compare_values);
	size_t end;
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && all[end].value == all[i].value; end++) {
		}
		for (size_t j = i; j < end; j++) {
			all[j].twice_rank = i + 1 + end;
		}
		double tied = (double)(end - i);
		ties += tied * tied * tied - tied;
	}
	return ties;
}

/*
 * ways[k * (most + 1) + s]: how many choices of k of the values have s as the sum of their doubled
 * ranks. Of 50 values there are fewer than 2^53 choices.
 */
static void count_ways(
	double *ways, const struct ranked *all, size_t count, size_t chosen, size_t most)
{
	ways[0] = 1;
	for (size_t i = 0; i < count; i++) {
		size_t rank = all[i].twice_rank;
		for (size_t k = chosen; k >= 1; k--) {
			for (size_t s = most; s >= rank; s--) {
				ways[k * (most + 1) + s] += ways[(k - 1) * (most + 1) + s - rank];
			}
		}
	}
}

static int exact_p(const struct ranked *all, size_t count, size_t chosen, double *ret_p)
{
	size_t most = count * (count + 1);
	size_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += all[i].of_a ? all[i].twice_rank : 0;
	}
	CLEANUP(cleanup_free)
	double *ways = calloc((chosen + 1) * (most + 1), sizeof(*ways));
	if (ways == NULL) {
		return -ENOMEM;
	}
	count_ways(ways, all, count, chosen, most);
	double mean = (double)chosen * (double)(count + 1);
	double distance = fabs((double)sum - mean);
	double all_ways = 0;
	double as_far = 0;
	for (size_t s = 0; s <= most; s++) {
		double of_sum = ways[chosen * (most + 1) + s];
		all_ways += of_sum;
		as_far += fabs((double)s - mean) >= distance ? of_sum : 0;
	}
	*ret_p = as_far / all_ways;
	return 0;
}

static double normal_p(const struct ranked *all, double a_count, double b_count, double ties)
{
	double count = a_count + b_count;
	double rank_sum = 0;
	for (size_t i = 0; i < (size_t)count; i++) {
		rank_sum += all[i].of_a ? (double)all[i].twice_rank / 2 : 0;
	}
	double u = rank_sum - a_count * (a_count + 1) / 2;
	double variance = a_count * b_count / 12 * (count + 1 - ties / (count * (count - 1)));
	double distance = fmax(fabs(u - a_count * b_count / 2) - 0.5, 0);
	return variance <= 0 ? 1 : erfc(distance / sqrt(variance) / M_SQRT2);
}

int two_samples_u(const double *a, size_t a_count, const double *b, size_t b_count, double *ret_p)
{
	size_t count = a_count + b_count;
	if (a_count == 0 || b_count == 0) {
		*ret_p = 1;
		return 0;
	}
	CLEANUP(cleanup_free) struct ranked *all = calloc(count, sizeof(*all));
	if (all == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		bool of_a = i < a_count;
		all[i] = (struct ranked){.value = of_a ? a[i] : b[i - a_count], .of_a = of_a};
	}
	double ties = rank_values(all, count);
	if (count <= TWO_SAMPLES_EXACT_MAX) {
		return exact_p(all, count, a_count, ret_p);
	}
	*ret_p = normal_p(all, (double)a_count, (double)b_count, ties);
	return 0;
}

double two_samples_u_least(size_t a_count, size_t b_count)
{
	double ways = 1;
	for (size_t i = 1; i <= a_count; i++) {
		ways = ways * (double)(b_count + i) / (double)i;
	}
	return fmin(2 / ways, 1);
}

/* The table of Fisher's test with `x` of the first sample: its margins do not change. */
struct margins {
	double part; /* of both */
	double a_whole;
	double b_whole;
};

/* How much likelier x + 1 is than x. */
static double step_up(const struct margins *margins, double x)
{
	return (margins->part - x) * (margins->a_whole - x) /
		((x + 1) * (margins->b_whole - margins->part + x + 1));
}

/* The sum of all weights, and of those up to `limit`, from x in one direction, x excluded. */
static void add_weights(const struct margins *margins, double x, int direction, double last,
	double limit, double *sum, double *unlikely)
{
	double weight = 1;
	while (x != last && weight > 0) {
		weight = direction > 0 ? weight * step_up(margins, x)
				       : weight / step_up(margins, x - 1);
		x += direction;
		*sum += weight;
		*unlikely += weight <= limit ? weight : 0;
	}
}

/* The weight of x where that of `mode` is 1. */
static double weight_of(const struct margins *margins, double mode, double x)
{
	double weight = 1;
	for (double at = mode; at < x && weight > 0; at++) {
		weight *= step_up(margins, at);
	}
	for (double at = mode; at > x && weight > 0; at--) {
		weight /= step_up(margins, at - 1);
	}
	return weight;
}

static double normal_ratios(const struct margins *margins, double x)
{
	double whole = margins->a_whole + margins->b_whole;
	double ratio = margins->part / whole;
	double mean = margins->a_whole * ratio;
	double variance = mean * (1 - ratio) * (margins->b_whole / whole) * (whole / (whole - 1));
	double distance = fmax(fabs(x - mean) - 0.5, 0);
	return erfc(distance / sqrt(variance) / M_SQRT2);
}

#define TABLES_MAX 1000000

double two_samples_fisher(uint64_t a_part, uint64_t a_whole, uint64_t b_part, uint64_t b_whole)
{
	assert(a_part <= a_whole && b_part <= b_whole);
	struct margins margins = {
		(double)a_part + (double)b_part, (double)a_whole, (double)b_whole};
	double least = fmax(margins.part - margins.b_whole, 0);
	double most = fmin(margins.part, margins.a_whole);
	double x = (double)a_part;
	if (least == most) {
		return 1;
	}
	if (most - least > TABLES_MAX) {
		return normal_ratios(&margins, x);
	}
	double mode = floor((margins.part + 1) * (margins.a_whole + 1) /
		(margins.a_whole + margins.b_whole + 2));
	/* Tables that are as likely differ by rounding. */
	double limit = weight_of(&margins, mode, x) * (1 + 1e-7);
	double sum = 1;
	double unlikely = limit >= 1 ? 1 : 0;
	add_weights(&margins, mode, 1, most, limit, &sum, &unlikely);
	add_weights(&margins, mode, -1, least, limit, &sum, &unlikely);
	return fmin(unlikely / sum, 1);
}
