/* SPDX-License-Identifier: MIT */
/* Which connections are due now, and which are to be armed ahead in the kernel. */
#ifndef TCPGOON_RUN_PACER_H
#define TCPGOON_RUN_PACER_H

#include <stdint.h>

#include "tcpgoon/plan/schedule.h"

struct pacer {
	const struct schedule *schedule;
	uint64_t count; /* connections of the run */
	uint64_t start_ns; /* of the schedule */
};

/* The instant at which connection `index` is due. */
static inline uint64_t pacer_due_ns(const struct pacer *pacer, uint64_t index)
{
	return pacer->start_ns + schedule_due_ns(pacer->schedule, index);
}

/* All connections below the returned index are due at now_ns. */
uint64_t pacer_due_before(const struct pacer *pacer, uint64_t now_ns);

/* All connections below the returned index should have their chain armed in the kernel. */
uint64_t pacer_armed_before(const struct pacer *pacer, uint64_t now_ns);

#endif
