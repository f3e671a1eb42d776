/* SPDX-License-Identifier: MIT */
/* Carries a plan out on io_uring, in one thread, and yields a result whatever happens. */
#ifndef TCPGOON_RUN_RUN_H
#define TCPGOON_RUN_RUN_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"

/* What a run tells while it runs. Any function may be NULL. They must not block. */
struct run_observer {
	void *context;
	/* At the start and every settings.interval_ns, from the timerfd's tick. */
	void (*on_tick)(void *context, const struct snapshot *snapshot);
	/* A stage begins ("holding 1,000,000 connections for 10s"): progress for people. */
	void (*on_stage)(void *context, const char *sentence);
	/*
	 * Ten times a second, with the result as it grows: true ends the run here, with its report.
	 */
	bool (*on_review)(void *context, const struct result *result);
	/* One line per event, for --debug only; NULL unless asked, as it costs. */
	void (*on_debug)(void *context, const char *line);
};

/*
 * Dials, holds, closes. SIGINT and SIGTERM are taken over for the time of the run: the first ends
 * it with its result, the second ends the process at once, by its default action.
 * `result` was initialised by the caller; it is filled on success and stays valid on failure.
 * Returns 0 (also where connections failed: that is a result), or a negative errno with a message
 * where this program could not do its work.
 */
int run_execute(const struct plan *plan, const struct run_observer *observer, struct result *result,
	struct error *error);

#endif
