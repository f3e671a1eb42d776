/* SPDX-License-Identifier: MIT */
/*
 * Why not strptime(): it follows the locale, takes blanks and signs, knows no fractions, and lets
 * February have thirty days.
 */
#include "tcpgoon/base/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tcpgoon/base/clock.h"

/* The end of year 9999, in seconds since the epoch. */
#define SECONDS_MAX UINT64_C(253402300799)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes exactly so many digits. False if they are not there, or out of range. */
static bool take_number(const char **text, int digits, int min, int max, int *ret_number)
{
	int number = 0;
	for (int i = 0; i < digits; i++, (*text)++) {
		if (!is_digit(**text)) {
			return false;
		}
		number = number * 10 + (**text - '0');
	}
	*ret_number = number;
	return number >= min && number <= max;
}

static bool take_character(const char **text, const char *allowed)
{
	if (**text == '\0' || strchr(allowed, **text) == NULL) {
		return false;
	}
	(*text)++;
	return true;
}

/* Takes a point and up to nine digits, if there is a point. */
static bool take_fraction(const char **text, uint64_t *ret_ns)
{
	uint64_t ns = 0;
	uint64_t unit = NSEC_PER_SEC;
	if (**text == '.') {
		(*text)++;
		if (!is_digit(**text)) {
			return false;
		}
		for (; is_digit(**text); (*text)++) {
			unit /= 10;
			if (unit == 0) {
				return false;
			}
			ns += (uint64_t)(**text - '0') * unit;
		}
	}
	*ret_ns = ns;
	return true;
}

/* Takes "Z", "+01:00" or "-05:30". */
static bool take_offset(const char **text, int *ret_seconds)
{
	int hours;
	int minutes;
	*ret_seconds = 0;
	if (take_character(text, "Zz")) {
		return true;
	}
	int sign = **text == '-' ? -1 : 1;
	if (!take_character(text, "+-") || !take_number(text, 2, 0, 23, &hours) ||
		!take_character(text, ":") || !take_number(text, 2, 0, 59, &minutes)) {
		return false;
	}
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool read_rfc3339(const char *text, uint64_t *ret_ns)
{
	struct tm tm = {0};
	int offset;
	uint64_t fraction_ns;
	if (!take_number(&text, 4, 1970, 9999, &tm.tm_year) || !take_character(&text, "-") ||
		!take_number(&text, 2, 1, 12, &tm.tm_mon) || !take_character(&text, "-") ||
		!take_number(&text, 2, 1, 31, &tm.tm_mday) || !take_character(&text, "Tt ") ||
		!take_number(&text, 2, 0, 23, &tm.tm_hour) || !take_character(&text, ":") ||
		!take_number(&text, 2, 0, 59, &tm.tm_min) || !take_character(&text, ":") ||
		!take_number(&text, 2, 0, 59, &tm.tm_sec) || !take_fraction(&text, &fraction_ns) ||
		!take_offset(&text, &offset) || *text != '\0') {
		return false;
	}
	int day = tm.tm_mday;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_t seconds = timegm(&tm) - offset;
	if (tm.tm_mday != day || seconds < 0) {
		return false; /* no month has such a day */
	}
	*ret_ns = (uint64_t)seconds * NSEC_PER_SEC + fraction_ns;
	return true;
}

static bool read_seconds(const char *text, uint64_t *ret_ns)
{
	uint64_t seconds = 0;
	uint64_t fraction_ns;
	if (!is_digit(*text)) {
		return false;
	}
	for (; is_digit(*text); text++) {
		seconds = seconds * 10 + (uint64_t)(*text - '0');
		if (seconds > SECONDS_MAX) {
			return false;
		}
	}
	if (!take_fraction(&text, &fraction_ns) || *text != '\0') {
		return false;
	}
	*ret_ns = seconds * NSEC_PER_SEC + fraction_ns;
	return true;
}

int timestamp_parse(const char *text, uint64_t *ret_ns, struct error *error)
{
	uint64_t ns;
	if (!read_seconds(text, &ns) && !read_rfc3339(text, &ns)) {
		return error_set(error, -EINVAL,
			"'%.80s' is not an instant such as 2026-11-25T19:00:00Z, "
			"2026-11-25T20:00:00.500+01:00 or 1795633200.5 (seconds since 1970)",
			text);
	}
	*ret_ns = ns;
	return 0;
}

char *timestamp_format(uint64_t ns, char buffer[TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	struct tm parts;
	char day[TIMESTAMP_TEXT_MAX - 16] = "";
	if (gmtime_r(&seconds, &parts) != NULL) {
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
	}
	snprintf(buffer, TIMESTAMP_TEXT_MAX, "%s.%03uZ", day,
		(unsigned)(ns % NSEC_PER_SEC / NSEC_PER_MSEC));
	return buffer;
}
