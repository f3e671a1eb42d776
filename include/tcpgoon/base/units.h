/* SPDX-License-Identifier: MIT */
/* Counts and durations as people write them, and as the Go program printed them. */
#ifndef TCPGOON_BASE_UNITS_H
#define TCPGOON_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"

/*
 * All parsers take the whole text or nothing, quote the text in the error, leave *ret_value
 * untouched on failure and return 0, -EINVAL (not such a value) or -ERANGE (outside min..max). A
 * number is digits, optionally followed by a point and more digits. The value must come out whole,
 * in units or nanoseconds: nothing is rounded. Negative numbers are out of range.
 */

/* A whole number with an optional suffix k, m or g (thousands, any case): "1500", "20k", "1.5m". */
int units_parse_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret_value, struct error *error);

/*
 * A duration with a suffix ns, us (or µs, with either mu), ms, s, m or h, decimals allowed
 * ("1.5s"), compounds too ("1m30s"). A bare number counts in `bare_unit_ns`. min, max and *ret_ns
 * are nanoseconds.
 */
int units_parse_duration(const char *text, uint64_t bare_unit_ns, uint64_t min_ns, uint64_t max_ns,
	uint64_t *ret_ns, struct error *error);

/*
 * A pace in connections a second, with the suffixes of a count: "500", "0.001", "2.5k". min, max
 * and *ret_pace are millionths of it.
 */
int units_parse_pace(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret_pace, struct error *error);

#define UNITS_TEXT_MAX 32

/* As the above reads it, without a suffix: "2500", "0.001". */
char *units_format_pace(uint64_t pace, char buffer[UNITS_TEXT_MAX]);

/*
 * Duration as Go's time.Duration.String() prints it: "319µs", "49.892ms", "1m30s", "0s".
 * `buffer` holds UNITS_TEXT_MAX bytes; returned for convenience.
 */
char *units_format_duration(uint64_t ns, char buffer[UNITS_TEXT_MAX]);

/*
 * A measured time for people, with four significant digits, but no less than a microsecond:
 * "319µs", "2.393ms", "50.20ms", "3.002s", "1m30s".
 */
char *units_format_time(uint64_t ns, char buffer[UNITS_TEXT_MAX]);

/* Bytes for people: "512 B", "1.5 KiB", "6.8 GiB". */
char *units_format_bytes(uint64_t bytes, char buffer[UNITS_TEXT_MAX]);

/* Count with thousands separated: "1,000,000". */
char *units_format_count(uint64_t count, char buffer[UNITS_TEXT_MAX]);

/* A clock that counts: "0:07", "4:12", "1:02:03". */
char *units_format_clock(uint64_t ns, char buffer[UNITS_TEXT_MAX]);

#endif
