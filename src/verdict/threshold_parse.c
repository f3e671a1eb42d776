/* SPDX-License-Identifier: MIT */
#include "tcpgoon/verdict/threshold.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/nearest.h"
#include "tcpgoon/base/units.h"

static const char *const relations[THRESHOLD_RELATIONS] = {
	[THRESHOLD_ABOVE] = ">",
	[THRESHOLD_AT_LEAST] = ">=",
	[THRESHOLD_BELOW] = "<",
	[THRESHOLD_AT_MOST] = "<=",
	[THRESHOLD_EQUAL] = "==",
	[THRESHOLD_UNEQUAL] = "!=",
};

const char *threshold_relation_name(enum threshold_relation relation)
{
	return relations[relation];
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
	struct threshold_metric metric;
	size_t used = 0;
	for (size_t i = 0; used < size && threshold_metric_at(i, &metric); i++) {
		used += (size_t)snprintf(
			list + used, size - used, "%s%s", i > 0 ? ", " : "", metric.name);
	}
}

static void list_statistics(char *list, size_t size)
{
	size_t used = 0;
	for (int i = 0; i < STATISTICS && used < size; i++) {
		used += (size_t)snprintf(list + used, size - used, "%s.%s", i > 0 ? ", " : "",
			statistic_name((enum statistic)i));
	}
}

static bool is_word(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && memcmp(name, text, length) == 0;
}

static int read_metric(struct reader *reader, struct threshold_metric *ret_metric)
{
	size_t length = word_length(reader->at, "-_");
	struct nearest nearest = NEAREST_INIT(reader->at, length);
	struct threshold_metric metric;
	for (size_t i = 0; threshold_metric_at(i, &metric); i++) {
		if (is_word(metric.name, reader->at, length)) {
			reader->at += length;
			*ret_metric = metric;
			return 0;
		}
		nearest_offer(&nearest, metric.name);
	}
	char list[200];
	char question[NEAREST_QUESTION_MAX];
	list_metrics(list, sizeof(list));
	return fail_at(reader, reader->at,
		length == 0 ? "a threshold begins with what it is about"
			    : "there is no such metric",
		"expected one of %s%s", list, nearest_ask(&nearest, "", question));
}

static int read_statistic(struct reader *reader, struct threshold *threshold)
{
	char list[120];
	list_statistics(list, sizeof(list));
	bool given = *reader->at == '.';
	if (threshold->metric.kind != THRESHOLD_TIME) {
		return given ? fail_at(reader, reader->at, "only times have statistics",
				       "expected an operator behind '%s'", threshold->metric.name)
			     : 0;
	}
	if (!given) {
		return fail_at(reader, reader->at, "a time is asked for one of its statistics",
			"expected one of %s", list);
	}
	const char *word = reader->at + 1;
	size_t length = word_length(word, ".");
	struct nearest nearest = NEAREST_INIT(word, length);
	for (int i = 0; i < STATISTICS; i++) {
		enum statistic statistic = (enum statistic)i;
		if (is_word(statistic_name(statistic), word, length) ||
			is_word(statistic_key(statistic), word, length)) {
			threshold->statistic = statistic;
			reader->at = word + length;
			return 0;
		}
		nearest_offer(&nearest, statistic_name(statistic));
	}
	char question[NEAREST_QUESTION_MAX];
	return fail_at(reader, word, "there is no such statistic", "expected one of %s%s", list,
		nearest_ask(&nearest, "", question));
}

static int read_relation(struct reader *reader, enum threshold_relation *ret_relation)
{
	size_t length = strspn(reader->at, "<>=!");
	for (size_t i = 0; i < THRESHOLD_RELATIONS; i++) {
		if (is_word(relations[i], reader->at, length)) {
			*ret_relation = (enum threshold_relation)i;
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
		if (*text < '0' || *text > '9' || decimals == THRESHOLD_SHARE_DECIMALS) {
			return -EINVAL;
		}
		digits = true;
		value = value * 10 + (uint64_t)(*text - '0');
		decimals += decimals >= 0;
		if (value > max) {
			return -EINVAL;
		}
	}
	for (int i = decimals < 0 ? 0 : decimals; i < THRESHOLD_SHARE_DECIMALS; i++) {
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
		if (parse_millionths(value, THRESHOLD_SHARE_WHOLE, &threshold->limit) < 0) {
			return fail_at(reader, reader->at, "this is not a percentage",
				"expected 0%% to 100%%, with up to %d decimals",
				THRESHOLD_SHARE_DECIMALS);
		}
		return 0;
	}
	if (units_parse_count(value, 0, UINT64_MAX, &threshold->limit, NULL) < 0) {
		return fail_at(reader, reader->at, "this is not a number of connections",
			"expected a whole number (10, 20k) or a percentage of those %s (0.5%%)",
			threshold->metric.whole->name);
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
	switch (threshold->metric.kind) {
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
	r = read_statistic(&reader, &threshold);
	if (r < 0) {
		return r;
	}
	skip_blanks(&reader);
	r = read_relation(&reader, &threshold.relation);
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
