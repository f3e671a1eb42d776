/* SPDX-License-Identifier: MIT */
/*
 * The rows are those of result/times and result/figures, under the names that they have in
 * thresholds; only the rate and the CPU time are added. The most connections open at one time is no
 * share: see report/json_shares.
 */
#include "compare/measure.h"

#include <math.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"

#define TIME_ROWS ((size_t)TIMES_MAX * STATISTICS)

static bool share_at(size_t index, struct measure *ret_measure)
{
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure->metric != NULL && figure->merge == FIGURE_SUM && index-- == 0) {
			*ret_measure = (struct measure){.kind = MEASURE_SHARE,
				.part = figure,
				.whole = figure_by_offset(figure->share_of)};
			return true;
		}
	}
	return false;
}

static size_t count_shares(void)
{
	struct measure measure;
	size_t count = 0;
	while (share_at(count, &measure)) {
		count++;
	}
	return count;
}

bool measure_at(size_t index, struct measure *ret_measure)
{
	size_t shares = count_shares();
	if (index < TIME_ROWS) {
		*ret_measure = (struct measure){.kind = MEASURE_TIME,
			.times = (enum times)(index / STATISTICS),
			.statistic = (enum statistic)(index % STATISTICS)};
		return true;
	}
	index -= TIME_ROWS;
	if (index < shares) {
		return share_at(index, ret_measure);
	}
	index -= shares;
	if (index < 2) {
		*ret_measure = (struct measure){.kind = index == 0 ? MEASURE_RATE : MEASURE_CPU};
	}
	return index < 2;
}

bool measure_is_listed(const struct measure *measure)
{
	return measure->kind != MEASURE_TIME || statistic_is_percentile(measure->statistic);
}

char *measure_name(const struct measure *measure, char name[MEASURE_NAME_MAX])
{
	switch (measure->kind) {
	case MEASURE_TIME:
		snprintf(name, MEASURE_NAME_MAX, "%s.%s", times_row(measure->times)->name,
			statistic_name(measure->statistic));
		break;
	case MEASURE_SHARE:
		snprintf(name, MEASURE_NAME_MAX, "%s", measure->part->metric);
		break;
	case MEASURE_RATE:
		snprintf(name, MEASURE_NAME_MAX, "rate");
		break;
	case MEASURE_CPU:
	case MEASURE_KINDS:
		snprintf(name, MEASURE_NAME_MAX, "cpu");
		break;
	}
	return name;
}

const char *measure_unit(const struct measure *measure)
{
	static const char *const units[MEASURE_KINDS] = {
		[MEASURE_TIME] = "us",
		[MEASURE_SHARE] = "ratio",
		[MEASURE_RATE] = "per_s",
		[MEASURE_CPU] = "us",
	};
	return units[measure->kind];
}

/* Lag is that of a schedule: without a pace there is none. */
static double time_value(const struct measure *measure, const struct result *result)
{
	const struct histogram *histogram = &result->times[measure->times];
	bool no_schedule = measure->times == TIMES_LAG && !schedule_is_paced(&result->schedule);
	return histogram->count == 0 || no_schedule
		? NAN
		: (double)statistic_ns(histogram, measure->statistic) / NSEC_PER_USEC;
}

/* Where only bounds are known, nothing is compared. */
static double share_value(const struct measure *measure, const struct result *result)
{
	uint64_t part = figure_value(measure->part, result);
	uint64_t whole = figure_value(measure->whole, result);
	const struct figure *most =
		measure->part->at_most == 0 ? NULL : figure_by_offset(measure->part->at_most);
	bool exact = most == NULL || figure_value(most, result) == part;
	return exact && whole > 0 && part <= whole ? (double)part / (double)whole : NAN;
}

double measure_value(const struct measure *measure, const struct result *result)
{
	double dialling_ns = (double)result->dialing_ns;
	bool dialled = result->dialing_ns != RESULT_UNKNOWN && result->dialing_ns > 0;
	switch (measure->kind) {
	case MEASURE_TIME:
		return time_value(measure, result);
	case MEASURE_SHARE:
		return share_value(measure, result);
	case MEASURE_RATE:
		return dialled ? (double)result->totals.established * NSEC_PER_SEC / dialling_ns
			       : NAN;
	case MEASURE_CPU:
	case MEASURE_KINDS:
		break;
	}
	return result_knows_cpu_share(result) && result->totals.dialed > 0
		? (double)result->generator.cpu_ns / (double)result->totals.dialed / NSEC_PER_USEC
		: NAN;
}

/* "0.8µs", "87µs", "2.39ms", "50.2ms", "3.00s" */
static void format_us(double us, char text[MEASURE_TEXT_MAX])
{
	if (us < 1000) {
		snprintf(text, MEASURE_TEXT_MAX, "%.*fµs", us < 10 && us != floor(us) ? 1 : 0, us);
		return;
	}
	bool is_ms = us < 1e6;
	double value = is_ms ? us / 1e3 : us / 1e6;
	snprintf(text, MEASURE_TEXT_MAX, "%.*f%s",
		value < 10            ? 2
			: value < 100 ? 1
				      : 0,
		value, is_ms ? "ms" : "s");
}

char *measure_format(const struct measure *measure, double value, char text[MEASURE_TEXT_MAX])
{
	switch (measure->kind) {
	case MEASURE_SHARE:
		snprintf(text, MEASURE_TEXT_MAX, "%.4g%%", value * 100);
		break;
	case MEASURE_RATE:
		snprintf(text, MEASURE_TEXT_MAX, "%.*f/s", value < 100 ? 1 : 0, value);
		break;
	case MEASURE_TIME:
	case MEASURE_CPU:
	case MEASURE_KINDS:
		format_us(value, text);
		break;
	}
	return text;
}
