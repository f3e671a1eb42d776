/* SPDX-License-Identifier: MIT */
/*
 * All comparisons are of whole numbers: counts, nanoseconds, and shares cross-multiplied, so that
 * 999 of 1000 is exactly 99.9%, neither above nor below it.
 *
 * What a share is of, is chosen so that it cannot be diluted: connections that were never dialled
 * do not make the failed look few, and those that failed do not make the dropped look few. Only
 * `established`, which people bound from below, is of all that were asked for: what was not dialled
 * is not established.
 *
 * A share is one of this run's connections, whatever their number: nobody reads errors>1% of 100
 * dials as a statement about others. A share finer than one in a thousand is read so, and 0 of 1000
 * is then no answer: it would be the same if 0.3% fail. So a fine one that was kept is judged only
 * where there were enough to show it if none had failed. One that was crossed was crossed by
 * connections that failed, and stays so.
 */
#include "tcpgoon/verdict/threshold.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/plural.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/base/wide.h"
#include "tcpgoon/stats/interval.h"

static bool compare(uint128 actual, enum threshold_relation relation, uint128 limit)
{
	switch (relation) {
	case THRESHOLD_ABOVE:
		return actual > limit;
	case THRESHOLD_AT_LEAST:
		return actual >= limit;
	case THRESHOLD_BELOW:
		return actual < limit;
	case THRESHOLD_AT_MOST:
		return actual <= limit;
	case THRESHOLD_EQUAL:
		return actual == limit;
	case THRESHOLD_UNEQUAL:
	case THRESHOLD_RELATIONS:
		break;
	}
	return actual != limit;
}

/* Whether it is about being high, which a growing number can only become. */
static bool asks_for_high(enum threshold_relation relation)
{
	return relation == THRESHOLD_ABOVE || relation == THRESHOLD_AT_LEAST;
}

/* Of "0.100000" the zeros that say nothing go. */
static void format_share(char *text, size_t size, uint64_t millionths)
{
	char fraction[THRESHOLD_SHARE_DECIMALS + 1];
	snprintf(fraction, sizeof(fraction), "%06u",
		(unsigned)(millionths % THRESHOLD_SHARE_ONE_PERCENT));
	size_t digits = THRESHOLD_SHARE_DECIMALS;
	while (digits > 0 && fraction[digits - 1] == '0') {
		fraction[--digits] = '\0';
	}
	snprintf(text, size, "%" PRIu64 "%s%s%%", millionths / THRESHOLD_SHARE_ONE_PERCENT,
		digits > 0 ? "." : "", fraction);
}

static void not_judged(struct threshold_outcome *outcome, const char *why)
{
	snprintf(outcome->not_judged, sizeof(outcome->not_judged), "%s", why);
}

/* From `least` to `most` connections: the same where the number is known. */
struct count_range {
	uint64_t least;
	uint64_t most;
};

/* RESULT_UNKNOWN for both where nothing is known. */
static struct count_range count_range(
	const struct figure *figure, const struct result *result, bool running)
{
	uint64_t value = figure_value(figure, result);
	if (figure->at_most == 0 || running) {
		return (struct count_range){value, value};
	}
	uint64_t most = figure_value(figure_by_offset(figure->at_most), result);
	bool bounded = most != RESULT_UNKNOWN;
	return (struct count_range){
		.least = value == RESULT_UNKNOWN && bounded ? 0 : value,
		.most = bounded ? most : value,
	};
}

/* Whether the threshold says the same of all numbers in the range; then *ret_crossed is what. */
static bool agree(const struct threshold *threshold, const struct count_range *range,
	uint64_t whole, bool *ret_crossed)
{
	uint128 unit = threshold->share ? THRESHOLD_SHARE_WHOLE : 1;
	uint128 limit = (threshold->share ? (uint128)whole : 1) * threshold->limit;
	uint128 least = range->least * unit;
	uint128 most = range->most * unit;
	*ret_crossed = compare(least, threshold->relation, limit);
	bool within = least != most && least <= limit && limit <= most;
	bool of_one_number =
		threshold->relation == THRESHOLD_EQUAL || threshold->relation == THRESHOLD_UNEQUAL;
	return of_one_number ? !within : compare(most, threshold->relation, limit) == *ret_crossed;
}

/*
 * Of how small a share it speaks, or of how small a rest: 0.001% for both errors>0.001% and
 * established<99.999%. 0 where it is not finer than THRESHOLD_SHARE_FINE.
 */
static uint64_t fine_share(const struct threshold *threshold)
{
	uint64_t limit = threshold->share ? threshold->limit : 0;
	uint64_t rest = THRESHOLD_SHARE_WHOLE - limit;
	uint64_t smaller = limit < rest ? limit : rest;
	return smaller < THRESHOLD_SHARE_FINE ? smaller : 0;
}

/* Whether the answer is that nearly none, or nearly all, are so: that is what few cannot show. */
static bool says_rare(const struct threshold *threshold, bool crossed)
{
	bool of_one_number =
		threshold->relation == THRESHOLD_EQUAL || threshold->relation == THRESHOLD_UNEQUAL;
	bool is_high = asks_for_high(threshold->relation) == crossed;
	return !of_one_number && is_high == (threshold->limit > THRESHOLD_SHARE_WHOLE / 2);
}

/* How many it takes, where there are fewer; otherwise 0. */
static uint64_t takes_more(const struct threshold *threshold, uint64_t whole, bool crossed)
{
	uint64_t share = fine_share(threshold);
	if (share == 0 || !says_rare(threshold, crossed)) {
		return 0;
	}
	uint64_t needed = interval_trials_without(
		(double)share / (double)THRESHOLD_SHARE_WHOLE, INTERVAL_CONFIDENCE);
	return whole < needed ? needed : 0;
}

static void not_judged_of_so_few(
	struct threshold_outcome *outcome, const struct figure *of, uint64_t whole, uint64_t needed)
{
	bool established = of->offset == offsetof(struct result, totals.established);
	snprintf(outcome->not_judged, sizeof(outcome->not_judged),
		"so fine a share cannot be judged with %" PRIu64 " %s%s (it takes %" PRIu64 ")",
		whole, established ? "connection" : "dial", plural(whole), needed);
	outcome->crossed = false;
}

static void evaluate_count(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *outcome)
{
	const struct count_range range = count_range(threshold->metric.figure, result, running);
	uint64_t whole = figure_value(threshold->metric.whole, result);
	if (range.least == RESULT_UNKNOWN) {
		not_judged(outcome, "this run could not tell");
		return;
	}
	if (running && !asks_for_high(threshold->relation)) {
		not_judged(outcome, "it is judged at the end of the run");
		return;
	}
	if (threshold->share && whole == 0) {
		not_judged(outcome, "there is nothing to take a share of");
		return;
	}
	if (threshold->share && running && whole < THRESHOLD_RUNNING_SAMPLES) {
		not_judged(outcome, "it is too early for a share");
		return;
	}
	if (!agree(threshold, &range, whole, &outcome->crossed)) {
		outcome->crossed = false;
		not_judged(outcome, "some connections could not tell");
		return;
	}
	uint64_t needed = takes_more(threshold, whole, outcome->crossed);
	if (needed > 0) {
		not_judged_of_so_few(outcome, threshold->metric.whole, whole, needed);
		return;
	}
	int used = snprintf(outcome->actual, sizeof(outcome->actual), "%s",
		range.least < range.most ? "at least " : "");
	if (threshold->share) {
		format_share(outcome->actual + used, sizeof(outcome->actual) - (size_t)used,
			(uint64_t)((uint128)range.least * THRESHOLD_SHARE_WHOLE / whole));
	} else {
		snprintf(outcome->actual + used, sizeof(outcome->actual) - (size_t)used, "%" PRIu64,
			range.least);
	}
}

/* Why a time was measured of too few; NULL where it was not. */
static const char *too_few_samples(
	enum times times, const struct result *result, uint64_t samples, uint64_t whole)
{
	if (samples > 0 && samples >= whole - whole / 2) {
		return NULL;
	}
	if (times == TIMES_LAG && !schedule_is_paced(&result->schedule)) {
		return "a run without a pace has no schedule: give --rate or --sleep";
	}
	if (times_set_apart(result, times) > 0) {
		return "most of them span a stall of this program";
	}
	return samples == 0 ? "there are no samples" : "it was measured of less than half of them";
}

static void evaluate_time(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *outcome)
{
	enum times times = threshold->metric.times;
	const struct times_row *row = times_row(times);
	const struct histogram *histogram = &result->times[times];
	uint64_t whole = times_expected(result, times);
	if (row->none != NULL && whole == 0 && !running) {
		snprintf(outcome->actual, sizeof(outcome->actual), "%s", row->none);
		return;
	}
	const char *why = too_few_samples(times, result, histogram->count, running ? 0 : whole);
	if (why != NULL) {
		not_judged(outcome, why);
		return;
	}
	if (running && !statistic_is_extreme(threshold->statistic) &&
		histogram->count < THRESHOLD_RUNNING_SAMPLES) {
		not_judged(outcome, "it is too early for this statistic");
		return;
	}
	uint64_t actual_ns = statistic_ns(histogram, threshold->statistic);
	outcome->crossed = compare(actual_ns, threshold->relation, threshold->limit);
	char text[UNITS_TEXT_MAX];
	units_format_duration(actual_ns, text);
	if (running || histogram->count >= whole) {
		snprintf(outcome->actual, sizeof(outcome->actual), "%s", text);
	} else {
		snprintf(outcome->actual, sizeof(outcome->actual),
			"%s, measured of %" PRIu64 " of %" PRIu64, text, histogram->count, whole);
	}
}

static void evaluate_rate(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *outcome)
{
	uint64_t count = figure_value(threshold->metric.figure, result);
	uint64_t time_ns = figure_value(threshold->metric.whole, result);
	if (time_ns == 0 || time_ns == RESULT_UNKNOWN) {
		not_judged(outcome, "the run was too short for a rate");
		return;
	}
	if (running && !asks_for_high(threshold->relation)) {
		not_judged(outcome, "it is judged at the end of the run");
		return;
	}
	if (running && count < THRESHOLD_RUNNING_SAMPLES) {
		not_judged(outcome, "it is too early for a rate");
		return;
	}
	uint128 scaled = (uint128)count * NSEC_PER_SEC;
	uint128 limit = (uint128)threshold->limit * time_ns;
	outcome->crossed = compare(scaled, threshold->relation, limit);
	snprintf(outcome->actual, sizeof(outcome->actual), "%.1f/s",
		(double)count * (double)NSEC_PER_SEC / (double)time_ns);
}

static void format_limit(const struct threshold *threshold, char *text, size_t size)
{
	switch (threshold->metric.kind) {
	case THRESHOLD_COUNT:
		if (threshold->share) {
			format_share(text, size, threshold->limit);
		} else {
			snprintf(text, size, "%" PRIu64, threshold->limit);
		}
		break;
	case THRESHOLD_TIME:
		units_format_duration(threshold->limit, text);
		break;
	case THRESHOLD_RATE:
		snprintf(text, size, "%" PRIu64 "/s", threshold->limit);
		break;
	}
}

static_assert(sizeof(((struct threshold_outcome *)0)->actual) >= UNITS_TEXT_MAX, "a time fits");

/* The kernel was to tell, and this program got no answer: the report says from what error. */
static bool got_no_answer(const struct threshold *threshold, const struct result *result)
{
	const struct threshold_metric *metric = &threshold->metric;
	bool by_kernel = metric->kind == THRESHOLD_TIME ? times_row(metric->times)->by_kernel
							: metric->figure->by_kernel;
	return by_kernel && result->kernel.error_number > 0;
}

void threshold_evaluate(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *ret_outcome)
{
	*ret_outcome = (struct threshold_outcome){0};
	format_limit(threshold, ret_outcome->limit, sizeof(ret_outcome->limit));
	switch (threshold->metric.kind) {
	case THRESHOLD_COUNT:
		evaluate_count(threshold, result, running, ret_outcome);
		break;
	case THRESHOLD_TIME:
		evaluate_time(threshold, result, running, ret_outcome);
		break;
	case THRESHOLD_RATE:
		evaluate_rate(threshold, result, running, ret_outcome);
		break;
	}
	if (ret_outcome->not_judged[0] != '\0' && !running && got_no_answer(threshold, result)) {
		not_judged(ret_outcome, "the kernel gave no answer");
		ret_outcome->unmeasured_here = true;
	}
}
