/* SPDX-License-Identifier: MIT */
/* A whole run on a script: its plan, its observer, and what came out of it. */
#ifndef SCRIPTED_RUN_H
#define SCRIPTED_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "scripted_host.h"
#include "scripted_transport.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/run/run.h"

/* The targets are ports of this host, from this one on. */
#define RUN_TARGET_HOST "192.0.2.9"
#define RUN_TARGET_PORT 80
/* The sources are addresses from this one on, and ports of each from that one on. */
#define RUN_SOURCE_HOST "192.0.2.1"
#define RUN_SOURCE_PORT 20000

struct scripted_run {
	struct script *script;
	struct host *host;
	struct plan plan;
	struct result result;
	struct error error;
	struct signals signals;
	struct run_observer observer; /* counts, if the test does not put its own in */
	uint64_t ticks;
	bool keep_connections; /* as in struct run_params */
	uint64_t frame_ns; /* as in struct run_params */
	uint64_t frames;
	uint64_t frame_elapsed_ns; /* of the last frame */
	uint64_t reviews;
	uint64_t abort_at_review; /* counted from 1; 0: none */
	struct event events[8];
	size_t event_count;
	char debug[4096]; /* one line for each */
};

struct run_layout {
	uint64_t connections;
	uint64_t spare; /* tuples of each target beyond those */
	uint64_t targets; /* 0: one */
	uint64_t sources; /* 0: one */
	bool port_auto;
	bool unbound; /* no source is known */
};

/* cmocka's setup and teardown; *state is a struct scripted_run. */
int scripted_run_setup(void **state);
int scripted_run_teardown(void **state);

/*
 * The plan: without a delay, a second for each dial, no status lines, no hold, closed by FIN. What is
 * to differ can be set before it is run.
 */
void scripted_run_plan(struct scripted_run *run, const struct run_layout *layout);
/* Carries it out. Returns what run_execute() does. */
int scripted_run_execute(struct scripted_run *run);
/* The same, of one that does its work: then there is no socket left, and nothing in flight. */
void scripted_run_complete(struct scripted_run *run, const struct script_fate *fate);

/* SIGINT comes at that instant, behind what the script has for it so far. */
void scripted_run_interrupt_at(struct scripted_run *run, uint64_t at_ns);

/* How long after the start of the script; for instants of a test. */
static inline uint64_t at_ms(uint64_t ms)
{
	return SCRIPT_START_NS + ms * UINT64_C(1000000);
}

#endif
