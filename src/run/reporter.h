/* SPDX-License-Identifier: MIT */
/* Tells the observer what happens: the result at the ticks of two timers, steps, debugging lines. */
#ifndef TCPGOON_RUN_REPORTER_H
#define TCPGOON_RUN_REPORTER_H

#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/run/observer.h"

/* What the observer is shown at an interval of its own. */
enum reporter_timer {
	REPORTER_TICKS, /* the status lines */
	REPORTER_FRAMES, /* the live view */
	REPORTER_TIMERS,
};

struct reporter {
	const struct run_observer *observer;
	int timer_fds[REPORTER_TIMERS]; /* readable at each tick; -1: no ticks */
};

/* Call reporter_finish() from then on. */
void reporter_init(struct reporter *reporter, const struct run_observer *observer);
void reporter_finish(struct reporter *reporter);

/*
 * The timer ticks every interval_ns from start_ns on; 0: never. Returns 0 or a negative errno with a
 * message.
 */
int reporter_start(struct reporter *reporter, enum reporter_timer timer, uint64_t start_ns,
	uint64_t interval_ns, struct error *error);

/* Reads the tick that made the timer readable, if there is one. */
void reporter_take_tick(struct reporter *reporter, enum reporter_timer timer);

/* Shows the observer the result, which is up to date. */
void reporter_tick(struct reporter *reporter, const struct result *result);
void reporter_frame(struct reporter *reporter, const struct result *result, uint64_t elapsed_ns);

/* Tells the observer about a step of the run and, if it asked for that, about each connection. */
void reporter_event(struct reporter *reporter, const struct event *event);
void reporter_debug(struct reporter *reporter, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
