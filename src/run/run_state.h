/* SPDX-License-Identifier: MIT */
/* Everything that a run in progress consists of; shared only by the loop and its handlers. */
#ifndef TCPGOON_RUN_RUN_STATE_H
#define TCPGOON_RUN_RUN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "run/closing.h"
#include "run/counters.h"
#include "run/dial_queue.h"
#include "run/dialer.h"
#include "run/refusal.h"
#include "run/reporter.h"
#include "run/stall.h"
#include "run/start.h"
#include "run/survey.h"
#include "run/table.h"
#include "run/tuple_pool.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/run/run_params.h"
#include "tcpgoon/transport/transport.h"

/* Phases of a run, in order; a run never goes back. What they do: phases.c. */
enum phase {
	PHASE_DIALING, /* connections are dialled and decided */
	PHASE_HOLDING, /* all are decided; open connections are watched */
	PHASE_DISARMING, /* the run ends: armed dials are taken back, and no others begin */
	PHASE_ASKING, /* the numbers are taken; the kernel is asked about open connections */
	PHASE_ASKING_AGAIN, /* and once more about those that the peer may not have completed */
	PHASE_CLOSING, /* open connections are closed */
	PHASE_LOOKING, /* we look for the answers to the FINs */
	PHASE_OVER, /* the kernel has no socket or request of ours any more */
	PHASE_MAX,
};

/* The ids of the descriptors that the transport watches. */
enum run_fd {
	RUN_FD_SIGNALS,
	RUN_FD_TICKS,
	RUN_FD_FRAMES,
};

struct run_state {
	const struct plan *plan;
	struct result *result;
	struct error *error; /* of the run: for failures that have a message of their own */
	struct transport *transport; /* owned */
	struct table table;
	struct tuple_pool pool;
	struct dialer dialer;
	struct dial_queue queue;
	struct reporter reporter;
	struct signals *signals;
	struct survey survey;
	struct refusals refusals;
	struct closing closing;
	struct counters counters;
	struct stall_suspend suspend;

	enum phase phase;
	bool interrupted;
	bool aborted; /* by the observer */
	uint64_t review_ns; /* when to ask the observer next; CLOCK_NEVER: not at all */
	uint64_t frame_due_ns; /* since when a frame is to be shown; CLOCK_NEVER: none is */
	uint64_t now_ns; /* of this turn of the loop */
	bool stalled; /* the turn that ended at now_ns took longer than it should */
	uint64_t hold_until_ns; /* in PHASE_HOLDING */
	uint64_t walk_left; /* in phases that walk the table: connections below are still to come */
};

/*
 * Makes all that a run needs, waits for the start, and starts its clock. Returns 0 or a negative errno with a message.
 * Call run_state_finish() either way.
 */
int run_state_init(struct run_state *run, const struct run_params *params,
	const struct start *start, struct result *result, struct error *error);
void run_state_finish(struct run_state *run);

/* The counts now. Looks at the accept queues if it is time to. */
struct snapshot run_state_snapshot(struct run_state *run);

/* Brings the result up to date. */
void run_state_take_numbers(struct run_state *run);

/* The run takes times now, so a stall of this program matters. */
static inline bool run_state_is_timed(const struct run_state *run)
{
	return run->phase < PHASE_DISARMING;
}

/* The numbers of the report are final: from here on we ourselves cause what happens. */
static inline bool run_state_numbers_are_taken(const struct run_state *run)
{
	return run->phase >= PHASE_ASKING;
}

/* Connections are being closed, or are all closed. */
static inline bool run_state_is_closing(const struct run_state *run)
{
	return run->phase >= PHASE_CLOSING;
}

#endif
