/* SPDX-License-Identifier: MIT */
/*
 * All comparisons are of whole numbers: counts, nanoseconds, and shares cross-multiplied, so that
 * 999 of 1000 is exactly 99.9%, neither above nor below it.
 *
 * What a share is of, is chosen so that it cannot be diluted: connections that were never dialled
 * do not make the failed look few, and those that failed do not make the dropped look few. Only
 * `established`, which people bound from below, is of all that were asked for: what was not dialled
 * is not established.
 */
#include "tcpgoon/verdict/threshold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/base/wide.h"

/* A share is kept in millionths of a percent. */
#define SHARE_ONE_PERCENT UINT64_C(1000000)
#define SHARE_DECIMALS 6
#define SHARE_WHOLE (100 * SHARE_ONE_PERCENT)

struct metric {
	struct threshold_metric visible;
	size_t value; /* offset in struct result: a uint64_t, or the histogram of a time */
	size_t whole; /* of a count: what its shares are of; of a time: the connections that had one */
	size_t most; /* of a count that may be known to a part only: its upper bound; else 0 */
};

#define OF(member) offsetof(struct result, member)

static const struct metric metrics[] = {
	{{"errors", THRESHOLD_COUNT, "dialed", "connections that were never established"},
		OF(at_end.failed), OF(dialed)},
	{{"established", THRESHOLD_COUNT, "requested", "connections ever established"},
		OF(established), OF(at_end.total)},
	{{"unconfirmed", THRESHOLD_COUNT, "established",
		 "established here, while the peer repeats its SYN-ACK"},
		OF(unconfirmed), OF(established), OF(unconfirmed_most)},
	{{"drops", THRESHOLD_COUNT, "established",
		 "established, then ended by the peer or the path"},
		OF(at_end.closed), OF(established)},
	{{"open", THRESHOLD_COUNT, "requested", "connections open at the end"},
		OF(at_end.established), OF(at_end.total)},
	{{"max-concurrent", THRESHOLD_COUNT, "requested", "most connections open at one time"},
		OF(max_concurrent), OF(at_end.total)},
	{{"dialed", THRESHOLD_COUNT, "requested", "connections that were dialled"}, OF(dialed),
		OF(at_end.total)},
	{{"undecided", THRESHOLD_COUNT, "requested", "still dialling when the run ended"},
		OF(at_end.dialing), OF(at_end.total)},
	{{"handshake", THRESHOLD_TIME, NULL, "the kernel's own measurement of the handshake"},
		OF(handshake), OF(established)},
	{{"connect", THRESHOLD_TIME, NULL, "from the dial to established, by the clock"},
		OF(connect), OF(established)},
	{{"failure", THRESHOLD_TIME, NULL, "from the dial to its failure, by the clock"},
		OF(failure), OF(at_end.failed)},
	{{"lag", THRESHOLD_TIME, NULL, "from the scheduled instant to the dial"}, OF(lag),
		OF(dialed)},
	{{"rate", THRESHOLD_RATE, NULL, "connections established a second, while dialling"},
		OF(established), 0},
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* One that is the beginning of another stands behind it. */
static const struct {
	const char *name;
	double percentile; /* 0: not a percentile */
} statistics[THRESHOLD_STATISTICS] = {
	[THRESHOLD_MIN] = {"min", 0},
	[THRESHOLD_MEAN] = {"mean", 0},
	[THRESHOLD_P50] = {"p50", 50},
	[THRESHOLD_P90] = {"p90", 90},
	[THRESHOLD_P99] = {"p99", 99},
	[THRESHOLD_P999] = {"p99.9", 99.9},
	[THRESHOLD_MAX] = {"max", 0},
	[THRESHOLD_STDDEV] = {"stddev", 0},
};

#define P999_ALIAS "p999"

static const char *const operators[THRESHOLD_OPERATORS] = {
	[THRESHOLD_ABOVE] = ">",
	[THRESHOLD_AT_LEAST] = ">=",
	[THRESHOLD_BELOW] = "<",
	[THRESHOLD_AT_MOST] = "<=",
	[THRESHOLD_EQUAL] = "==",
	[THRESHOLD_UNEQUAL] = "!=",
};

const struct threshold_metric *threshold_metric_at(size_t index)
{
	return index < METRICS ? &metrics[index].visible : NULL;
}

const char *threshold_statistic_name(enum threshold_statistic statistic)
{
	return statistics[statistic].name;
}

const char *threshold_operator_name(enum threshold_operator operator)
{
	return operators[operator];
}

/* The text under way. */
struct reader {
	const char *text;
	const char *at;
	struct error *error;
};

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t");
}

/* Letters, digits, '-' and what else is allowed. */
static size_t word_length(const char *text, const char *also)
{
	size_t length = 0;
	for (;; length++) {
		char c = text[length];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		if (!letter && !digit && (c == '\0' || strchr(also, c) == NULL)) {
			return length;
		}
	}
}

/* As many columns as the characters before `place` take as they are shown. */
static int column_of(const char *text, const char *place)
{
	char piece[ESCAPE_PIECE_MAX];
	int columns = 0;
	while (text < place && escape_next(&text, piece) > 0) {
		columns += escape_columns(piece);
	}
	return columns;
}

/* The message of three lines. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) static int fail_at(struct reader *reader, const char *place,
	const char *wrong, const char *expected_format, ...)
{
	char expected[300];
	va_list arguments;
	va_start(arguments, expected_format);
	vsnprintf(expected, sizeof(expected), expected_format, arguments);
	va_end(arguments);

	char shown[THRESHOLD_TEXT_MAX + 1];
	snprintf(shown, sizeof(shown), "%s", reader->text);
	for (char *c = shown; *c != '\0'; c++) {
		*c = *c == '\t' ? ' ' : *c;
	}
	int r = error_set(reader->error, -EINVAL, "%s", wrong);
	error_add_line(reader->error, "  %s", shown);
	error_add_line(reader->error, "  %*s^ %s", column_of(shown, shown + (place - reader->text)),
		"", expected);
	return r;
}

static void list_metrics(char *list, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < METRICS && used < size; i++) {
		used += (size_t)snprintf(list + used, size - used, "%s%s", i > 0 ? ", " : "",
			metrics[i].visible.name);
	}
}

static void list_statistics(char *list, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < THRESHOLD_STATISTICS && used < size; i++) {
		used += (size_t)snprintf(
			list + used, size - used, "%s.%s", i > 0 ? ", " : "", statistics[i].name);
	}
}

static int read_metric(struct reader *reader, size_t *ret_metric)
{
	size_t length = word_length(reader->at, "-_");
	for (size_t i = 0; i < METRICS; i++) {
		const char *name = metrics[i].visible.name;
		if (strlen(name) == length && memcmp(name, reader->at, length) == 0) {
			reader->at += length;
			*ret_metric = i;
			return 0;
		}
	}
	char list[200];
	list_metrics(list, sizeof(list));
	return fail_at(reader, reader->at,
		length == 0 ? "a threshold begins with what it is about"
			    : "there is no such metric",
		"expected one of %s", list);
}

static int read_statistic(
	struct reader *reader, const struct threshold_metric *metric, struct threshold *threshold)
{
	char list[120];
	list_statistics(list, sizeof(list));
	bool given = *reader->at == '.';
	if (metric->kind != THRESHOLD_TIME) {
		return given ? fail_at(reader, reader->at, "only times have statistics",
				       "expected an operator behind '%s'", metric->name)
			     : 0;
	}
	if (!given) {
		return fail_at(reader, reader->at, "a time is asked for one of its statistics",
			"expected one of %s", list);
	}
	const char *word = reader->at + 1;
	size_t length = word_length(word, ".");
	for (size_t i = 0; i < THRESHOLD_STATISTICS; i++) {
		const char *name = statistics[i].name;
		bool alias = i == THRESHOLD_P999 && length == strlen(P999_ALIAS) &&
			memcmp(word, P999_ALIAS, length) == 0;
		if (alias || (strlen(name) == length && memcmp(name, word, length) == 0)) {
			threshold->statistic = (enum threshold_statistic)i;
			reader->at = word + length;
			return 0;
		}
	}
	return fail_at(reader, word, "there is no such statistic", "expected one of %s", list);
}

static int read_operator(struct reader *reader, enum threshold_operator *ret_operator)
{
	size_t length = strspn(reader->at, "<>=!");
	for (size_t i = 0; i < THRESHOLD_OPERATORS; i++) {
		if (strlen(operators[i]) == length &&
			memcmp(operators[i], reader->at, length) == 0) {
			*ret_operator = (enum threshold_operator)i;
			reader->at += length;
			return 0;
		}
	}
	return fail_at(reader, reader->at, "an operator is missing or not known",
		"expected one of > >= < <= == !=");
}

/* "99.9" as millionths. Returns 0 or -EINVAL: not such a number, too fine, or above `max`. */
static int parse_millionths(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	int decimals = -1; /* no point yet */
	bool digits = false;
	for (; *text != '\0'; text++) {
		if (*text == '.' && decimals < 0 && digits) {
			decimals = 0;
			digits = false;
			continue;
		}
		if (*text < '0' || *text > '9' || decimals == SHARE_DECIMALS) {
			return -EINVAL;
		}
		digits = true;
		value = value * 10 + (uint64_t)(*text - '0');
		decimals += decimals >= 0;
		if (value > max) {
			return -EINVAL;
		}
	}
	for (int i = decimals < 0 ? 0 : decimals; i < SHARE_DECIMALS; i++) {
		value *= 10;
	}
	if (!digits || value > max) {
		return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

static int read_count(struct reader *reader, char *value, struct threshold *threshold)
{
	size_t length = strlen(value);
	if (length > 0 && value[length - 1] == '%') {
		value[length - 1] = '\0';
		threshold->share = true;
		if (parse_millionths(value, SHARE_WHOLE, &threshold->limit) < 0) {
			return fail_at(reader, reader->at, "this is not a percentage",
				"expected 0%% to 100%%, with up to %d decimals", SHARE_DECIMALS);
		}
		return 0;
	}
	if (units_parse_count(value, 0, UINT64_MAX, &threshold->limit, NULL) < 0) {
		return fail_at(reader, reader->at, "this is not a number of connections",
			"expected a whole number (10, 20k) or a percentage of those %s (0.5%%)",
			metrics[threshold->metric].visible.share_of);
	}
	return 0;
}

static int read_rate(struct reader *reader, char *value, struct threshold *threshold)
{
	size_t length = strlen(value);
	if (length > 2 && strcmp(value + length - 2, "/s") == 0) {
		value[length - 2] = '\0';
	}
	/* Bounded so that it can be multiplied by nanoseconds of a run. */
	if (units_parse_count(value, 0, UINT32_MAX, &threshold->limit, NULL) < 0) {
		return fail_at(reader, reader->at, "this is not a rate",
			"expected connections a second: 1000, 20k or 20k/s");
	}
	return 0;
}

static int read_value(struct reader *reader, struct threshold *threshold)
{
	char value[THRESHOLD_TEXT_MAX + 1];
	snprintf(value, sizeof(value), "%s", reader->at);
	size_t length = strlen(value);
	while (length > 0 && strchr(" \t", value[length - 1]) != NULL) {
		value[--length] = '\0';
	}
	switch (metrics[threshold->metric].visible.kind) {
	case THRESHOLD_COUNT:
		return read_count(reader, value, threshold);
	case THRESHOLD_RATE:
		return read_rate(reader, value, threshold);
	case THRESHOLD_TIME:
		break;
	}
	if (units_parse_duration(value, NSEC_PER_MSEC, 0, UINT64_MAX, &threshold->limit, NULL) <
		0) {
		return fail_at(reader, reader->at, "this is not a time",
			"expected a time: 50ms, 1.5s, 800us; a bare number is milliseconds");
	}
	return 0;
}

int threshold_parse(const char *text, struct threshold *ret_threshold, struct error *error)
{
	struct reader reader = {.text = text, .at = text, .error = error};
	struct threshold threshold = {0};
	size_t length = strlen(text);
	if (length > THRESHOLD_TEXT_MAX) {
		return error_set(error, -EINVAL,
			"a threshold has at most %d characters, this one %zu", THRESHOLD_TEXT_MAX,
			length);
	}
	memcpy(threshold.text, text, length + 1);

	skip_blanks(&reader);
	int r = read_metric(&reader, &threshold.metric);
	if (r < 0) {
		return r;
	}
	r = read_statistic(&reader, &metrics[threshold.metric].visible, &threshold);
	if (r < 0) {
		return r;
	}
	skip_blanks(&reader);
	r = read_operator(&reader, &threshold.operator);
	if (r < 0) {
		return r;
	}
	skip_blanks(&reader);
	r = read_value(&reader, &threshold);
	if (r < 0) {
		return r;
	}
	*ret_threshold = threshold;
	return 0;
}

static bool compare(uint128 actual, enum threshold_operator operator, uint128 limit)
{
	switch (operator) {
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
	case THRESHOLD_OPERATORS:
		break;
	}
	return actual != limit;
}

/* Whether it is about being high, which a growing number can only become. */
static bool asks_for_high(enum threshold_operator operator)
{
	return operator== THRESHOLD_ABOVE || operator== THRESHOLD_AT_LEAST;
}

static const void *member(const struct result *result, size_t offset)
{
	return (const char *)result + offset;
}

/* Of "0.100000" the zeros that say nothing go. */
static void format_share(char *text, size_t size, uint64_t millionths)
{
	char fraction[SHARE_DECIMALS + 1];
	snprintf(fraction, sizeof(fraction), "%06u", (unsigned)(millionths % SHARE_ONE_PERCENT));
	size_t digits = SHARE_DECIMALS;
	while (digits > 0 && fraction[digits - 1] == '0') {
		fraction[--digits] = '\0';
	}
	snprintf(text, size, "%" PRIu64 "%s%s%%", millionths / SHARE_ONE_PERCENT,
		digits > 0 ? "." : "", fraction);
}

static void not_judged(struct threshold_outcome *outcome, const char *why)
{
	outcome->not_judged = why;
}

/* From `least` to `most` connections: the same where the number is known. */
struct count_range {
	uint64_t least;
	uint64_t most;
};

/* RESULT_UNKNOWN for both where nothing is known. */
static struct count_range count_range(
	const struct metric *metric, const struct result *result, bool running)
{
	uint64_t value = *(const uint64_t *)member(result, metric->value);
	if (metric->most == 0 || running) {
		return (struct count_range){value, value};
	}
	uint64_t most = *(const uint64_t *)member(result, metric->most);
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
	uint128 unit = threshold->share ? SHARE_WHOLE : 1;
	uint128 limit = (threshold->share ? (uint128)whole : 1) * threshold->limit;
	uint128 least = range->least * unit;
	uint128 most = range->most * unit;
	*ret_crossed = compare(least, threshold->operator, limit);
	bool within = least != most && least <= limit && limit <= most;
	bool of_one_number =
		threshold->operator== THRESHOLD_EQUAL || threshold->operator== THRESHOLD_UNEQUAL;
	return of_one_number ? !within : compare(most, threshold->operator, limit) == *ret_crossed;
}

static void evaluate_count(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *outcome)
{
	const struct metric *metric = &metrics[threshold->metric];
	const struct count_range range = count_range(metric, result, running);
	uint64_t whole = *(const uint64_t *)member(result, metric->whole);
	if (range.least == RESULT_UNKNOWN) {
		not_judged(outcome, "this run could not tell");
		return;
	}
	if (running && !asks_for_high(threshold->operator)) {
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
	int used = snprintf(outcome->actual, sizeof(outcome->actual), "%s",
		range.least < range.most ? "at least " : "");
	if (threshold->share) {
		format_share(outcome->actual + used, sizeof(outcome->actual) - (size_t)used,
			(uint64_t)((uint128)range.least * SHARE_WHOLE / whole));
	} else {
		snprintf(outcome->actual + used, sizeof(outcome->actual) - (size_t)used, "%" PRIu64,
			range.least);
	}
}

static uint64_t statistic_ns(const struct histogram *histogram, enum threshold_statistic statistic)
{
	switch (statistic) {
	case THRESHOLD_MIN:
		return histogram->min_us * NSEC_PER_USEC;
	case THRESHOLD_MAX:
		return histogram->max_us * NSEC_PER_USEC;
	case THRESHOLD_MEAN:
		return histogram_mean_ns(histogram);
	case THRESHOLD_STDDEV:
		return histogram_stddev_ns(histogram);
	case THRESHOLD_P50:
	case THRESHOLD_P90:
	case THRESHOLD_P99:
	case THRESHOLD_P999:
	case THRESHOLD_STATISTICS:
		break;
	}
	return histogram_percentile(histogram, statistics[statistic].percentile) * NSEC_PER_USEC;
}

/* Why a time was measured of too few; NULL where it was not. */
static const char *too_few_samples(
	const struct metric *metric, const struct result *result, uint64_t samples, uint64_t whole)
{
	if (samples > 0 && samples >= whole - whole / 2) {
		return NULL;
	}
	if (metric->value == OF(lag) && result->generator.period_ns == 0) {
		return "a run without a pace has no schedule: give --sleep";
	}
	if ((metric->value == OF(connect) && result->stalls.connect_apart > 0) ||
		(metric->value == OF(failure) && result->stalls.failure_apart > 0)) {
		return "most of them span a stall of this program";
	}
	return samples == 0 ? "there are no samples" : "it was measured of less than half of them";
}

static void evaluate_time(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *outcome)
{
	const struct metric *metric = &metrics[threshold->metric];
	const struct histogram *histogram = member(result, metric->value);
	uint64_t whole = *(const uint64_t *)member(result, metric->whole);
	bool single =
		threshold->statistic == THRESHOLD_MIN || threshold->statistic == THRESHOLD_MAX;
	if (metric->value == OF(failure) && whole == 0 && !running) {
		snprintf(outcome->actual, sizeof(outcome->actual), "of none that failed");
		return;
	}
	const char *why = too_few_samples(metric, result, histogram->count, running ? 0 : whole);
	if (why != NULL) {
		not_judged(outcome, why);
		return;
	}
	if (running && !single && histogram->count < THRESHOLD_RUNNING_SAMPLES) {
		not_judged(outcome, "it is too early for this statistic");
		return;
	}
	uint64_t actual_ns = statistic_ns(histogram, threshold->statistic);
	outcome->crossed = compare(actual_ns, threshold->operator, threshold->limit);
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
	uint64_t count = result->established;
	if (result->dialing_ns == 0 || result->dialing_ns == RESULT_UNKNOWN) {
		not_judged(outcome, "the run was too short for a rate");
		return;
	}
	if (running && !asks_for_high(threshold->operator)) {
		not_judged(outcome, "it is judged at the end of the run");
		return;
	}
	if (running && count < THRESHOLD_RUNNING_SAMPLES) {
		not_judged(outcome, "it is too early for a rate");
		return;
	}
	uint128 scaled = (uint128)count * NSEC_PER_SEC;
	outcome->crossed = compare(
		scaled, threshold->operator,(uint128) threshold->limit * result->dialing_ns);
	snprintf(outcome->actual, sizeof(outcome->actual), "%.1f/s",
		(double)count * (double)NSEC_PER_SEC / (double)result->dialing_ns);
}

static void format_limit(const struct threshold *threshold, char *text, size_t size)
{
	switch (metrics[threshold->metric].visible.kind) {
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

_Static_assert(sizeof(((struct threshold_outcome *)0)->actual) >= UNITS_TEXT_MAX, "a time fits");

/* The kernel was to tell, and this program got no answer: the report says from what error. */
static bool got_no_answer(const struct threshold *threshold, const struct result *result)
{
	size_t value = metrics[threshold->metric].value;
	bool told_by_kernel = value == OF(handshake) || value == OF(unconfirmed);
	return told_by_kernel && result->kernel.error_number > 0;
}

void threshold_evaluate(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *ret_outcome)
{
	struct threshold_outcome outcome = {0};
	format_limit(threshold, outcome.limit, sizeof(outcome.limit));
	switch (metrics[threshold->metric].visible.kind) {
	case THRESHOLD_COUNT:
		evaluate_count(threshold, result, running, &outcome);
		break;
	case THRESHOLD_TIME:
		evaluate_time(threshold, result, running, &outcome);
		break;
	case THRESHOLD_RATE:
		evaluate_rate(threshold, result, running, &outcome);
		break;
	}
	if (outcome.not_judged != NULL && !running && got_no_answer(threshold, result)) {
		outcome.not_judged = "the kernel gave no answer";
		outcome.unmeasured_here = true;
	}
	*ret_outcome = outcome;
}
