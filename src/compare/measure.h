/* SPDX-License-Identifier: MIT */
/* The numbers of a result that are compared with those of another. */
#ifndef TCPGOON_COMPARE_MEASURE_H
#define TCPGOON_COMPARE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

enum measure_kind {
	MEASURE_TIME, /* a statistic of a time: microseconds */
	MEASURE_SHARE, /* of connections: 0 to 1 */
	MEASURE_RATE, /* connections established a second, while dialling */
	MEASURE_CPU, /* CPU time of this program for each dial: microseconds */
	MEASURE_KINDS,
};

struct measure {
	enum measure_kind kind;
	enum times times; /* of a time */
	enum statistic statistic; /* of a time */
	const struct figure *part; /* of a share */
	const struct figure *whole; /* of a share */
};

/* False beyond the last. */
bool measure_at(size_t index, struct measure *ret_measure);

/* Whether it is of interest unasked: percentiles, not extremes. */
bool measure_is_listed(const struct measure *measure);

#define MEASURE_NAME_MAX 48

/* As thresholds call it: "connect.p99", "errors". Returns `name`. */
char *measure_name(const struct measure *measure, char name[MEASURE_NAME_MAX]);

/* Of its numbers, for programs: "us", "ratio", "per_s". */
const char *measure_unit(const struct measure *measure);

/* NAN where the result does not know it, or has none. */
double measure_value(const struct measure *measure, const struct result *result);

#define MEASURE_TEXT_MAX 32

/* A value for people: "87µs", "1.5%", "39519/s". Returns `text`. */
char *measure_format(const struct measure *measure, double value, char text[MEASURE_TEXT_MAX]);

#endif
