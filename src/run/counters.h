/* SPDX-License-Identifier: MIT */
/* What is read before and after a run: the kernel's counters, the listener, our own use of CPU. */
#ifndef TCPGOON_RUN_COUNTERS_H
#define TCPGOON_RUN_COUNTERS_H

#include <stdint.h>

#include "tcpgoon/net/netstat.h"
#include "tcpgoon/net/sockdiag_listener.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/transport/transport.h"

/* How many connections waited in the accept queues of all targets. */
struct queue_look {
	uint64_t at_ns; /* 0: not looked */
	uint64_t queued;
};

struct counters {
	const struct targets *targets; /* the plan's */
	/* Of each target before the run; `sockets` is 0 if there was no listener. */
	struct sockdiag_listener listeners[RESULT_TARGETS_MAX];
	struct queue_look looks[2]; /* the two latest during the hold, in order */
	uint64_t next_look_ns; /* CLOCK_NEVER: no connection waited */
	uint64_t queued; /* for the samples: at the latest look; RESULT_UNKNOWN: no listener */
	uint64_t watch_ns; /* when a sample next looks; CLOCK_NEVER: there is nothing to look at */
	struct netstat before;
	uint64_t cpu_before_ns;
	uint64_t throttled_before; /* of the control groups, as in struct generator */
	uint64_t throttled_before_ns;
	uint64_t run_delay_before_ns; /* RESULT_UNKNOWN: the kernel does not tell */
	uint64_t windows; /* spans within which dials began at an unknown instant */
	uint64_t windows_ns; /* their total length */
};

void counters_begin(
	struct counters *counters, const struct targets *targets, struct result *result);

/*
 * One or more dials began within `duration_ns`, and the clock was read only at both ends of it:
 * this is what blurs `connect`.
 */
static inline void counters_add_window(struct counters *counters, uint64_t duration_ns)
{
	counters->windows++;
	counters->windows_ns += duration_ns;
}

/* Call when the last connection is decided, or when the run ends before that. */
void counters_end_dialling(struct counters *counters, struct result *result);

/*
 * Call when the hold begins, and from time to time while connections wait in the queues: shows
 * whether a server that has not accepted all of them still accepts.
 */
void counters_look_at_queues(struct counters *counters, uint64_t now_ns);

/*
 * How many connections wait in the queues of the listeners that were there at the start. Looks if
 * the latest look is old enough, so it may be called as often as one likes.
 */
uint64_t counters_queued(struct counters *counters, uint64_t now_ns);

/* Call when the numbers are taken. */
void counters_end(
	struct counters *counters, const struct transport *transport, struct result *result);

#endif
