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

/* How many waited in the queues of all targets. */
struct queue_look {
	uint64_t at_ns; /* 0: not looked */
	uint64_t queued;
};

struct counters {
	const struct targets *targets; /* the plan's */
	/* Of each target, before the run; of sockets 0 where nobody listened. */
	struct sockdiag_listener listeners[RESULT_TARGETS_MAX];
	struct queue_look looks[2]; /* during the hold, the latest last */
	uint64_t next_look_ns; /* CLOCK_NEVER: nothing waited */
	struct netstat before;
	uint64_t cpu_before_ns;
	uint64_t throttled_before; /* of the control groups, as result's generator has it */
	uint64_t throttled_before_ns;
	uint64_t run_delay_before_ns; /* RESULT_UNKNOWN: the kernel does not tell */
	uint64_t windows; /* in which dials began unseen, and how long they were together */
	uint64_t windows_ns;
};

void counters_begin(
	struct counters *counters, const struct targets *targets, struct result *result);

/*
 * One dial or several began within so long, and the clock was read at its ends only: what blurs
 * `connect`.
 */
static inline void counters_add_window(struct counters *counters, uint64_t duration_ns)
{
	counters->windows++;
	counters->windows_ns += duration_ns;
}

/* The last connection is decided, or the run ends before that. */
void counters_end_dialling(struct counters *counters, struct result *result);

/*
 * Once when the hold begins, and again from time to time while anything waits in the queues: whether
 * a server that has not accepted all is at it.
 */
void counters_look_at_queues(struct counters *counters, uint64_t now_ns);

/* The numbers are taken. */
void counters_end(
	struct counters *counters, const struct transport *transport, struct result *result);

#endif
