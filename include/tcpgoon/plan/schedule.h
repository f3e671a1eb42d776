/* SPDX-License-Identifier: MIT */
/* When connection i is due: a pure function of i, so it cannot drift. */
#ifndef TCPGOON_PLAN_SCHEDULE_H
#define TCPGOON_PLAN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/wide.h"

/* Paces are whole numbers of these: millionths of a dial a second. */
#define SCHEDULE_PER_S UINT64_C(1000000)
/* 0.001 and 10 million a second. */
#define SCHEDULE_PACE_MIN (SCHEDULE_PER_S / 1000)
#define SCHEDULE_PACE_MAX (SCHEDULE_PER_S * 10000000)

#define SCHEDULE_STAGES_MAX 16
#define SCHEDULE_STAGE_MAX_NS (UINT64_C(30) * 24 * 3600 * 1000000000)

enum schedule_kind {
	SCHEDULE_AT_ONCE, /* all are due at the start */
	SCHEDULE_STEADY, /* groups, equal times apart */
	SCHEDULE_STAGES, /* one after the other, and then no more */
};

/* The pace changes linearly. */
struct schedule_stage {
	uint64_t from; /* paces */
	uint64_t to;
	uint64_t duration_ns;
	uint64_t start_ns;
	uint128 before; /* the integral of the stages before it, in units of 1 / SCHEDULE_SCALE */
};

/* Pace (millionths) by time (nanoseconds), twice: makes the integral of each stage whole. */
#define SCHEDULE_SCALE UINT64_C(2000000000000000)

/* All zero: all are due at the start. */
struct schedule {
	enum schedule_kind kind;
	/* Steady: group g is due at g * span_ns / per, rounded. */
	uint64_t span_ns;
	uint64_t per;
	uint64_t burst; /* connections of a group */
	uint64_t pace; /* of each connection, if that was asked for, and not a time; else 0 */
	struct schedule_stage stages[SCHEDULE_STAGES_MAX];
	size_t stage_count;
};

/* `burst` connections every period_ns; with 0 all at once. */
struct schedule schedule_every(uint64_t period_ns, uint64_t burst);

/* A steady pace, from SCHEDULE_PACE_MIN to SCHEDULE_PACE_MAX. */
struct schedule schedule_at_pace(uint64_t pace);

/*
 * Appends a stage to a schedule that has only stages, or is empty. Paces are up to
 * SCHEDULE_PACE_MAX, durations up to SCHEDULE_STAGE_MAX_NS. False if there are too many.
 */
bool schedule_add_stage(
	struct schedule *schedule, uint64_t from, uint64_t to, uint64_t duration_ns);

/* How many connections its stages have; UINT64_MAX for a schedule that has no end. */
uint64_t schedule_total(const struct schedule *schedule);

/* Whether connections are due at instants of their own, so that one can be late. */
static inline bool schedule_is_paced(const struct schedule *schedule)
{
	return schedule->kind != SCHEDULE_AT_ONCE;
}

uint64_t schedule_due_ns_computed(const struct schedule *schedule, uint64_t index);
uint64_t schedule_due_count_computed(
	const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit);

/* A whole number of nanoseconds between any two. */
static inline bool schedule_is_plain(const struct schedule *schedule)
{
	return schedule->kind == SCHEDULE_STEADY && schedule->per == 1 && schedule->burst == 1;
}

/*
 * Nanoseconds after the start of the schedule at which connection `index` is due; beyond the last
 * of its stages, the end of that.
 */
static inline uint64_t schedule_due_ns(const struct schedule *schedule, uint64_t index)
{
	return schedule_is_plain(schedule) ? index * schedule->span_ns
					   : schedule_due_ns_computed(schedule, index);
}

/*
 * How many of the first `limit` connections are due at `elapsed_ns`: the inverse of the above
 * (connection 0 is due at 0).
 */
static inline uint64_t schedule_due_count(
	const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit)
{
	if (schedule_is_plain(schedule)) {
		uint64_t before = elapsed_ns / schedule->span_ns;
		return before < limit ? before + 1 : limit;
	}
	return schedule_due_count_computed(schedule, elapsed_ns, limit);
}

/* The same time between any two. */
static inline bool schedule_is_even(const struct schedule *schedule)
{
	return schedule->kind == SCHEDULE_STEADY && schedule->burst == 1;
}

/* Several are due at one instant, and the next ones later. */
static inline bool schedule_has_bursts(const struct schedule *schedule)
{
	return schedule->kind == SCHEDULE_STEADY && schedule->burst > 1;
}

/* Dials a second that it asks for at this instant; of groups, on average; 0: none, or no pace. */
double schedule_pace_at(const struct schedule *schedule, uint64_t elapsed_ns);

/*
 * Dials a second that it asks for on average, from the first of so many connections to the last; 0:
 * no pace, or all of them are due at once.
 */
double schedule_average(const struct schedule *schedule, uint64_t count);

/* "one every 10ms", "500 a second", "100 at once every 1s", "from 0 to 2000 a second in 10s". */
#define SCHEDULE_TEXT_MAX 1536
char *schedule_describe(const struct schedule *schedule, char buffer[SCHEDULE_TEXT_MAX]);

#endif
