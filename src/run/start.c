/* SPDX-License-Identifier: MIT */
/*
 * The wall clock is read once, when the waiting begins, and the instant is one of the monotonic
 * clock from then on: a clock that is set meanwhile, or steps at a leap second, moves nothing. What
 * the run counts (the counters of the host, its own CPU time) begins after the wait, so that it has
 * nothing of it. The last moment is slept away: a signal then is seen as the first event of the
 * run.
 */
#include "run/start.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/event.h"
#include "tcpgoon/run/observer.h"

/* To make the transport, the table and the counters. */
#define PREPARATION_NS (200 * NSEC_PER_MSEC)

/* Between two attempts to write what the observer holds back, and at most between two looks. */
#define HELD_BACK_NS (20 * NSEC_PER_MSEC)
#define LOOK_NS (60 * NSEC_PER_SEC)

static void tell(const struct run_params *params, uint64_t wait_ns)
{
	const struct run_observer *observer = params->observer;
	const struct event event = {
		.kind = EVENT_WAITING,
		.count = params->plan->settings.connections,
		.duration_ns = wait_ns,
	};
	if (observer->on_event != NULL) {
		observer->on_event(observer->context, &event);
	}
}

/* True if a signal came. */
static bool sleep_until(const struct run_params *params, uint64_t until_ns)
{
	const struct run_observer *observer = params->observer;
	struct pollfd poll_fd = {.fd = signals_poll_fd(params->signals), .events = POLLIN};
	for (uint64_t now_ns = clock_now_ns(); now_ns < until_ns; now_ns = clock_now_ns()) {
		bool held = observer->on_wait != NULL && observer->on_wait(observer->context);
		uint64_t look_ns = now_ns + (held ? HELD_BACK_NS : LOOK_NS);
		const struct timespec left =
			clock_timespec(clock_earlier(until_ns, look_ns) - now_ns);
		if (ppoll(&poll_fd, 1, &left, NULL) > 0) {
			return true;
		}
	}
	return false;
}

struct start start_await(const struct run_params *params)
{
	uint64_t wanted_ns = params->plan->settings.start_at_ns;
	uint64_t wall_ns = clock_wall_ns();
	uint64_t now_ns = clock_now_ns();
	if (wanted_ns <= wall_ns) {
		return (struct start){0};
	}
	struct start start = {.at_ns = now_ns + (wanted_ns - wall_ns)};
	tell(params, wanted_ns - wall_ns);
	if (start.at_ns > now_ns + PREPARATION_NS) {
		start.interrupted = sleep_until(params, start.at_ns - PREPARATION_NS);
	}
	return start;
}

uint64_t start_reach(const struct start *start)
{
	if (start->at_ns == 0 || start->interrupted) {
		return clock_now_ns();
	}
	const struct timespec at = clock_timespec(start->at_ns);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
	}
	return start->at_ns;
}
