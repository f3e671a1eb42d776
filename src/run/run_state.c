/* SPDX-License-Identifier: MIT */
#include "run/run_state.h"

#include <inttypes.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"

int run_state_init(struct run_state *run, const struct run_params *params,
	const struct start *start, struct result *result, struct error *error)
{
	const struct plan *plan = params->plan;
	const struct run_observer *observer = params->observer;
	const struct settings *settings = &plan->settings;
	*run = (struct run_state){
		.plan = plan,
		.result = result,
		.error = error,
		.signals = params->signals,
		.survey.diag = SOCKDIAG_INIT,
		.frame_due_ns = CLOCK_NEVER,
		.interrupted = start->interrupted,
		.review_ns = observer->on_review == NULL ? CLOCK_NEVER : 0,
	};
	reporter_init(&run->reporter, observer);
	const struct transport_params wanted = {
		.slots = settings->connections,
		.nofile = limits_raise_nofile(),
		.memlock = limits_memlock(),
		.watch_fd = signals_poll_fd(params->signals),
		.fin = settings->close_mode == CLOSE_FIN,
	};
	int r = params->transport->create(&wanted, &run->transport, error);
	if (r < 0) {
		return r;
	}
	refusals_init(&run->refusals, result);
	counters_begin(&run->counters, &plan->targets, result);
	/* Everything that takes time is done: the schedule begins here. */
	uint64_t start_ns = start_reach(start);
	r = table_init(&run->table, settings->connections, start_ns, result);
	if (r < 0) {
		return error_set(error, r, "out of memory for a table of %" PRIu64 " connections",
			settings->connections);
	}
	r = tuple_pool_init(&run->pool, plan);
	if (r < 0) {
		return error_set(error, r, "out of memory for the 4-tuples");
	}
	dial_queue_init(&run->queue, &run->table, settings->dial_timeout_ns);
	const struct dialer_params dialer = {
		.plan = plan,
		.transport = run->transport,
		.table = &run->table,
		.pool = &run->pool,
		.queue = &run->queue,
		.start_ns = start_ns,
	};
	dialer_init(&run->dialer, &dialer);
	survey_init(&run->survey, &run->table, &run->pool);
	closing_init(&run->closing, run->transport, &run->table, &run->survey,
		settings->close_mode == CLOSE_FIN);
	r = reporter_start(&run->reporter, REPORTER_TICKS, start_ns, settings->interval_ns, error);
	return r < 0 ? r
		     : reporter_start(
			       &run->reporter, REPORTER_FRAMES, start_ns, params->frame_ns, error);
}

void run_state_finish(struct run_state *run)
{
	transport_destroy(run->transport); /* first: it may point into the other parts */
	reporter_finish(&run->reporter);
	closing_finish(&run->closing);
	survey_finish(&run->survey);
	dialer_finish(&run->dialer);
	dial_queue_finish(&run->queue);
	tuple_pool_finish(&run->pool);
	table_finish(&run->table);
}

struct snapshot run_state_snapshot(struct run_state *run)
{
	struct snapshot snapshot = table_snapshot(&run->table, run->now_ns);
	if (schedule_is_paced(&run->plan->schedule)) {
		snapshot.due = pacer_due_before(&run->dialer.pacer, run->now_ns);
	}
	snapshot.queued = counters_queued(&run->counters, run->now_ns);
	return snapshot;
}

void run_state_take_numbers(struct run_state *run)
{
	struct result *result = run->result;
	result->at_end = run_state_snapshot(run);
	result->max_concurrent = run->table.established_now_max;
	result->duration_ns = result->at_end.elapsed_ns;
	if (run->phase == PHASE_DIALING) {
		result->dialing_ns = result->at_end.elapsed_ns;
	}
	if (result->totals.dialed > 0) {
		result->generator.last_dial_ns = run->table.last_dialed_ns - run->table.start_ns;
	}
}
