/* SPDX-License-Identifier: MIT */
/* The live view of a run: what it remembers of the last minute, and a frame made of it. */
#ifndef TCPGOON_REPORT_LIVE_H
#define TCPGOON_REPORT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/report/canvas.h"
#include "tcpgoon/result/event.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/stats/statistic.h"

/* The last minute, in steps. One more lies before it, from which the first rate is counted. */
#define LIVE_STEP_NS UINT64_C(500000000)
#define LIVE_STEPS 120
#define LIVE_STEPS_KEPT 128

/* As of the latest update within a step. */
struct live_step {
	uint64_t elapsed_ns;
	uint64_t established; /* open */
	uint64_t dialed; /* so far, and so are the others */
	uint64_t failed;
	uint64_t dropped;
};

/* All zero but the two flags and `phase` is a run that begins. */
struct live {
	bool utf8; /* what the terminal shows */
	bool colours;
	enum event_kind phase; /* EVENT_KINDS: connections are dialled */
	struct event event; /* with which the phase began */
	bool over;
	uint64_t elapsed_ns;
	struct live_step steps[LIVE_STEPS_KEPT]; /* step i has place i % LIVE_STEPS_KEPT */
	uint64_t step; /* the latest */
	uint64_t times_ns[TIMES_MAX][STATISTICS]; /* as of the beginning of the step */
	uint64_t times_count[TIMES_MAX];
	enum cause causes[CAUSE_MAX]; /* in the order in which they came */
	size_t cause_count;
};

void live_init(struct live *live, bool utf8, bool colours);
void live_event(struct live *live, const struct event *event);
/* The result so far, before each frame. */
void live_update(struct live *live, const struct result *result, uint64_t elapsed_ns);
/* The run is over: the frame after this is the last. */
void live_end(struct live *live, const struct result *result);

/* A step of those that are kept. */
const struct live_step *live_step_at(const struct live *live, uint64_t number);

/* Dials a second: in the last two seconds while connections are dialled, of all after that. */
double live_dial_rate(const struct live *live, const struct result *result);

/*
 * Draws a frame for a terminal of this size; the canvas gets as many rows as it takes, the same for
 * the whole run. The first one is blank.
 */
void live_draw(const struct live *live, const struct result *result, unsigned columns,
	unsigned rows, struct canvas *canvas);

#endif
