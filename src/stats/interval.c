/* SPDX-License-Identifier: MIT */
/*
 * All of this rests on one function, the regularised incomplete beta function I_x(a, b): the
 * probability that of a + b - 1 trials with probability x at least a succeed. The interval of a
 * ratio (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934) are the x at which it has a given
 * value. The interval of a percentile (H. A. David, H. N. Nagaraja, Order Statistics, 3rd edition,
 * 7.1) needs no distribution of the values: how many of them are below the true percentile is
 * binomial.
 *
 * It is the continued fraction 8.17.22 of the Digital Library of Mathematical Functions
 * (https://dlmf.nist.gov/8.17), evaluated by the modified algorithm of Lentz. The factor before it
 * is a binomial probability, taken as C. Loader does (Fast and Accurate Computation of Binomial
 * Probabilities, 2000): differences from Stirling's formula are small numbers, where the logarithms
 * of factorials of millions are large ones that cancel.
 *
 * That each value is independent of the others is an assumption. In one run it does not hold quite:
 * a stall, or a queue that was full for a moment, touches many connections at once.
 */
#include "tcpgoon/stats/interval.h"

#include <assert.h>
#include <math.h>

/* Up to here the fraction converges in a fraction of a second: it takes about the root of it. */
#define EXACT_MAX 4294967296.0

#define FRACTION_STEPS_MAX 1000000
#define FRACTION_EPSILON 1e-15
#define FRACTION_TINY 1e-300

#define SOLVE_STEPS_MAX 200
#define SOLVE_EPSILON 1e-13

/* ln(n!) minus Stirling's formula for it. */
static double stirling_error(double n)
{
	if (n < 16) {
		return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * M_PI) / 2;
	}
	double n2 = n * n;
	return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / n2) / n2) / n2) / n;
}

/* x ln(x / mean) + mean - x */
static double deviance(double x, double mean)
{
	double relative = (x - mean) / mean;
	return x * log1p(relative) - (x - mean);
}

/* x^a (1-x)^b / (a B(a,b)) */
static double beta_factor(double a, double b, double x)
{
	double n = a + b;
	double exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) -
		deviance(a, n * x) - deviance(b, n * (1 - x));
	return exp(exponent) * sqrt(b / (2 * M_PI * a * n));
}

static double away_from_zero(double value)
{
	return fabs(value) < FRACTION_TINY ? FRACTION_TINY : value;
}

/* The continued fraction 1/(1+ d1/(1+ d2/(1+ ...))) of DLMF 8.17.22; x is below the mean. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
	double value = d;
	for (int m = 1; m <= FRACTION_STEPS_MAX; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		value *= d * c;
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		value *= d * c;
		if (fabs(d * c - 1) < FRACTION_EPSILON) {
			break;
		}
	}
	return value;
}

/* I_x(a, b) for a and b of at least 1. */
static double incomplete_beta(double a, double b, double x)
{
	if (x <= 0 || x >= 1) {
		return x <= 0 ? 0 : 1;
	}
	if (x < (a + 1) / (a + b + 2)) {
		return beta_factor(a, b, x) * beta_fraction(a, b, x);
	}
	return 1 - beta_factor(b, a, 1 - x) * beta_fraction(b, a, 1 - x);
}

/* How often a standard normal variable is at most z. */
static double normal(double z)
{
	return erfc(-z / M_SQRT2) / 2;
}

double interval_binomial(uint64_t most, uint64_t trials, double probability)
{
	if (most >= trials) {
		return 1;
	}
	double a = (double)(trials - most);
	double b = (double)most + 1;
	if (fmin(a, b) > EXACT_MAX) {
		double mean = (double)trials * probability;
		return normal(((double)most + 0.5 - mean) / sqrt(mean * (1 - probability)));
	}
	return incomplete_beta(a, b, 1 - probability);
}

/* The x with I_x(a, b) = target: Newton's steps, halving where they leave the bracket. */
static double solve_beta(double a, double b, double target)
{
	double low = 0;
	double high = 1;
	double x = a / (a + b);
	for (int i = 0; i < SOLVE_STEPS_MAX; i++) {
		double wrong = incomplete_beta(a, b, x) - target;
		if (wrong > 0) {
			high = x;
		} else {
			low = x;
		}
		double slope = beta_factor(a, b, x) * a / (x * (1 - x));
		double next = x - wrong / slope;
		if (!(next > low && next < high)) {
			next = (low + high) / 2;
		}
		if (fabs(next - x) <= SOLVE_EPSILON * x) {
			return next;
		}
		x = next;
	}
	return x;
}

/* The z that a standard normal variable exceeds with this probability, below a half. */
static double normal_above(double probability)
{
	double low = 0;
	double high = 40;
	for (int i = 0; i < SOLVE_STEPS_MAX; i++) {
		double middle = (low + high) / 2;
		if (normal(-middle) > probability) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

struct interval interval_of_ratio(uint64_t part, uint64_t whole, double confidence)
{
	assert(part <= whole && confidence > 0 && confidence < 1);
	double k = (double)part;
	double rest = (double)(whole - part);
	double tail = (1 - confidence) / 2;
	struct interval interval = {0, 1};
	if (fmin(k, rest) > EXACT_MAX) {
		double n = (double)whole;
		double margin = normal_above(tail) * sqrt(k * rest / n) / n;
		return (struct interval){k / n - margin, k / n + margin};
	}
	/* At the ends the equation is solved by hand, and exactly. */
	if (part > 0) {
		interval.low = rest == 0 ? exp(log(tail) / k) : solve_beta(k, rest + 1, tail);
	}
	if (part < whole) {
		interval.high =
			k == 0 ? -expm1(log(tail) / rest) : solve_beta(k + 1, rest, 1 - tail);
	}
	return interval;
}

/*
 * The first of 0 to `count` from which on at most that many are below it more often than `target`.
 */
static uint64_t first_above(uint64_t count, double probability, double target)
{
	uint64_t low = 0;
	uint64_t high = count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (interval_binomial(middle, count, probability) > target) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

struct interval_ranks interval_ranks(uint64_t count, double percentile, double confidence)
{
	assert(percentile > 0 && percentile < 100 && confidence > 0 && confidence < 1);
	double tail = (1 - confidence) / 2;
	struct interval_ranks ranks = {0, 0};
	if (count == 0) {
		return ranks;
	}
	/* Fewer than `low` are below the true percentile: at most as often as `tail`. */
	ranks.low = first_above(count, percentile / 100, tail);
	/* At least `high` are below it; the same, seen from above, keeps a small tail exact. */
	uint64_t from_above = first_above(count, 1 - percentile / 100, tail);
	ranks.high = from_above == 0 ? 0 : count + 1 - from_above;
	return ranks;
}

struct interval_us interval_of_percentile(
	const struct histogram *histogram, enum statistic percentile, double confidence)
{
	struct interval_us interval = {INTERVAL_UNKNOWN, INTERVAL_UNKNOWN};
	struct interval_ranks ranks =
		interval_ranks(histogram->count, statistic_percentile(percentile), confidence);
	uint64_t other;
	if (ranks.low > 0) {
		histogram_range_at(histogram, ranks.low, &interval.low_us, &other);
	}
	if (ranks.high > 0) {
		histogram_range_at(histogram, ranks.high, &other, &interval.high_us);
	}
	return interval;
}

uint64_t interval_trials_without(double probability, double confidence)
{
	assert(probability > 0 && probability < 1 && confidence > 0 && confidence < 1);
	double trials = ceil(log(1 - confidence) / log1p(-probability));
	return trials < 1 ? 1 : (uint64_t)trials;
}
