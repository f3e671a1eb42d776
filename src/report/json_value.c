/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/json_value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/result/result.h"

json_t *json_value_count(uint64_t count)
{
	/* Of what is beyond JSON's whole numbers, as the unknown is, nothing is said. */
	return count > INT64_MAX ? json_null() : json_integer((json_int_t)count);
}

json_t *json_value_us(uint64_t ns)
{
	return json_real((double)ns / NSEC_PER_USEC);
}

const char *json_errno_word(int number, char digits[JSON_ERRNO_DIGITS])
{
	const char *name = strerrorname_np(number);
	if (name == NULL) {
		snprintf(digits, JSON_ERRNO_DIGITS, "%d", number);
	}
	return name != NULL ? name : digits;
}

json_t *json_value_errno(int number)
{
	char digits[JSON_ERRNO_DIGITS];
	return number > 0 ? json_string(json_errno_word(number, digits)) : json_null();
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

json_t *json_value_with(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
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
