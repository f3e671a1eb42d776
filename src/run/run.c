/* SPDX-License-Identifier: MIT */
/*
 * The loop. Each turn does what its phase has to do (phases.c), waits for events or for the next
 * instant at which something is due, and gives every event to its handler (harvest.c).
 */
#include "tcpgoon/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/grouping.h"
#include "run/harvest.h"
#include "run/phases.h"
#include "run/records.h"
#include "run/run_state.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/connection_list.h"

/* After a stall, how long to take events before doing anything else. */
#define CATCH_UP_NS (500 * NSEC_PER_MSEC)

/* Between two questions to the observer whether to go on. */
#define REVIEW_NS (100 * NSEC_PER_MSEC)

/* Between two attempts to write what the observer holds back. */
#define HELD_BACK_NS (20 * NSEC_PER_MSEC)

/* Not while connections are dialled: each would meet the counter at another age. */
static bool watches_challenges(const struct run_state *run)
{
	return run->phase == PHASE_HOLDING || run->phase == PHASE_ASKING_AGAIN;
}

/* Does what is due: reads the counter, keeps a sample, looks at the queues, asks the observer. */
static void look_around(struct run_state *run)
{
	struct series *series = &run->result->series;
	uint64_t elapsed_ns = run->now_ns - run->table.start_ns;
	if (watches_challenges(run) && run->now_ns >= survey_watch_ns(&run->survey)) {
		survey_watch(&run->survey, run->now_ns);
	}
	if (run_state_numbers_are_taken(run)) {
		return;
	}
	if (series_wants(series, elapsed_ns)) {
		struct snapshot snapshot = run_state_snapshot(run);
		series_add(series, &snapshot);
	}
	if (run->now_ns >= run->counters.next_look_ns) {
		counters_look_at_queues(&run->counters, run->now_ns);
	}
	if (run->now_ns >= run->review_ns) {
		const struct run_observer *observer = run->reporter.observer;
		run_state_take_numbers(run);
		run->aborted |= observer->on_review(observer->context, run->result);
		run->review_ns = run->now_ns + REVIEW_NS;
	}
}

/*
 * A frame takes some tens of microseconds, and then somebody is woken to read it: shown at any
 * moment, it would make dials late. So it comes in the time between two, if there is enough of it.
 */
#define FRAME_GAP_NS (100 * NSEC_PER_USEC)
#define FRAME_PATIENCE_NS (20 * NSEC_PER_MSEC)

static bool has_time_for_frame(const struct run_state *run)
{
	const struct pacer *pacer = &run->dialer.pacer;
	if (run->phase != PHASE_DIALING || !schedule_is_paced(pacer->schedule) ||
		run->now_ns >= run->frame_due_ns + FRAME_PATIENCE_NS) {
		return true;
	}
	uint64_t next = pacer_due_before(pacer, run->now_ns);
	if (next == 0 || next >= pacer->count) {
		return true;
	}
	uint64_t due_ns = pacer_due_ns(pacer, next);
	uint64_t gap_ns = due_ns - pacer_due_ns(pacer, next - 1);
	return due_ns - run->now_ns >= clock_earlier(FRAME_GAP_NS, gap_ns / 2);
}

/* Unlike status lines, frames go on while the kernel is asked and connections are closed. */
static void show_frame(struct run_state *run)
{
	if (run->frame_due_ns == CLOCK_NEVER || !has_time_for_frame(run)) {
		return;
	}
	if (!run_state_numbers_are_taken(run)) {
		run_state_take_numbers(run);
	}
	run->frame_due_ns = CLOCK_NEVER;
	reporter_frame(&run->reporter, run->result, run->now_ns - run->table.start_ns);
}

/* Has the transport explain its errno, unless there is a message already. */
static int explain(const struct run_state *run, int r, struct error *error)
{
	return r < 0 ? run->transport->ops->explain(run->transport, r, error) : r;
}

/* Sleeps no longer than the observer's output may be held back. */
static int wait_for_events(
	struct run_state *run, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	const struct run_observer *observer = run->reporter.observer;
	if (observer->on_wait != NULL && observer->on_wait(observer->context)) {
		until_ns = clock_earlier(until_ns, now_ns + HELD_BACK_NS);
	}
	return run->transport->ops->wait(run->transport, now_ns, until_ns, error);
}

static void note_stall(struct run_state *run, uint64_t length_ns, bool suspended)
{
	struct stall_view *view = &run->result->stalls;
	view->count++;
	view->total_ns += length_ns;
	view->longest_ns = length_ns > view->longest_ns ? length_ns : view->longest_ns;
	view->suspended_ns += suspended ? length_ns : 0;
	table_stalled(&run->table, run->now_ns, suspended);
	dial_queue_stalled(&run->queue, length_ns, run->now_ns);
	run->stalled = true;
	reporter_debug(&run->reporter, "Stood still for %" PRIu64 " ms", length_ns / NSEC_PER_MSEC);
}

/*
 * A turn of the loop works, and then waits until there is something to do: both should end in time.
 * If they did not, the program was stopped, or had no CPU.
 */
static void look_for_stalls(
	struct run_state *run, uint64_t began_ns, uint64_t worked_ns, uint64_t until_ns)
{
	uint64_t length_ns = stall_length_ns(began_ns, began_ns, worked_ns) +
		stall_length_ns(worked_ns, until_ns, run->now_ns);
	if (length_ns > 0) {
		note_stall(run, length_ns, false);
	}
	if (run->now_ns >= run->suspend.look_ns) {
		length_ns = stall_suspended_ns(&run->suspend, run->now_ns, clock_boot_ns());
		if (length_ns > 0) {
			note_stall(run, length_ns, true);
		}
	}
}

/*
 * Takes all events. After a stall there are more than one enter brings, and an answer that came
 * before the dial timed out must be seen before the timeout is checked.
 */
static int harvest(struct run_state *run, struct error *error)
{
	struct transport *transport = run->transport;
	const struct transport_ops *ops = transport->ops;
	uint64_t until_ns = run->now_ns + CATCH_UP_NS;
	int r = ops->harvest(transport, run->now_ns, harvest_event, run);
	if (!run->stalled) {
		return explain(run, r, error);
	}
	while (r == 0 && ops->has_work(transport) && clock_now_ns() < until_ns) {
		r = ops->wait(transport, run->now_ns, run->now_ns, error);
		if (r == 0) {
			r = ops->harvest(transport, run->now_ns, harvest_event, run);
		}
	}
	run->now_ns = clock_now_ns(); /* events from here on have an instant of their own */
	return explain(run, r, error);
}

static int loop(struct run_state *run, struct error *error)
{
	run->now_ns = clock_now_ns();
	while (run->phase != PHASE_OVER) {
		uint64_t began_ns = run->now_ns;
		uint64_t until_ns = began_ns;
		int r = explain(run, phases_work(run, &until_ns), error);
		uint64_t worked_ns = clock_now_ns();
		bool timing = run_state_is_timed(run);
		if (timing) {
			until_ns = clock_earlier(until_ns, worked_ns + STALL_HEARTBEAT_NS);
		}
		if (r == 0) {
			r = wait_for_events(run, worked_ns, until_ns, error);
		}
		if (r < 0) {
			return r;
		}
		run->now_ns = clock_now_ns();
		run->stalled = false;
		if (timing) {
			look_for_stalls(run, began_ns, worked_ns, until_ns);
		}
		if (until_ns <= worked_ns && run->phase == PHASE_DIALING && !run->stalled) {
			counters_add_window(&run->counters, run->now_ns - began_ns);
		}
		r = harvest(run, error);
		if (r < 0) {
			return r;
		}
		look_around(run);
		phases_advance(run);
		show_frame(run);
	}
	return 0;
}

static void list_targets(struct result *result, const struct targets *targets)
{
	bool worth_it = targets->count > 1 && targets->count <= RESULT_TARGETS_MAX;
	result->target_count = worth_it ? targets->count : 0;
	for (size_t i = 0; i < result->target_count; i++) {
		result->targets[i].address = targets->list[i];
	}
}

static int describe(struct result *result, const struct run_params *params, struct error *error)
{
	const struct plan *plan = params->plan;
	int r = result_set_settings(result, &plan->settings);
	if (r < 0) {
		return error_set(error, r, "out of memory for the result");
	}
	if (params->keep_connections) {
		r = connection_list_create(plan, &result->connections);
	}
	if (r < 0) {
		return error_set(error, r, "out of memory for a list of %" PRIu64 " connections",
			plan->settings.connections);
	}
	list_targets(result, &plan->targets);
	result->target = plan->targets.list[0];
	result->held = plan->settings.hold_ns > 0;
	result->schedule = plan->schedule;
	snprintf(result->generator.engine, sizeof(result->generator.engine), "%s",
		params->transport->name);
	return 0;
}

static int watch_descriptors(struct run_state *run)
{
	const struct transport_ops *ops = run->transport->ops;
	int r = ops->watch_fd(run->transport, signals_poll_fd(run->signals), RUN_FD_SIGNALS);
	const int *timers = run->reporter.timer_fds;
	if (r == 0 && timers[REPORTER_TICKS] >= 0) {
		r = ops->watch_fd(run->transport, timers[REPORTER_TICKS], RUN_FD_TICKS);
	}
	if (r == 0 && timers[REPORTER_FRAMES] >= 0) {
		r = ops->watch_fd(run->transport, timers[REPORTER_FRAMES], RUN_FD_FRAMES);
	}
	return r;
}

int run_execute(const struct run_params *params, struct result *result, struct error *error)
{
	const struct start start = start_await(params);
	int r = describe(result, params, error);
	if (r < 0) {
		return r;
	}
	/* Not on the stack, which may be small. */
	struct run_state *run = malloc(sizeof(*run));
	if (run == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the run");
	}
	r = run_state_init(run, params, &start, result, error);
	if (r == 0) {
		r = explain(run, watch_descriptors(run), error);
	}
	if (r == 0) {
		result->started_at_ns = clock_wall_ns();
		run->now_ns = run->table.start_ns;
		run_state_take_numbers(run);
		reporter_tick(&run->reporter, run->result);
		phases_advance(run); /* a signal may have come before the first dial */
		r = loop(run, error);
		if (r < 0 && !run_state_numbers_are_taken(run)) {
			run_state_take_numbers(run);
			result->unconfirmed = RESULT_UNKNOWN; /* the survey asks only at the end */
		}
	}
	if (r == 0) {
		grouping_make(&run->table, &run->pool, run->dialer.prepared);
	}
	records_fill(&run->table, &run->pool);
	run_state_finish(run);
	free(run);
	return r;
}
