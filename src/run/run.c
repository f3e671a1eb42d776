/* SPDX-License-Identifier: MIT */
/*
 * The loop. Each turn hands over what is due, waits for completions or for the next instant at
 * which something is due, and gives every completion to its handler (harvest.c). The phases only
 * say what the loop is waiting for.
 */
#include "tcpgoon/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "run/grouping.h"
#include "run/harvest.h"
#include "run/run_state.h"
#include "run/way.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/limits.h"

/* Connections looked at in one turn while closing: enough to fill a submission, not a queue. */
#define CLOSE_BATCH 64
/* And passed over in one turn while asking, as most may be closed already. */
#define WALK_BATCH 4096

/* After a stall: how long to take what has come, before anything else is done. */
#define CATCH_UP_NS (500 * NSEC_PER_MSEC)

/* Between two questions to the observer whether to go on. */
#define REVIEW_NS (100 * NSEC_PER_MSEC)

/* Between two attempts to write what the observer holds back. */
#define HELD_BACK_NS (20 * NSEC_PER_MSEC)

/*
 * How long a hold goes on without a connection: a server that goes away ends its connections
 * before its listening socket, and the end of the run looks for that one.
 */
#define LAST_LOOK_NS (200 * NSEC_PER_MSEC)

static int begin(struct run_state *run, const struct run_params *params, struct result *result,
	struct error *error)
{
	const struct plan *plan = params->plan;
	const struct run_observer *observer = params->observer;
	const struct settings *settings = &plan->settings;
	*run = (struct run_state){
		.plan = plan,
		.result = result,
		.error = error,
		.reporter.timer_fd = -1,
		.signals = params->signals,
		.inquest.diag = SOCKDIAG_INIT,
		.review_ns = observer->on_review == NULL ? CLOCK_NEVER : 0,
	};
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
	evidence_begin(&run->evidence, &plan->targets, result);
	/* All that takes time is done: from here on the schedule counts. */
	uint64_t start_ns = clock_now_ns();
	r = table_init(&run->table, settings->connections, start_ns, result);
	if (r < 0) {
		return error_set(error, r, "no memory for a table of %" PRIu64 " connections",
			settings->connections);
	}
	r = tuple_pool_init(&run->pool, plan);
	if (r < 0) {
		return error_set(error, r, "no memory for the 4-tuples");
	}
	const struct dialer_params dialer = {
		.plan = plan,
		.transport = run->transport,
		.table = &run->table,
		.pool = &run->pool,
		.start_ns = start_ns,
	};
	dialer_init(&run->dialer, &dialer);
	run->deadline = (struct deadline){
		.table = &run->table,
		.timeout_ns = settings->dial_timeout_ns,
	};
	inquest_init(&run->inquest, &run->table, &run->pool);
	closing_init(&run->closing, run->transport, &run->table, &run->inquest,
		settings->close_mode == CLOSE_FIN);
	return reporter_init(
		&run->reporter, observer, &run->table, start_ns, settings->interval_ns, error);
}

static void finish(struct run_state *run)
{
	transport_destroy(run->transport); /* first: it may point into the others */
	reporter_finish(&run->reporter);
	closing_finish(&run->closing);
	inquest_finish(&run->inquest);
	dialer_finish(&run->dialer);
	tuple_pool_finish(&run->pool);
	table_finish(&run->table);
}

/* Brings the result up to date. */
static void take_numbers(struct run_state *run)
{
	struct result *result = run->result;
	result->at_end = table_snapshot(&run->table, run->now_ns);
	result->max_concurrent = run->table.established_now_max;
	result->duration_ns = result->at_end.elapsed_ns;
	if (run->phase == PHASE_DIALING) {
		result->dialing_ns = result->at_end.elapsed_ns;
	}
	if (result->dialed > 0) {
		result->generator.last_dial_ns = run->table.last_dialed_ns - run->table.start_ns;
	}
}

static void tell(
	struct run_state *run, enum event_kind kind, uint64_t connections, uint64_t duration_ns)
{
	const struct event event = {
		.kind = kind,
		.elapsed_ns = run->now_ns - run->table.start_ns,
		.count = connections,
		.duration_ns = duration_ns,
	};
	reporter_event(&run->reporter, &event);
}

static void begin_holding(struct run_state *run)
{
	uint64_t hold_ns = run->plan->settings.hold_ns;
	take_numbers(run);
	evidence_end_dialling(&run->evidence, run->result);
	run->phase = PHASE_HOLDING;
	run->hold_until_ns = run->now_ns + hold_ns;
	if (hold_ns > 0) {
		evidence_look_at_queues(&run->evidence, run->now_ns);
	}
	if (hold_ns > 0 && run->table.by_state[CONN_ESTABLISHED] > 0) {
		tell(run, EVENT_HOLDING, run->table.by_state[CONN_ESTABLISHED], hold_ns);
	}
}

static enum result_end why_it_ended(const struct run_state *run)
{
	if (run->interrupted) {
		return RESULT_INTERRUPTED;
	}
	return run->aborted ? RESULT_ABORTED : RESULT_COMPLETED;
}

/* A chain that began after the numbers were taken would dial what the report does not know of. */
static void begin_disarming(struct run_state *run)
{
	take_numbers(run);
	if (run->phase == PHASE_DIALING) {
		evidence_end_dialling(&run->evidence, run->result);
	}
	run->phase = PHASE_DISARMING;
	run->walk_left = run->dialer.next;
}

static void count_ports_left(const struct run_state *run, struct leftover *left)
{
	const struct tuples *tuples = &run->plan->tuples;
	if (tuples->order.automatic_count > 0) {
		left->ports_of = tuples->order.automatic_count;
		left->ports = left->ports_of -
			tuples_automatic_ports(
				tuples, tuple_pool_used(&run->pool, run->dialer.prepared));
	}
}

static void begin_asking(struct run_state *run)
{
	struct result *result = run->result;
	take_numbers(run);
	evidence_end(&run->evidence, run->transport, result);
	ways_look(run->plan, result);
	count_ports_left(run, &result->left);
	series_end(&result->series, &result->at_end);
	result->end = why_it_ended(run);
	inquest_watch(&run->inquest, run->now_ns);
	run->phase = PHASE_ASKING;
	run->walk_left = result->kernel.possible ? run->dialer.next : 0;
	if (result->kernel.possible) {
		tell(run, EVENT_ASKING, result->at_end.established, 0);
	}
}

static bool is_cut_short(const struct run_state *run)
{
	return run->interrupted || run->aborted;
}

/* A second look at what the first one left in doubt. */
static void begin_asking_again(struct run_state *run)
{
	uint64_t again_ns = inquest_again_ns(&run->inquest);
	run->phase = PHASE_ASKING_AGAIN;
	if (again_ns != CLOCK_NEVER && again_ns > run->now_ns && !is_cut_short(run)) {
		tell(run, EVENT_LOOKING_AGAIN, run->inquest.doubted.count, again_ns - run->now_ns);
	}
}

/* Asks again when it is time, or at once for somebody who does not wait; returns the next time. */
static uint64_t ask_again(struct run_state *run)
{
	uint64_t again_ns = inquest_again_ns(&run->inquest);
	if (run->now_ns < again_ns && !is_cut_short(run)) {
		return clock_earlier(again_ns, inquest_watch_ns(&run->inquest));
	}
	inquest_ask_again(&run->inquest, run->now_ns);
	return run->now_ns;
}

static void begin_closing(struct run_state *run)
{
	inquest_conclude(&run->inquest);
	run->phase = PHASE_CLOSING;
	closing_begin(&run->closing, run->dialer.prepared);
	tell(run, EVENT_CLOSING, run->result->at_end.established, 0);
}

/*
 * Whether it is open or being dialled. One that has just failed or ended may still be held by
 * its watch, but was asked about then.
 */
static bool is_under_way(const struct table *table, uint32_t index)
{
	enum conn_state state = table_state(table, index);
	return (state == CONN_ESTABLISHED || state == CONN_DIALING) &&
		table_holds(table, index, CONN_IN_FLIGHT);
}

/* Asks about a batch of what is open or still dialling. */
static void ask_some(struct run_state *run)
{
	uint32_t batch[INQUEST_BATCH];
	size_t count = 0;
	for (unsigned i = 0; i < WALK_BATCH && count < INQUEST_BATCH && run->walk_left > 0; i++) {
		uint32_t index = (uint32_t)--run->walk_left;
		if (is_under_way(&run->table, index)) {
			batch[count++] = index;
		}
	}
	inquest_ask(&run->inquest, batch, count, run->now_ns);
}

/*
 * Ends a batch of what is open: what is in flight is stopped, and settles when it is idle. The last
 * dialled comes first: the kernel keeps a ring's pending requests in a small hash whose chains have
 * the newest in front, and from the other end each CANCEL would walk its whole chain.
 */
static int close_some(struct run_state *run)
{
	for (unsigned i = 0; i < CLOSE_BATCH; i++) {
		uint32_t index;
		bool more;
		int r = closing_step(&run->closing, run->now_ns, &index, &more);
		if (r == 0 && more) {
			r = harvest_settle(run, index);
		}
		if (r < 0 || !more) {
			return r;
		}
	}
	return 0;
}

/* Disarms what is armed, once; all of it is among the last that the dialler has seen. */
static int disarm(struct run_state *run)
{
	int r = 0;
	uint64_t left = run->table.armed;
	while (r == 0 && left > 0 && run->walk_left > 0) {
		uint32_t index = (uint32_t)--run->walk_left;
		if (table_holds(&run->table, index, CONN_ARMED)) {
			r = run->transport->ops->disarm(
				run->transport, table_slot(&run->table, index));
			left--;
		}
	}
	run->walk_left = 0;
	return r;
}

/* Gives up the dials whose timeout is over. */
static int give_up_overdue(struct run_state *run)
{
	int r = 0;
	uint32_t index;
	while (r == 0 && deadline_take(&run->deadline, run->now_ns, &index)) {
		r = run->transport->ops->give_up(run->transport, table_slot(&run->table, index));
	}
	return r;
}

/* When dialling has something to do next: dialler, deadlines, or the end of it. */
static uint64_t next_dialling_ns(const struct run_state *run)
{
	if (table_decided(&run->table)) {
		return run->now_ns; /* none was dialled: nothing would wake us */
	}
	return clock_earlier(
		dialer_next_ns(&run->dialer, run->now_ns), deadline_next_ns(&run->deadline));
}

/* Answers a batch of the questions that hold connections back from being closed. */
static int answer_questions(struct run_state *run)
{
	uint32_t batch[INQUEST_BATCH];
	size_t count = inquest_take(&run->inquest, batch);
	inquest_ask(&run->inquest, batch, count, run->now_ns);
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		table_release(&run->table, batch[i], CONN_QUESTIONED);
		r = harvest_settle(run, batch[i]);
	}
	return r;
}

/* There is nothing to hold any more, or there never was. */
static void shorten_hold(struct run_state *run)
{
	uint64_t look_ns = run->result->established > 0 ? LAST_LOOK_NS : 0;
	if (run->table.by_state[CONN_ESTABLISHED] == 0) {
		run->hold_until_ns = clock_earlier(run->hold_until_ns, run->now_ns + look_ns);
	}
}

/* Goes on to the next phase where this one has nothing left to wait for. */
static void advance_phase(struct run_state *run)
{
	if (run->phase == PHASE_DIALING && table_decided(&run->table)) {
		begin_holding(run);
	}
	if (run->phase == PHASE_HOLDING) {
		shorten_hold(run);
	}
	bool hold_is_over = run->phase == PHASE_HOLDING && run->now_ns >= run->hold_until_ns;
	if (run->phase < PHASE_DISARMING && (run->interrupted || run->aborted || hold_is_over)) {
		begin_disarming(run);
	}
	if (run->phase == PHASE_DISARMING && run->table.armed == 0) {
		begin_asking(run);
	}
	if (run->phase == PHASE_ASKING && run->walk_left == 0) {
		begin_asking_again(run);
	}
	if (run->phase == PHASE_ASKING_AGAIN && inquest_again_ns(&run->inquest) == CLOCK_NEVER) {
		begin_closing(run);
	}
	if (run->phase == PHASE_CLOSING && run->table.occupied == 0) {
		run->phase = PHASE_LOOKING;
		closing_begin_looking(&run->closing, run->now_ns);
	}
	if (run->phase == PHASE_LOOKING && !closing_look(&run->closing, run->now_ns)) {
		run->phase = PHASE_OVER;
	}
}

/* While connections are dialled, each of them would meet the counter at another age. */
static bool watches_challenges(const struct run_state *run)
{
	return run->phase == PHASE_HOLDING || run->phase == PHASE_ASKING_AGAIN;
}

/* Keeps a sample, and asks the observer whether to go on, when it is time for either. */
static void look_around(struct run_state *run)
{
	struct series *series = &run->result->series;
	uint64_t elapsed_ns = run->now_ns - run->table.start_ns;
	if (watches_challenges(run) && run->now_ns >= inquest_watch_ns(&run->inquest)) {
		inquest_watch(&run->inquest, run->now_ns);
	}
	if (run->phase >= PHASE_ASKING) {
		return;
	}
	if (series_wants(series, elapsed_ns)) {
		struct snapshot snapshot = table_snapshot(&run->table, run->now_ns);
		series_add(series, &snapshot);
	}
	if (run->now_ns >= run->evidence.next_look_ns) {
		evidence_look_at_queues(&run->evidence, run->now_ns);
	}
	if (run->now_ns >= run->review_ns) {
		const struct run_observer *observer = run->reporter.observer;
		take_numbers(run);
		run->aborted |= observer->on_review(observer->context, run->result);
		run->review_ns = run->now_ns + REVIEW_NS;
	}
}

/* When there is something to look at: look_around(). */
static uint64_t next_look_ns(const struct run_state *run)
{
	uint64_t series_ns = run->table.start_ns + series_next_ns(&run->result->series);
	return clock_earlier(run->review_ns, clock_earlier(series_ns, run->evidence.next_look_ns));
}

/* What queues requests fails without words of its own. */
static int explain(const struct run_state *run, int r, struct error *error)
{
	return r < 0 ? run->transport->ops->explain(run->transport, r, error) : r;
}

/* Queues what this phase has to do now; *ret_until_ns is when it has more to do. */
static int work(struct run_state *run, uint64_t *ret_until_ns, struct error *error)
{
	int r = explain(run, answer_questions(run), error);
	if (r < 0) {
		return r;
	}
	switch (run->phase) {
	case PHASE_DIALING:
		r = dialer_advance(&run->dialer, run->now_ns, error);
		if (r == 0) {
			r = explain(run, give_up_overdue(run), error);
		}
		*ret_until_ns = clock_earlier(next_dialling_ns(run), next_look_ns(run));
		break;
	case PHASE_HOLDING:
		*ret_until_ns = clock_earlier(run->hold_until_ns, next_look_ns(run));
		*ret_until_ns = clock_earlier(*ret_until_ns, inquest_watch_ns(&run->inquest));
		break;
	case PHASE_DISARMING:
		r = explain(run, disarm(run), error);
		*ret_until_ns = CLOCK_NEVER;
		break;
	case PHASE_ASKING:
		ask_some(run);
		*ret_until_ns = run->now_ns;
		break;
	case PHASE_ASKING_AGAIN:
		*ret_until_ns = ask_again(run);
		break;
	case PHASE_CLOSING:
		r = explain(run, close_some(run), error);
		*ret_until_ns = closing_next_ns(&run->closing, run->now_ns);
		break;
	case PHASE_LOOKING:
		*ret_until_ns = run->closing.look_ns;
		break;
	case PHASE_OVER:
		break;
	}
	if (run->inquest.waiting.count > 0) {
		*ret_until_ns = run->now_ns;
	}
	return r;
}

/* Sleeps no longer than the observer's output may wait. */
static int wait_for_events(
	struct run_state *run, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	const struct run_observer *observer = run->reporter.observer;
	if (observer->on_wait != NULL && observer->on_wait(observer->context)) {
		until_ns = clock_earlier(until_ns, now_ns + HELD_BACK_NS);
	}
	return run->transport->ops->wait(run->transport, now_ns, until_ns, error);
}

/* Nothing is timed any more once the run ends. */
static bool is_timing(const struct run_state *run)
{
	return run->phase < PHASE_DISARMING;
}

static void note_stall(struct run_state *run, uint64_t length_ns, bool suspended)
{
	struct stall_view *view = &run->result->stalls;
	view->count++;
	view->total_ns += length_ns;
	view->longest_ns = length_ns > view->longest_ns ? length_ns : view->longest_ns;
	view->suspended_ns += suspended ? length_ns : 0;
	table_stalled(&run->table, run->now_ns, suspended);
	deadline_stalled(&run->deadline, length_ns, run->now_ns);
	run->stalled = true;
	reporter_debug(&run->reporter, "Stood still for %" PRIu64 " ms", length_ns / NSEC_PER_MSEC);
}

/*
 * A turn of the loop works, and waits until there is something to do: both have an end that it should
 * have kept to. Where it did not, the program was stopped, or had no CPU.
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
 * Takes all that has come. After a stall that is more than an enter brings, and what came before a
 * dial timeout was over must be seen before anybody asks whether it is over.
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
	run->now_ns = clock_now_ns(); /* what comes from here on has its own instant */
	return explain(run, r, error);
}

static int loop(struct run_state *run, struct error *error)
{
	run->now_ns = clock_now_ns();
	while (run->phase != PHASE_OVER) {
		uint64_t began_ns = run->now_ns;
		uint64_t until_ns = began_ns;
		int r = work(run, &until_ns, error);
		uint64_t worked_ns = clock_now_ns();
		bool timing = is_timing(run);
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
			evidence_add_window(&run->evidence, run->now_ns - began_ns);
		}
		r = harvest(run, error);
		if (r < 0) {
			return r;
		}
		look_around(run);
		advance_phase(run);
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

static int describe(struct result *result, const struct plan *plan, struct error *error)
{
	int r = result_set_settings(result, &plan->settings);
	if (r < 0) {
		return error_set(error, r, "out of memory for the result");
	}
	list_targets(result, &plan->targets);
	result->started_at_ns = clock_wall_ns();
	result->target = plan->targets.list[0];
	result->held = plan->settings.hold_ns > 0;
	result->generator.period_ns = plan->schedule.period_ns;
	return 0;
}

static int watch_descriptors(struct run_state *run)
{
	const struct transport_ops *ops = run->transport->ops;
	int r = ops->watch_fd(run->transport, signals_poll_fd(run->signals), RUN_FD_SIGNALS);
	return r < 0 || run->reporter.timer_fd < 0
		? r
		: ops->watch_fd(run->transport, run->reporter.timer_fd, RUN_FD_TIMER);
}

int run_execute(const struct run_params *params, struct result *result, struct error *error)
{
	int r = describe(result, params->plan, error);
	if (r < 0) {
		return r;
	}
	/* Not on the stack, which may be small. */
	struct run_state *run = malloc(sizeof(*run));
	if (run == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the run");
	}
	r = begin(run, params, result, error);
	if (r == 0) {
		r = explain(run, watch_descriptors(run), error);
	}
	if (r == 0) {
		reporter_tick(&run->reporter, run->table.start_ns);
		r = loop(run, error);
		if (r < 0 && run->phase < PHASE_ASKING) {
			take_numbers(run);
			result->unconfirmed = RESULT_UNKNOWN; /* asked at the end only */
		}
	}
	if (r == 0) {
		grouping_make(&run->table, &run->pool, run->dialer.prepared);
	}
	finish(run);
	free(run);
	return r;
}
