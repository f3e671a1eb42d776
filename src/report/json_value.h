/* SPDX-License-Identifier: MIT */
/* The values that the report for programs is made of, as jansson's; NULL where memory is short. */
#ifndef TCPGOON_REPORT_JSON_VALUE_H
#define TCPGOON_REPORT_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

#include "tcpgoon/base/text_list.h"
#include "tcpgoon/stats/histogram.h"

/* A count that is RESULT_UNKNOWN is null. */
json_t *json_value_count(uint64_t count);

/* Of nanoseconds, as a real number; RESULT_UNKNOWN is null. */
json_t *json_value_seconds(uint64_t ns);
json_t *json_value_ms(uint64_t ns);
json_t *json_value_us(uint64_t ns);

/* part / whole, null where whole is 0: JSON has no infinity. */
json_t *json_value_ratio(double part, double whole);

/* null where it is NULL, or no UTF-8, as an argument may be: JSON cannot say that. */
json_t *json_value_text(const char *text);
json_t *json_value_texts(const struct text_list *list);

/* Nanoseconds since the epoch as RFC 3339 has them, in UTC: "2024-01-31T12:00:00.123456789Z". */
json_t *json_value_instant(uint64_t ns);

/* Count, moments, percentiles and all of it encoded. Of an empty one, what it has not is null. */
json_t *json_value_times(const struct histogram *histogram);

/* Puts `item` behind the others. Takes the item over, and the array too where it returns NULL. */
json_t *json_value_append(json_t *array, json_t *item);

#endif
