/* SPDX-License-Identifier: MIT */
/*
 * Why not strtod() and strtoull(): they accept leading blanks, a sign, hex, "inf" and the locale's
 * decimal point, and they round. A number here is digits, optionally with a point and more digits,
 * and its value must come out whole: 1.5k is 1500; 1.0001k is refused, not rounded.
 */
#include "tcpgoon/base/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/wide.h"

/* 10^18 still fits in 64 bits, and 10^-18 of an hour is less than a nanosecond. */
#define FRACTION_DIGITS_MAX 18

/*
 * Quotes only the beginning of a text, so that the message always has room for what was expected.
 */
#define QUOTE "'%.80s'"

struct unit {
	const char *suffix;
	uint64_t size;
};

static const struct unit thousands[] = {
	{"k", 1000},
	{"m", 1000000},
	{"g", 1000000000},
};

/* Longer suffixes precede those they begin with. */
static const struct unit durations[] = {
	{"ns", 1},
	{"us", NSEC_PER_USEC},
	{"\u00b5s", NSEC_PER_USEC}, /* micro sign */
	{"\u03bcs", NSEC_PER_USEC}, /* Greek mu */
	{"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
};

/* A number as written, before its unit is known. */
struct decimal {
	uint64_t whole;
	uint64_t fraction; /* in units of 1 / scale */
	uint64_t scale; /* a power of ten */
	bool too_large; /* the whole part exceeds 64 bits */
	bool too_fine; /* more than FRACTION_DIGITS_MAX digits after the point, zeros aside */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns the end of the number, or NULL if there is none. */
static const char *read_decimal(const char *text, struct decimal *ret_decimal)
{
	if (!is_digit(*text)) {
		return NULL;
	}
	struct decimal decimal = {.scale = 1};
	for (; is_digit(*text); text++) {
		uint64_t digit = (uint64_t)(*text - '0');
		if (__builtin_mul_overflow(decimal.whole, 10, &decimal.whole) ||
			__builtin_add_overflow(decimal.whole, digit, &decimal.whole)) {
			decimal.too_large = true;
		}
	}
	if (*text == '.') {
		text++;
		if (!is_digit(*text)) {
			return NULL;
		}
		size_t digits = strspn(text, "0123456789");
		const char *end = text + digits;
		while (digits > 0 && text[digits - 1] == '0') {
			digits--;
		}
		decimal.too_fine = digits > FRACTION_DIGITS_MAX;
		for (size_t i = 0; i < digits && !decimal.too_fine; i++) {
			decimal.fraction = decimal.fraction * 10 + (uint64_t)(text[i] - '0');
			decimal.scale *= 10;
		}
		text = end;
	}
	*ret_decimal = decimal;
	return text;
}

/* Computes decimal * size. Returns 0, -EINVAL (not whole) or -ERANGE (exceeds 64 bits). */
static int scale_decimal(const struct decimal *decimal, uint64_t size, uint64_t *ret_value)
{
	uint128 fraction = (uint128)decimal->fraction * size;
	if (decimal->too_fine || fraction % decimal->scale != 0) {
		return -EINVAL;
	}
	uint64_t value;
	if (decimal->too_large || __builtin_mul_overflow(decimal->whole, size, &value) ||
		__builtin_add_overflow(value, (uint64_t)(fraction / decimal->scale), &value)) {
		return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

/*
 * All of `text` as one number with at most one suffix of one letter, in parts of which there are
 * `parts` in one. A well-formed negative number is -ERANGE too, so that the message about "-5"
 * names the range.
 */
static int read_number(const char *text, uint64_t parts, uint64_t *ret_value)
{
	bool negative = *text == '-';
	struct decimal decimal;
	const char *end = read_decimal(text + (negative ? 1 : 0), &decimal);
	if (end == NULL) {
		return -EINVAL;
	}
	uint64_t size = parts;
	for (size_t i = 0; i < sizeof(thousands) / sizeof(thousands[0]); i++) {
		char suffix = thousands[i].suffix[0];
		if (*end == suffix || *end == suffix - 'a' + 'A') {
			size = parts * thousands[i].size;
			end++;
			break;
		}
	}
	if (*end != '\0') {
		return -EINVAL;
	}
	uint64_t value;
	int r = scale_decimal(&decimal, size, &value);
	if (r < 0) {
		return r;
	}
	if (negative) {
		return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

int units_parse_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret_value, struct error *error)
{
	uint64_t value = 0;
	int r = read_number(text, 1, &value);
	if (r == -EINVAL) {
		return error_set(error, r,
			QUOTE " is not a whole number from %" PRIu64 " to %" PRIu64, text, min,
			max);
	}
	if (r == -ERANGE || value < min || value > max) {
		return error_set(error, -ERANGE,
			QUOTE " is not in the range from %" PRIu64 " to %" PRIu64, text, min, max);
	}
	*ret_value = value;
	return 0;
}

#define PACE_PARTS UINT64_C(1000000)

int units_parse_pace(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret_pace, struct error *error)
{
	uint64_t pace = 0;
	char low[UNITS_TEXT_MAX];
	char high[UNITS_TEXT_MAX];
	int r = read_number(text, PACE_PARTS, &pace);
	if (r == -EINVAL) {
		return error_set(error, r,
			QUOTE " is not a pace in connections a second, such as 500, 0.001 or 2.5k "
			      "(at most six decimals)",
			text);
	}
	if (r == -ERANGE || pace < min || pace > max) {
		return error_set(error, -ERANGE,
			QUOTE " is not in the range from %s to %s connections a second", text,
			units_format_pace(min, low), units_format_pace(max, high));
	}
	*ret_pace = pace;
	return 0;
}

/* The unit whose suffix `text` begins with, or NULL. */
static const struct unit *duration_unit(const char *text)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		if (strncmp(text, durations[i].suffix, strlen(durations[i].suffix)) == 0) {
			return &durations[i];
		}
	}
	return NULL;
}

/* Like read_number(), for one number or several with their units. */
static int read_duration(const char *text, uint64_t bare_unit_ns, uint64_t *ret_ns)
{
	bool out_of_range = *text == '-';
	const char *begin = text + (out_of_range ? 1 : 0);
	const char *cursor = begin;
	uint64_t total_ns = 0;
	do {
		bool first = cursor == begin;
		struct decimal decimal;
		cursor = read_decimal(cursor, &decimal);
		if (cursor == NULL) {
			return -EINVAL;
		}
		uint64_t size = bare_unit_ns;
		const struct unit *unit = duration_unit(cursor);
		if (unit != NULL) {
			size = unit->size;
			cursor += strlen(unit->suffix);
		} else if (!first || *cursor != '\0') {
			return -EINVAL;
		}
		uint64_t part_ns = 0;
		int r = scale_decimal(&decimal, size, &part_ns);
		if (r == -EINVAL) {
			return r;
		}
		if (r < 0 || __builtin_add_overflow(total_ns, part_ns, &total_ns)) {
			out_of_range = true; /* but only if the rest is well-formed */
		}
	} while (*cursor != '\0');
	if (out_of_range) {
		return -ERANGE;
	}
	*ret_ns = total_ns;
	return 0;
}

int units_parse_duration(const char *text, uint64_t bare_unit_ns, uint64_t min_ns, uint64_t max_ns,
	uint64_t *ret_ns, struct error *error)
{
	uint64_t ns = 0;
	int r = read_duration(text, bare_unit_ns, &ns);
	char low[UNITS_TEXT_MAX];
	char high[UNITS_TEXT_MAX];
	if (r == -EINVAL) {
		return error_set(error, r,
			QUOTE " is not a duration such as 250ms, 1.5s or 1m30s "
			      "(units ns, us, ms, s, m, h; a bare 1 is %s)",
			text, units_format_duration(bare_unit_ns, low));
	}
	if (r == -ERANGE || ns < min_ns || ns > max_ns) {
		return error_set(error, -ERANGE,
			QUOTE " is not in the range from %s to %s "
			      "(units ns, us, ms, s, m, h)",
			text, units_format_duration(min_ns, low),
			units_format_duration(max_ns, high));
	}
	*ret_ns = ns;
	return 0;
}

/* "49.892ms": value / scale with its fraction, trailing zeros cut, then the unit. */
static void format_fraction(
	uint64_t value, uint64_t scale, const char *unit, char *buffer, size_t room)
{
	int used = snprintf(buffer, room, "%" PRIu64, value / scale);
	uint64_t rest = value % scale;
	if (rest > 0) {
		buffer[used++] = '.';
		while (rest > 0) {
			scale /= 10;
			buffer[used++] = (char)('0' + rest / scale);
			rest %= scale;
		}
	}
	snprintf(buffer + used, room - (size_t)used, "%s", unit);
}

char *units_format_pace(uint64_t pace, char buffer[UNITS_TEXT_MAX])
{
	format_fraction(pace, PACE_PARTS, "", buffer, UNITS_TEXT_MAX);
	return buffer;
}

char *units_format_duration(uint64_t ns, char buffer[UNITS_TEXT_MAX])
{
	if (ns == 0) {
		snprintf(buffer, UNITS_TEXT_MAX, "0s");
	} else if (ns < NSEC_PER_USEC) {
		format_fraction(ns, 1, "ns", buffer, UNITS_TEXT_MAX);
	} else if (ns < NSEC_PER_MSEC) {
		format_fraction(ns, NSEC_PER_USEC, "\u00b5s", buffer, UNITS_TEXT_MAX);
	} else if (ns < NSEC_PER_SEC) {
		format_fraction(ns, NSEC_PER_MSEC, "ms", buffer, UNITS_TEXT_MAX);
	} else {
		/* From a minute on, every smaller unit is printed, even if zero: "1h0m0s". */
		uint64_t minutes = ns / (60 * NSEC_PER_SEC);
		int used = 0;
		if (minutes >= 60) {
			used = snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 "h%" PRIu64 "m",
				minutes / 60, minutes % 60);
		} else if (minutes > 0) {
			used = snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 "m", minutes);
		}
		format_fraction(ns % (60 * NSEC_PER_SEC), NSEC_PER_SEC, "s", buffer + used,
			UNITS_TEXT_MAX - (size_t)used);
	}
	return buffer;
}

char *units_format_time(uint64_t ns, char buffer[UNITS_TEXT_MAX])
{
	double ms = (double)ns / (double)NSEC_PER_MSEC;
	double s = (double)ns / (double)NSEC_PER_SEC;
	if (ns < NSEC_PER_MSEC) {
		snprintf(buffer, UNITS_TEXT_MAX, "%uµs", (unsigned)(ns / NSEC_PER_USEC));
	} else if (ns < NSEC_PER_SEC) {
		snprintf(buffer, UNITS_TEXT_MAX, "%.*fms", ms < 10 ? 3 : ms < 100 ? 2 : 1, ms);
	} else if (ns < 60 * NSEC_PER_SEC) {
		snprintf(buffer, UNITS_TEXT_MAX, "%.*fs", s < 10 ? 3 : 2, s);
	} else {
		units_format_duration(ns / NSEC_PER_SEC * NSEC_PER_SEC, buffer);
	}
	return buffer;
}

char *units_format_bytes(uint64_t bytes, char buffer[UNITS_TEXT_MAX])
{
	static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	const size_t last = sizeof(names) / sizeof(names[0]) - 1;

	if (bytes < 1024) {
		snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 " B", bytes);
		return buffer;
	}
	size_t i = 0;
	uint64_t tenths;
	for (;; i++) {
		uint64_t unit = UINT64_C(1) << (10 * (i + 1));
		tenths = (uint64_t)(((uint128)bytes * 10 + unit / 2) / unit);
		/* A value that rounds to 1024.0 becomes 1.0 of the next unit. */
		if (tenths < 10240 || i == last) {
			break;
		}
	}
	snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
		names[i]);
	return buffer;
}

char *units_format_count(uint64_t count, char buffer[UNITS_TEXT_MAX])
{
	char digits[UNITS_TEXT_MAX];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *out = buffer;
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0) {
			*out++ = ',';
		}
		*out++ = digits[i];
	}
	*out = '\0';
	return buffer;
}

char *units_format_clock(uint64_t ns, char buffer[UNITS_TEXT_MAX])
{
	uint64_t s = ns / NSEC_PER_SEC;
	if (s < 3600) {
		snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	} else {
		snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
			s / 60 % 60, s % 60);
	}
	return buffer;
}
