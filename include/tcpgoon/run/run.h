/* SPDX-License-Identifier: MIT */
/* Carries a plan out in one thread, and yields a result whatever happens. */
#ifndef TCPGOON_RUN_RUN_H
#define TCPGOON_RUN_RUN_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/event.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/transport/transport.h"

struct signals;

/* What a run tells while it runs. Any function may be NULL. They must not block. */
struct run_observer {
	void *context;
	/* At the start and every settings.interval_ns, from the timerfd's tick. */
	void (*on_tick)(void *context, const struct snapshot *snapshot);
	/* A step of the run begins, as the hold. */
	void (*on_event)(void *context, const struct event *event);
	/*
	 * Ten times a second, with the result as it grows: true ends the run here, with its report.
	 */
	bool (*on_review)(void *context, const struct result *result);
	/* The loop is about to wait. True: output is held back, so for a moment only. */
	bool (*on_wait)(void *context);
	/* One line per event, for --debug only; NULL unless asked, as it costs. */
	void (*on_debug)(void *context, const char *line);
};

struct run_params {
	const struct plan *plan;
	const struct run_observer *observer;
	const struct transport_ops *transport; /* how */
	struct signals *signals; /* the first that comes ends the run with its result */
};

/*
 * Dials, holds, closes. Signals belong to the caller, as there is work before a run and after it.
 * `result` was initialised by the caller; it is filled on success and stays valid on failure.
 * Returns 0 (also where connections failed: that is a result), or a negative errno with a message
 * where this program could not do its work.
 */
int run_execute(const struct run_params *params, struct result *result, struct error *error);

#endif
