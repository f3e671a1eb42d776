/* SPDX-License-Identifier: MIT */
/*
 * Frames come sixteen times a second. What moves (counts, bar, time left) is taken from the result at
 * each; what would only flicker if it changed so often (rates, percentiles) is of whole steps of half
 * a second, and so is the plot. A walk over the histograms is also the one thing here that costs
 * time.
 */
#include "tcpgoon/report/live.h"

static struct live_step *step_at(struct live *live, uint64_t number)
{
	return &live->steps[number % LIVE_STEPS_KEPT];
}

const struct live_step *live_step_at(const struct live *live, uint64_t number)
{
	return &live->steps[number % LIVE_STEPS_KEPT];
}

void live_init(struct live *live, bool utf8, bool colours)
{
	*live = (struct live){.utf8 = utf8, .colours = colours, .phase = EVENT_KINDS};
}

void live_event(struct live *live, const struct event *event)
{
	live->phase = event->kind;
	live->event = *event;
}

static void take_times(struct live *live, const struct result *result)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		const struct histogram *times = &result->times[i];
		if (times->count > 0 && times->count != live->times_count[i]) {
			statistics_ns(times, live->times_ns[i]);
		}
		live->times_count[i] = times->count;
	}
}

/* While this program stalled, or asks the kernel, no update came: then the last values hold. */
static void begin_step(struct live *live, uint64_t number)
{
	struct live_step last = *live_step_at(live, live->step);
	uint64_t from = live->step + 1;
	if (number - live->step > LIVE_STEPS_KEPT) {
		from = number - LIVE_STEPS_KEPT + 1;
	}
	for (uint64_t i = from; i <= number; i++) {
		last.elapsed_ns = i * LIVE_STEP_NS;
		*step_at(live, i) = last;
	}
	live->step = number;
}

static bool is_listed(const struct live *live, enum cause cause)
{
	for (size_t i = 0; i < live->cause_count; i++) {
		if (live->causes[i] == cause) {
			return true;
		}
	}
	return false;
}

static void list_causes(struct live *live, const struct result *result)
{
	for (int i = 0; i < CAUSE_MAX; i++) {
		if (result->causes[i].count > 0 && !is_listed(live, (enum cause)i)) {
			live->causes[live->cause_count++] = (enum cause)i;
		}
	}
}

void live_update(struct live *live, const struct result *result, uint64_t elapsed_ns)
{
	uint64_t number = elapsed_ns / LIVE_STEP_NS;
	if (number > live->step) {
		begin_step(live, number);
		take_times(live, result);
	}
	live->elapsed_ns = elapsed_ns;
	*step_at(live, number) = (struct live_step){
		.elapsed_ns = elapsed_ns,
		.established = result->at_end.established,
		.dialed = result->totals.dialed,
		.failed = result->totals.failed,
		.dropped = result->totals.dropped,
	};
	list_causes(live, result);
}

void live_end(struct live *live, const struct result *result)
{
	live_update(live, result, live->elapsed_ns);
	take_times(live, result);
	live->over = true;
}

/* The span of the pace that is shown. */
#define PACE_STEPS 4

double live_dial_rate(const struct live *live, const struct result *result)
{
	bool dialing = live->phase == EVENT_KINDS && !live->over;
	if (!dialing || live->step == 0) {
		return result_dial_rate(result);
	}
	uint64_t last = live->step - 1; /* the latest that is complete */
	const struct live_step *to = live_step_at(live, last);
	struct live_step from = {.elapsed_ns = 0};
	if (last >= PACE_STEPS) {
		from = *live_step_at(live, last - PACE_STEPS);
	}
	return to->elapsed_ns > from.elapsed_ns ? (double)(to->dialed - from.dialed) * 1e9 /
			(double)(to->elapsed_ns - from.elapsed_ns)
						: 0;
}
