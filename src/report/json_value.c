/* SPDX-License-Identifier: MIT */
#include "report/json_value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/stats/hdr_encoding.h"
#include "tcpgoon/stats/statistic.h"

json_t *json_value_count(uint64_t count)
{
	return count == RESULT_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

static json_t *make_time(uint64_t ns, uint64_t unit_ns)
{
	return ns == RESULT_UNKNOWN ? json_null() : json_real((double)ns / (double)unit_ns);
}

json_t *json_value_seconds(uint64_t ns)
{
	return make_time(ns, NSEC_PER_SEC);
}

json_t *json_value_ms(uint64_t ns)
{
	return make_time(ns, NSEC_PER_MSEC);
}

json_t *json_value_us(uint64_t ns)
{
	return make_time(ns, NSEC_PER_USEC);
}

json_t *json_value_ratio(double part, double whole)
{
	return whole > 0 ? json_real(part / whole) : json_null();
}

json_t *json_value_text(const char *text)
{
	if (text == NULL) {
		return json_null();
	}
	json_t *string = json_string(text);
	if (string != NULL) {
		return string;
	}
	/* A text of bytes that are no UTF-8, as a host or a path may be. */
	char *shown = escape_to_utf8(text);
	string = shown == NULL ? NULL : json_string(shown);
	free(shown);
	return string;
}

json_t *json_value_append(json_t *array, json_t *item)
{
	if (json_array_append_new(array, item) != 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

json_t *json_value_texts(const struct text_list *list)
{
	json_t *texts = json_array();
	for (size_t i = 0; i < list->count && texts != NULL; i++) {
		texts = json_value_append(texts, json_value_text(list->items[i]));
	}
	return texts;
}

json_t *json_value_instant(uint64_t ns)
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	struct tm parts;
	char day[sizeof("2024-01-31T12:00:00") + 16];
	if (gmtime_r(&seconds, &parts) == NULL ||
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
		return json_null();
	}
	return json_sprintf("%s.%09" PRIu64 "Z", day, ns % NSEC_PER_SEC);
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

json_t *json_value_times(const struct histogram *histogram)
{
	bool empty = histogram->count == 0;
	uint64_t mean_ns = empty ? RESULT_UNKNOWN : histogram_mean_ns(histogram);
	uint64_t stddev_ns = empty ? RESULT_UNKNOWN : histogram_stddev_ns(histogram);

	json_t *times =
		json_pack("{s:o, s:o, s:o, s:o}", "count", json_value_count(histogram->count),
			"min", json_value_count(empty ? RESULT_UNKNOWN : histogram->min_us), "mean",
			json_value_us(mean_ns), "stddev", json_value_us(stddev_ns));
	int r = 0;
	for (int i = 0; i < STATISTICS; i++) {
		enum statistic statistic = (enum statistic)i;
		if (statistic_is_percentile(statistic)) {
			uint64_t value_us = statistic_ns(histogram, statistic) / NSEC_PER_USEC;
			r |= json_object_set_new(times, statistic_key(statistic),
				json_value_count(empty ? RESULT_UNKNOWN : value_us));
		}
	}
	r |= json_object_set_new(
		times, "max", json_value_count(empty ? RESULT_UNKNOWN : histogram->max_us));
	r |= json_object_set_new(times, "hdr", make_encoded(histogram));
	if (r != 0) {
		json_decref(times);
		return NULL;
	}
	return times;
}
