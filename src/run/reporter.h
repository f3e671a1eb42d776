/* SPDX-License-Identifier: MIT */
/* Tells the observer what happens: a snapshot at each tick of a timerfd, steps, debugging lines. */
#ifndef TCPGOON_RUN_REPORTER_H
#define TCPGOON_RUN_REPORTER_H

#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/run/observer.h"

struct reporter {
	const struct run_observer *observer;
	int timer_fd; /* readable at each tick; -1: no ticks */
};

/*
 * Ticks every interval_ns from start_ns on; 0: never. Returns 0 or a negative errno with a
 * message. Call reporter_finish() either way.
 */
int reporter_init(struct reporter *reporter, const struct run_observer *observer, uint64_t start_ns,
	uint64_t interval_ns, struct error *error);
void reporter_finish(struct reporter *reporter);

/* Reads the tick that made the timer readable, if there is one. */
void reporter_take_tick(struct reporter *reporter);

/* Shows the observer the result, which is up to date. */
void reporter_tick(struct reporter *reporter, const struct result *result);

/* Tells the observer about a step of the run and, if it asked for that, about each connection. */
void reporter_event(struct reporter *reporter, const struct event *event);
void reporter_debug(struct reporter *reporter, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
