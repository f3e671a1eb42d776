/* SPDX-License-Identifier: MIT */
/* What a run reports while it goes on. */
#ifndef TCPGOON_RUN_OBSERVER_H
#define TCPGOON_RUN_OBSERVER_H

#include <stdbool.h>

#include "tcpgoon/result/event.h"
#include "tcpgoon/result/result.h"

/* Any function may be NULL. They must not block. */
struct run_observer {
	void *context;
	/*
	 * At the start and every settings.interval_ns, from the timerfd's tick: the growing result,
	 * with the present counts in `at_end`.
	 */
	void (*on_tick)(void *context, const struct result *result);
	/*
	 * Every run_params.frame_ns, from a timer of its own, until the run is over: the same, and
	 * how long ago the run began. From the end of the hold on the counts stay as they are.
	 */
	void (*on_frame)(void *context, const struct result *result, uint64_t elapsed_ns);
	/* A step of the run begins, such as the hold. */
	void (*on_event)(void *context, const struct event *event);
	/*
	 * Called ten times a second with the growing result; true ends the run here, with its
	 * report.
	 */
	bool (*on_review)(void *context, const struct result *result);
	/* The loop is about to wait. True: output is held back, so it waits only for a moment. */
	bool (*on_wait)(void *context);
	/* One line per event, for --debug only; NULL otherwise, because it costs time. */
	void (*on_debug)(void *context, const char *line);
};

#endif
