/* SPDX-License-Identifier: MIT */
/* The times of a result, one row each: what it is called, what it tells, and where it lies. */
#ifndef TCPGOON_RESULT_TIMES_H
#define TCPGOON_RESULT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"

/* Of whom a time tells. They answer different questions and are never put into one histogram. */
enum times_side {
	TIMES_OF_TARGET, /* the target and the path to it */
	TIMES_OF_CLIENT, /* what whoever connects experiences, this program's own delays included */
	TIMES_OF_GENERATOR, /* this program alone */
};

/* Histograms merge by adding slot to slot, so the times of two results merge without loss. */
struct times_row {
	const char *name; /* of a metric, and with "_us" of a member of the JSON report */
	const char *span; /* from what to what, for the row of a table */
	enum times_side side;
	const char *meaning; /* what it measures: the end of a sentence */
	const char *apart; /* those that are set apart, as they span a stall: "connect times" */
	/* Why nothing is wrong where no connection has one; NULL: then it was not measured. */
	const char *none;
	bool by_kernel; /* the kernel measured it, and had to be asked */
};

const struct times_row *times_row(enum times times);

/* "target", "client", "generator". */
const char *times_side_name(enum times_side side);

/* How many connections have such a time, measured or not. */
uint64_t times_expected(const struct result *result, enum times times);

/* How many were measured and set apart, as they span a stall of this program. */
uint64_t times_set_apart(const struct result *result, enum times times);

/* Whether some were measured, and mean something: lag is that of a schedule, so it needs a pace. */
bool times_is_told(const struct result *result, enum times times);

/* Adds the times of `from` to those of `into`. */
void times_merge(struct result *into, const struct result *from);

#endif
