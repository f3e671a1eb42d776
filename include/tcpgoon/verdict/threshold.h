/* SPDX-License-Identifier: MIT */
/* The little language of --fail-if and --abort-if: METRIC[.STATISTIC] OPERATOR VALUE[UNIT]. */
#ifndef TCPGOON_VERDICT_THRESHOLD_H
#define TCPGOON_VERDICT_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

enum threshold_kind {
	THRESHOLD_COUNT, /* connections: "10", "20k", or a share: "0.5%" */
	THRESHOLD_TIME, /* has statistics; "50ms", "1.5s", a bare number is milliseconds */
	THRESHOLD_RATE, /* a second: "1000", "20k", "20k/s" */
};

/* What a threshold can ask for: a figure of the result, one of its times, or a rate. */
struct threshold_metric {
	const char *name;
	const char *meaning; /* for people */
	enum threshold_kind kind;
	const struct figure *figure; /* of a count; of a rate: what is counted */
	const struct figure *whole; /* of a count: what its shares are of; of a rate: the time */
	enum times times; /* of a time */
};

enum threshold_relation {
	THRESHOLD_ABOVE,
	THRESHOLD_AT_LEAST,
	THRESHOLD_BELOW,
	THRESHOLD_AT_MOST,
	THRESHOLD_EQUAL,
	THRESHOLD_UNEQUAL,
	THRESHOLD_RELATIONS,
};

/* A share is kept in millionths of a percent. */
#define THRESHOLD_SHARE_DECIMALS 6
#define THRESHOLD_SHARE_ONE_PERCENT UINT64_C(1000000)
#define THRESHOLD_SHARE_WHOLE (100 * THRESHOLD_SHARE_ONE_PERCENT)

/* A limit closer than this to none or to all asks for a number of connections that can show it. */
#define THRESHOLD_SHARE_FINE (THRESHOLD_SHARE_ONE_PERCENT / 10)

#define THRESHOLD_TEXT_MAX 100

struct threshold {
	char text[THRESHOLD_TEXT_MAX + 1]; /* as given */
	struct threshold_metric metric;
	enum statistic statistic; /* of a time */
	enum threshold_relation relation;
	bool share; /* the limit is a percentage */
	uint64_t limit; /* a count, nanoseconds, or millionths of a percent */
};

#define THRESHOLD_WHY_MAX 128

struct threshold_outcome {
	bool crossed; /* what it speaks of has happened; never where it cannot be judged */
	char not_judged[THRESHOLD_WHY_MAX]; /* why not: the end of a sentence; empty where it was */
	bool unmeasured_here; /* it cannot be, as this program failed to measure it */
	char actual[96]; /* "12", "1.2%", "50.2ms"; empty where it was not judged */
	char limit[48];
};

/* For the parser, help and manuals: false beyond the last. */
bool threshold_metric_at(size_t index, struct threshold_metric *ret_metric);
/* ">=" */
const char *threshold_relation_name(enum threshold_relation relation);

/*
 * Reads an expression; blanks between its parts do not count. Returns 0 or -EINVAL, with a message
 * of three lines: what is wrong, the expression, and a caret below the place with what is expected.
 */
int threshold_parse(const char *text, struct threshold *ret_threshold, struct error *error);

/*
 * Pure. Not judged are a time that was measured of none, or of fewer than half, of the connections
 * that had one, and a number that the run could not have. Of a time to the failure or the drop
 * where nothing failed or was dropped, nothing is left to judge: it is not crossed. Nor is judged a
 * share finer than THRESHOLD_SHARE_FINE where nearly none (or nearly all) are so, but so few
 * connections cannot show that at 95% confidence: 0.001% takes 299,572 of them, all without a
 * failure.
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
