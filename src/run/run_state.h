/* SPDX-License-Identifier: MIT */
/* Everything that a run in progress is made of; shared by the loop and its handlers only. */
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
	PHASE_HOLDING, /* all are decided; those that are open are watched */
	PHASE_DISARMING, /* the run ends; what is armed is taken back, and nothing else dialled */
	PHASE_ASKING, /* the numbers are taken; the kernel is asked about what is open */
	PHASE_ASKING_AGAIN, /* those that the peer may not have completed are asked about once more */
	PHASE_CLOSING, /* what is open is closed */
	PHASE_LOOKING, /* the answers to the FINs are looked for */
	PHASE_OVER, /* the kernel holds nothing of ours any more */
	PHASE_MAX,
};

/* The ids of the descriptors that the transport watches. */
enum run_fd {
	RUN_FD_SIGNALS,
	RUN_FD_TIMER,
};

struct run_state {
	const struct plan *plan;
	struct result *result;
	struct error *error; /* of the run: for what fails with words of its own */
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
	uint64_t review_ns; /* when the observer is asked next; CLOCK_NEVER: not at all */
	uint64_t now_ns; /* of this turn of the loop */
	bool stalled; /* the turn that ended at now_ns took longer than it should */
	uint64_t hold_until_ns; /* in PHASE_HOLDING */
	uint64_t walk_left; /* of the phases that walk: connections below are still to come */
};

/*
 * Makes all that a run needs, and begins its clock. Returns 0 or a negative errno with a message;
 * run_state_finish() is due either way.
 */
int run_state_init(struct run_state *run, const struct run_params *params, struct result *result,
	struct error *error);
void run_state_finish(struct run_state *run);

/* Brings the result up to date. */
void run_state_take_numbers(struct run_state *run);

/* Times are taken: a stall of this program matters. */
static inline bool run_state_is_timed(const struct run_state *run)
{
	return run->phase < PHASE_DISARMING;
}

/* The numbers of the report are final: what happens from here on is our own doing. */
static inline bool run_state_numbers_are_taken(const struct run_state *run)
{
	return run->phase >= PHASE_ASKING;
}

/* Connections are being closed, or all are. */
static inline bool run_state_is_closing(const struct run_state *run)
{
	return run->phase >= PHASE_CLOSING;
}

#endif
