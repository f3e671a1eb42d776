/* SPDX-License-Identifier: MIT */
/* When connection i is due: a pure function of i, so it cannot drift. */
#ifndef TCPGOON_PLAN_SCHEDULE_H
#define TCPGOON_PLAN_SCHEDULE_H

#include <stdint.h>

/* A constant pace. */
struct schedule {
	uint64_t period_ns; /* between dials; 0: all are due at once */
};

/* Nanoseconds after the start of the run at which connection `index` is due. */
static inline uint64_t schedule_due_ns(const struct schedule *schedule, uint64_t index)
{
	return index * schedule->period_ns;
}

/*
 * How many of the first `limit` connections are due at `elapsed_ns`: the inverse of the above
 * (connection 0 is due at 0).
 */
static inline uint64_t schedule_due_count(
	const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit)
{
	if (schedule->period_ns == 0) {
		return limit;
	}
	uint64_t due = elapsed_ns / schedule->period_ns + 1;
	return due < limit ? due : limit;
}

#endif
