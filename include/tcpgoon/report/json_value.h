/* SPDX-License-Identifier: MIT */
/* Values of JSON for programs, as jansson's; NULL where memory is short. */
#ifndef TCPGOON_REPORT_JSON_VALUE_H
#define TCPGOON_REPORT_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

#include "tcpgoon/base/text_list.h"

/* null where it is RESULT_UNKNOWN, or beyond JSON's whole numbers. */
json_t *json_value_count(uint64_t count);

/* Nanoseconds as a real number of microseconds. */
json_t *json_value_us(uint64_t ns);

#define JSON_ERRNO_DIGITS 12

/* "ECONNREFUSED"; of a number that has no name, its digits. */
const char *json_errno_word(int number, char digits[JSON_ERRNO_DIGITS]);
/* null where it is 0. */
json_t *json_value_errno(int number);

/* part / whole, null where whole is 0: JSON has no infinity. */
json_t *json_value_ratio(double part, double whole);

/* null where it is NULL. Bytes that are no UTF-8, as an argument may have, are escaped. */
json_t *json_value_text(const char *text);
json_t *json_value_texts(const struct text_list *list);

/* Nanoseconds since the epoch as RFC 3339 has them, in UTC: "2024-01-31T12:00:00.123456789Z". */
json_t *json_value_instant(uint64_t ns);

/*
 * Adds a member. Takes the value over, and the object too where it returns NULL: so a NULL that is
 * put into an object makes that one NULL, and the end is the only place to look.
 */
json_t *json_value_with(json_t *object, const char *name, json_t *value);

/* Puts `item` behind the others. Takes the item over, and the array too where it returns NULL. */
json_t *json_value_append(json_t *array, json_t *item);

#endif
