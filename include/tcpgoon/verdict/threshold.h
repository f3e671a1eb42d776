/* SPDX-License-Identifier: MIT */
/* The little language of --fail-if and --abort-if: METRIC[.STATISTIC] OPERATOR VALUE[UNIT]. */
#ifndef TCPGOON_VERDICT_THRESHOLD_H
#define TCPGOON_VERDICT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/result/result.h"

enum threshold_kind {
	THRESHOLD_COUNT, /* connections: "10", "20k", or a share: "0.5%" */
	THRESHOLD_TIME, /* has statistics; "50ms", "1.5s", a bare number is milliseconds */
	THRESHOLD_RATE, /* a second: "1000", "20k", "20k/s" */
};

/* A row of the table that the parser, the help and the manual are made from. */
struct threshold_metric {
	const char *name;
	enum threshold_kind kind;
	const char *share_of; /* of a count: what its percentages are percentages of */
	const char *meaning; /* for people */
};

enum threshold_statistic {
	THRESHOLD_MIN,
	THRESHOLD_MEAN,
	THRESHOLD_P50,
	THRESHOLD_P90,
	THRESHOLD_P99,
	THRESHOLD_P999,
	THRESHOLD_MAX,
	THRESHOLD_STDDEV,
	THRESHOLD_STATISTICS,
};

enum threshold_operator {
	THRESHOLD_ABOVE,
	THRESHOLD_AT_LEAST,
	THRESHOLD_BELOW,
	THRESHOLD_AT_MOST,
	THRESHOLD_EQUAL,
	THRESHOLD_UNEQUAL,
	THRESHOLD_OPERATORS,
};

#define THRESHOLD_TEXT_MAX 100

struct threshold {
	char text[THRESHOLD_TEXT_MAX + 1]; /* as given */
	size_t metric; /* in the table */
	enum threshold_statistic statistic; /* of a time */
	enum threshold_operator operator;
	bool share; /* the limit is a percentage */
	uint64_t limit; /* a count, nanoseconds, or millionths of a percent */
};

struct threshold_outcome {
	bool crossed; /* what it speaks of has happened; never where it cannot be judged */
	const char *not_judged; /* why it cannot be; NULL where it was */
	bool unmeasured_here; /* it cannot be, as this program failed to measure it */
	char actual[96]; /* "12", "1.2%", "50.2ms"; empty where it was not judged */
	char limit[48];
};

/* For help and manuals: the metric at `index`, NULL beyond the last. */
const struct threshold_metric *threshold_metric_at(size_t index);
/* "p99.9" */
const char *threshold_statistic_name(enum threshold_statistic statistic);
/* ">=" */
const char *threshold_operator_name(enum threshold_operator operator);

/*
 * Reads an expression; blanks between its parts do not count. Returns 0 or -EINVAL, with a message
 * of three lines: what is wrong, the expression, and a caret below the place with what is expected.
 */
int threshold_parse(const char *text, struct threshold *ret_threshold, struct error *error);

/*
 * Pure. Not judged are a time that was measured of none, or of fewer than half, of the connections
 * that had one, and a number that the run could not have. Of a failure time where nothing failed,
 * nothing is left to judge: it is not crossed.
 *
 * `running`: the result is still growing. Then are not judged: counts and rates asked whether they
 * are low (below, at most, equal, unequal: each run begins at 0), and shares, rates, means,
 * deviations and percentiles before THRESHOLD_RUNNING_SAMPLES of what they are made of, as the
 * first failure would be 100%.
 */
void threshold_evaluate(const struct threshold *threshold, const struct result *result,
	bool running, struct threshold_outcome *ret_outcome);

#define THRESHOLD_RUNNING_SAMPLES 100

#endif
