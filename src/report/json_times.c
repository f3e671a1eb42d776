/* SPDX-License-Identifier: MIT */
/*
 * The encoding of HdrHistogram keeps how many values lie in each slot. Minimum, maximum and the
 * sums that mean and deviation come from are exact in the result, so they stand beside it: the
 * sums, which may need 128 bits, as texts of digits.
 */
#include "report/json_times.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"
#include "tcpgoon/stats/hdr_encoding.h"
#include "tcpgoon/stats/interval.h"
#include "tcpgoon/stats/statistic.h"

/* 2^128 has 39 digits. */
#define WIDE_DIGITS 40

/* "p999_high" */
#define INTERVAL_KEY_MAX 16

static json_t *make_wide(uint128 value)
{
	char text[WIDE_DIGITS];
	char *at = text + sizeof(text) - 1;
	*at = '\0';
	do {
		*--at = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value > 0);
	return json_string(at);
}

static bool parse_wide(const char *text, uint128 *ret_value)
{
	uint128 value = 0;
	if (*text == '\0' || (text[0] == '0' && text[1] != '\0')) {
		return false;
	}
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint128)(*text - '0'), &value)) {
			return false;
		}
	}
	*ret_value = value;
	return *text == '\0';
}

static json_t *make_encoded(const struct histogram *histogram)
{
	char *text = NULL;
	if (histogram_encode(histogram, &text) < 0) {
		return NULL;
	}
	json_t *encoded = json_string(text);
	free(text);
	return encoded;
}

/* Mean and deviation are no whole microseconds. */
static json_t *make_statistic(const struct histogram *histogram, enum statistic statistic)
{
	if (histogram->count == 0) {
		return json_null();
	}
	uint64_t ns = statistic_ns(histogram, statistic);
	bool whole = statistic_is_percentile(statistic) || statistic_is_extreme(statistic);
	return whole ? json_value_count(ns / NSEC_PER_USEC) : json_value_us(ns);
}

/* "p99_low": the ends of the interval of a percentile, behind it. */
static int add_interval(json_t *times, const struct histogram *histogram, enum statistic statistic)
{
	struct interval_us interval =
		interval_of_percentile(histogram, statistic, INTERVAL_CONFIDENCE);
	char low[INTERVAL_KEY_MAX];
	char high[INTERVAL_KEY_MAX];
	snprintf(low, sizeof(low), "%s_low", statistic_key(statistic));
	snprintf(high, sizeof(high), "%s_high", statistic_key(statistic));
	return json_object_set_new(times, low, json_value_count(interval.low_us)) |
		json_object_set_new(times, high, json_value_count(interval.high_us));
}

static json_t *make_statistics(const struct histogram *histogram, bool with_intervals)
{
	json_t *times = json_object();
	int r = json_object_set_new(times, "count", json_value_count(histogram->count));
	for (int i = 0; i < STATISTICS; i++) {
		enum statistic statistic = (enum statistic)i;
		r |= json_object_set_new(
			times, statistic_key(statistic), make_statistic(histogram, statistic));
		if (with_intervals && statistic_is_percentile(statistic)) {
			r |= add_interval(times, histogram, statistic);
		}
	}
	if (r != 0) {
		json_decref(times);
		return NULL;
	}
	return times;
}

json_t *json_times_make_summary(const struct histogram *histogram)
{
	return make_statistics(histogram, false);
}

json_t *json_times_make(const struct histogram *histogram)
{
	json_t *times = make_statistics(histogram, true);
	int r = json_object_set_new(times, "sum", make_wide(histogram->sum_us));
	r |= json_object_set_new(times, "sum_squares", make_wide(histogram->sum_squares_us2));
	r |= json_object_set_new(times, "hdr", make_encoded(histogram));
	if (r != 0) {
		json_decref(times);
		return NULL;
	}
	return times;
}

static int read_wide(
	const json_t *object, const char *name, uint128 *ret_value, struct json_place *place)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value) || !parse_wide(json_string_value(value), ret_value)) {
		size_t mark = json_place_enter(place, name);
		int r = json_place_fail(place, value, "a whole number as a text of digits");
		json_place_leave(place, mark);
		return r;
	}
	return 0;
}

/* The numbers beside the encoded values. */
struct beside {
	uint64_t count;
	uint64_t min_us;
	uint64_t max_us;
};

static const struct json_field beside_fields[] = {
	{"count", JSON_COUNT, offsetof(struct beside, count), sizeof(uint64_t), NULL, 0},
	{"min", JSON_MAYBE, offsetof(struct beside, min_us), sizeof(uint64_t), NULL, 0},
	{"max", JSON_MAYBE, offsetof(struct beside, max_us), sizeof(uint64_t), NULL, 0},
};

static const struct json_table beside_table = {
	.fields = beside_fields,
	.count = sizeof(beside_fields) / sizeof(beside_fields[0]),
};

static int read_slots(struct histogram *histogram, const json_t *object, struct json_place *place)
{
	const json_t *value = json_object_get(object, "hdr");
	size_t mark = json_place_enter(place, "hdr");
	int r = json_is_string(value)
		? histogram_decode(histogram, json_string_value(value), place->error)
		: json_place_fail(place, value, "an encoded histogram");
	if (r == -ENOMEM) {
		json_place_fail_memory(place);
	} else if (r < 0 && json_is_string(value)) {
		error_prefix(place->error, "%s", place->text);
		r = -EINVAL;
	}
	json_place_leave(place, mark);
	return r;
}

int json_times_read(struct histogram *histogram, const json_t *object, struct json_place *place)
{
	struct beside beside;
	struct histogram_moments moments;
	int r = json_table_read(&beside_table, &beside, object, place);
	if (r == 0) {
		r = read_wide(object, "sum", &moments.sum_us, place);
	}
	if (r == 0) {
		r = read_wide(object, "sum_squares", &moments.sum_squares_us2, place);
	}
	if (r == 0) {
		r = read_slots(histogram, object, place);
	}
	if (r < 0) {
		return r;
	}
	moments.min_us = beside.min_us;
	moments.max_us = beside.max_us == RESULT_UNKNOWN ? 0 : beside.max_us;
	if (beside.count != histogram->count || !histogram_set_moments(histogram, &moments)) {
		return error_set(place->error, -EINVAL,
			"%s: count, min, max and sums are not those of the values in hdr",
			place->text);
	}
	return 0;
}
