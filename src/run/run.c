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

#include "run/engine.h"
#include "run/grouping.h"
#include "run/harvest.h"
#include "run/way.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/limits.h"

/* Connections looked at in one turn while closing: enough to fill a submission, not a queue. */
#define CLOSE_BATCH 64
/* And passed over in one turn while asking, as most may be closed already. */
#define WALK_BATCH 4096

/* To ask about so many, or to close them, takes a second: worth a word to whoever waits. */
#define WORTH_A_WORD 50000

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

static int engine_init(struct engine *engine, const struct run_params *run, struct result *result,
	struct error *error)
{
	const struct plan *plan = run->plan;
	const struct run_observer *observer = run->observer;
	const struct settings *settings = &plan->settings;
	*engine = (struct engine){
		.plan = plan,
		.result = result,
		.error = error,
		.reporter.timer_fd = -1,
		.signals = run->signals,
		.inquest.diag = SOCKDIAG_INIT,
		.review_ns = observer->on_review == NULL ? CLOCK_NEVER : 0,
	};
	const struct transport_params params = {
		.slots = settings->connections,
		.nofile = limits_raise_nofile(),
		.memlock = limits_memlock(),
		.watch_fd = signals_poll_fd(run->signals),
		.fin = settings->close_mode == CLOSE_FIN,
	};
	int r = run->transport->create(&params, &engine->transport, error);
	if (r < 0) {
		return r;
	}
	refusals_init(&engine->refusals, result);
	evidence_begin(&engine->evidence, &plan->targets, result);
	/* All that takes time is done: from here on the schedule counts. */
	uint64_t start_ns = clock_now_ns();
	r = table_init(&engine->table, settings->connections, start_ns, result);
	if (r < 0) {
		return error_set(error, r, "no memory for a table of %" PRIu64 " connections",
			settings->connections);
	}
	r = tuple_pool_init(&engine->pool, plan);
	if (r < 0) {
		return error_set(error, r, "no memory for the 4-tuples");
	}
	const struct dialer_params dialer = {
		.plan = plan,
		.transport = engine->transport,
		.table = &engine->table,
		.pool = &engine->pool,
		.start_ns = start_ns,
	};
	dialer_init(&engine->dialer, &dialer);
	engine->deadline = (struct deadline){
		.table = &engine->table,
		.timeout_ns = settings->dial_timeout_ns,
	};
	inquest_init(&engine->inquest, &engine->table, &engine->pool);
	closing_init(&engine->closing, engine->transport, &engine->table, &engine->inquest,
		settings->close_mode == CLOSE_FIN);
	return reporter_init(&engine->reporter, observer, &engine->table, start_ns,
		settings->interval_ns, error);
}

static void engine_finish(struct engine *engine)
{
	transport_destroy(engine->transport); /* first: it may point into the others */
	reporter_finish(&engine->reporter);
	closing_finish(&engine->closing);
	inquest_finish(&engine->inquest);
	dialer_finish(&engine->dialer);
	tuple_pool_finish(&engine->pool);
	table_finish(&engine->table);
}

/* Brings the result up to date. */
static void take_numbers(struct engine *engine)
{
	struct result *result = engine->result;
	result->at_end = table_snapshot(&engine->table, engine->now_ns);
	result->max_concurrent = engine->table.established_now_max;
	result->duration_ns = result->at_end.elapsed_ns;
	if (engine->phase == PHASE_DIALING) {
		result->dialing_ns = result->at_end.elapsed_ns;
	}
	if (result->dialed > 0) {
		result->generator.last_dial_ns =
			engine->table.last_dialed_ns - engine->table.start_ns;
	}
}

static void tell_stage(struct engine *engine, const char *verb, uint64_t connections)
{
	if (connections >= WORTH_A_WORD) {
		char count[UNITS_TEXT_MAX];
		reporter_stage(&engine->reporter, "%s %s connections", verb,
			units_format_count(connections, count));
	}
}

static void begin_holding(struct engine *engine)
{
	uint64_t hold_ns = engine->plan->settings.hold_ns;
	take_numbers(engine);
	evidence_end_dialling(&engine->evidence, engine->result);
	engine->phase = PHASE_HOLDING;
	engine->hold_until_ns = engine->now_ns + hold_ns;
	if (hold_ns > 0) {
		evidence_look_at_queues(&engine->evidence, engine->now_ns);
	}
	if (hold_ns > 0 && engine->table.by_state[CONN_ESTABLISHED] > 0) {
		char count[UNITS_TEXT_MAX];
		char duration[UNITS_TEXT_MAX];
		reporter_stage(&engine->reporter, "Holding %s connections for %s",
			units_format_count(engine->table.by_state[CONN_ESTABLISHED], count),
			units_format_duration(hold_ns, duration));
	}
}

static enum run_end why_it_ended(const struct engine *engine)
{
	if (engine->interrupted) {
		return RUN_INTERRUPTED;
	}
	return engine->aborted ? RUN_ABORTED : RUN_COMPLETED;
}

/* A chain that began after the numbers were taken would dial what the report does not know of. */
static void begin_disarming(struct engine *engine)
{
	take_numbers(engine);
	if (engine->phase == PHASE_DIALING) {
		evidence_end_dialling(&engine->evidence, engine->result);
	}
	engine->phase = PHASE_DISARMING;
	engine->walk_left = engine->dialer.next;
}

static void count_ports_left(const struct engine *engine, struct leftover *left)
{
	const struct tuples *tuples = &engine->plan->tuples;
	if (tuples->order.automatic_count > 0) {
		left->ports_of = tuples->order.automatic_count;
		left->ports = left->ports_of -
			tuples_automatic_ports(
				tuples, tuple_pool_used(&engine->pool, engine->dialer.prepared));
	}
}

static void begin_asking(struct engine *engine)
{
	struct result *result = engine->result;
	take_numbers(engine);
	evidence_end(&engine->evidence, engine->transport, result);
	ways_look(engine->plan, result);
	count_ports_left(engine, &result->left);
	series_end(&result->series, &result->at_end);
	result->end = why_it_ended(engine);
	inquest_watch(&engine->inquest, engine->now_ns);
	engine->phase = PHASE_ASKING;
	engine->walk_left = result->kernel.possible ? engine->dialer.next : 0;
	if (result->kernel.possible) {
		tell_stage(engine, "Asking the kernel about", result->at_end.established);
	}
}

static bool is_cut_short(const struct engine *engine)
{
	return engine->interrupted || engine->aborted;
}

/* A second look at what the first one left in doubt. */
static void begin_asking_again(struct engine *engine)
{
	uint64_t again_ns = inquest_again_ns(&engine->inquest);
	engine->phase = PHASE_ASKING_AGAIN;
	if (again_ns != CLOCK_NEVER && again_ns > engine->now_ns && !is_cut_short(engine)) {
		char count[UNITS_TEXT_MAX];
		char wait[UNITS_TEXT_MAX];
		uint64_t wait_ms = (again_ns - engine->now_ns) / NSEC_PER_MSEC;
		reporter_stage(&engine->reporter,
			"Looking again in %s at %s connections whose SYN-ACK may have been "
			"repeated",
			units_format_duration(wait_ms * NSEC_PER_MSEC, wait),
			units_format_count(engine->inquest.doubted.count, count));
	}
}

/* Asks again when it is time, or at once for somebody who does not wait; returns the next time. */
static uint64_t ask_again(struct engine *engine)
{
	uint64_t again_ns = inquest_again_ns(&engine->inquest);
	if (engine->now_ns < again_ns && !is_cut_short(engine)) {
		return clock_earlier(again_ns, inquest_watch_ns(&engine->inquest));
	}
	inquest_ask_again(&engine->inquest, engine->now_ns);
	return engine->now_ns;
}

static void begin_closing(struct engine *engine)
{
	inquest_conclude(&engine->inquest);
	engine->phase = PHASE_CLOSING;
	closing_begin(&engine->closing, engine->dialer.prepared);
	tell_stage(engine, "Closing", engine->result->at_end.established);
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
static void ask_some(struct engine *engine)
{
	uint32_t batch[INQUEST_BATCH];
	size_t count = 0;
	for (unsigned i = 0; i < WALK_BATCH && count < INQUEST_BATCH && engine->walk_left > 0;
		i++) {
		uint32_t index = (uint32_t)--engine->walk_left;
		if (is_under_way(&engine->table, index)) {
			batch[count++] = index;
		}
	}
	inquest_ask(&engine->inquest, batch, count, engine->now_ns);
}

/*
 * Ends a batch of what is open: what is in flight is stopped, and settles when it is idle. The last
 * dialled comes first: the kernel keeps a ring's pending requests in a small hash whose chains have
 * the newest in front, and from the other end each CANCEL would walk its whole chain.
 */
static int close_some(struct engine *engine)
{
	for (unsigned i = 0; i < CLOSE_BATCH; i++) {
		uint32_t index;
		bool more;
		int r = closing_step(&engine->closing, engine->now_ns, &index, &more);
		if (r == 0 && more) {
			r = harvest_settle(engine, index);
		}
		if (r < 0 || !more) {
			return r;
		}
	}
	return 0;
}

/* Disarms what is armed, once; all of it is among the last that the dialler has seen. */
static int disarm(struct engine *engine)
{
	int r = 0;
	uint64_t left = engine->table.armed;
	while (r == 0 && left > 0 && engine->walk_left > 0) {
		uint32_t index = (uint32_t)--engine->walk_left;
		if (table_holds(&engine->table, index, CONN_ARMED)) {
			r = engine->transport->ops->disarm(
				engine->transport, table_slot(&engine->table, index));
			left--;
		}
	}
	engine->walk_left = 0;
	return r;
}

/* Gives up the dials whose timeout is over. */
static int give_up_overdue(struct engine *engine)
{
	int r = 0;
	uint32_t index;
	while (r == 0 && deadline_take(&engine->deadline, engine->now_ns, &index)) {
		r = engine->transport->ops->give_up(
			engine->transport, table_slot(&engine->table, index));
	}
	return r;
}

/* When dialling has something to do next: dialler, deadlines, or the end of it. */
static uint64_t next_dialling_ns(const struct engine *engine)
{
	if (table_decided(&engine->table)) {
		return engine->now_ns; /* none was dialled: nothing would wake us */
	}
	return clock_earlier(dialer_next_ns(&engine->dialer, engine->now_ns),
		deadline_next_ns(&engine->deadline));
}

/* Answers a batch of the questions that hold connections back from being closed. */
static int answer_questions(struct engine *engine)
{
	uint32_t batch[INQUEST_BATCH];
	size_t count = inquest_take(&engine->inquest, batch);
	inquest_ask(&engine->inquest, batch, count, engine->now_ns);
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++) {
		table_release(&engine->table, batch[i], CONN_QUESTIONED);
		r = harvest_settle(engine, batch[i]);
	}
	return r;
}

/* There is nothing to hold any more, or there never was. */
static void shorten_hold(struct engine *engine)
{
	uint64_t look_ns = engine->result->established > 0 ? LAST_LOOK_NS : 0;
	if (engine->table.by_state[CONN_ESTABLISHED] == 0) {
		engine->hold_until_ns =
			clock_earlier(engine->hold_until_ns, engine->now_ns + look_ns);
	}
}

/* Goes on to the next phase where this one has nothing left to wait for. */
static void advance_phase(struct engine *engine)
{
	if (engine->phase == PHASE_DIALING && table_decided(&engine->table)) {
		begin_holding(engine);
	}
	if (engine->phase == PHASE_HOLDING) {
		shorten_hold(engine);
	}
	bool hold_is_over =
		engine->phase == PHASE_HOLDING && engine->now_ns >= engine->hold_until_ns;
	if (engine->phase < PHASE_DISARMING &&
		(engine->interrupted || engine->aborted || hold_is_over)) {
		begin_disarming(engine);
	}
	if (engine->phase == PHASE_DISARMING && engine->table.armed == 0) {
		begin_asking(engine);
	}
	if (engine->phase == PHASE_ASKING && engine->walk_left == 0) {
		begin_asking_again(engine);
	}
	if (engine->phase == PHASE_ASKING_AGAIN &&
		inquest_again_ns(&engine->inquest) == CLOCK_NEVER) {
		begin_closing(engine);
	}
	if (engine->phase == PHASE_CLOSING && engine->table.occupied == 0) {
		engine->phase = PHASE_LOOKING;
		closing_begin_looking(&engine->closing, engine->now_ns);
	}
	if (engine->phase == PHASE_LOOKING && !closing_look(&engine->closing, engine->now_ns)) {
		engine->phase = PHASE_OVER;
	}
}

/* While connections are dialled, each of them would meet the counter at another age. */
static bool watches_challenges(const struct engine *engine)
{
	return engine->phase == PHASE_HOLDING || engine->phase == PHASE_ASKING_AGAIN;
}

/* Keeps a sample, and asks the observer whether to go on, when it is time for either. */
static void look_around(struct engine *engine)
{
	struct series *series = &engine->result->series;
	uint64_t elapsed_ns = engine->now_ns - engine->table.start_ns;
	if (watches_challenges(engine) && engine->now_ns >= inquest_watch_ns(&engine->inquest)) {
		inquest_watch(&engine->inquest, engine->now_ns);
	}
	if (engine->phase >= PHASE_ASKING) {
		return;
	}
	if (series_wants(series, elapsed_ns)) {
		struct snapshot snapshot = table_snapshot(&engine->table, engine->now_ns);
		series_add(series, &snapshot);
	}
	if (engine->now_ns >= engine->evidence.next_look_ns) {
		evidence_look_at_queues(&engine->evidence, engine->now_ns);
	}
	if (engine->now_ns >= engine->review_ns) {
		const struct run_observer *observer = engine->reporter.observer;
		take_numbers(engine);
		engine->aborted |= observer->on_review(observer->context, engine->result);
		engine->review_ns = engine->now_ns + REVIEW_NS;
	}
}

/* When there is something to look at: look_around(). */
static uint64_t next_look_ns(const struct engine *engine)
{
	uint64_t series_ns = engine->table.start_ns + series_next_ns(&engine->result->series);
	return clock_earlier(
		engine->review_ns, clock_earlier(series_ns, engine->evidence.next_look_ns));
}

/* What queues requests fails without words of its own. */
static int explain(const struct engine *engine, int r, struct error *error)
{
	return r < 0 ? engine->transport->ops->explain(engine->transport, r, error) : r;
}

/* Queues what this phase has to do now; *ret_until_ns is when it has more to do. */
static int work(struct engine *engine, uint64_t *ret_until_ns, struct error *error)
{
	int r = explain(engine, answer_questions(engine), error);
	if (r < 0) {
		return r;
	}
	switch (engine->phase) {
	case PHASE_DIALING:
		r = dialer_advance(&engine->dialer, engine->now_ns, error);
		if (r == 0) {
			r = explain(engine, give_up_overdue(engine), error);
		}
		*ret_until_ns = clock_earlier(next_dialling_ns(engine), next_look_ns(engine));
		break;
	case PHASE_HOLDING:
		*ret_until_ns = clock_earlier(engine->hold_until_ns, next_look_ns(engine));
		*ret_until_ns = clock_earlier(*ret_until_ns, inquest_watch_ns(&engine->inquest));
		break;
	case PHASE_DISARMING:
		r = explain(engine, disarm(engine), error);
		*ret_until_ns = CLOCK_NEVER;
		break;
	case PHASE_ASKING:
		ask_some(engine);
		*ret_until_ns = engine->now_ns;
		break;
	case PHASE_ASKING_AGAIN:
		*ret_until_ns = ask_again(engine);
		break;
	case PHASE_CLOSING:
		r = explain(engine, close_some(engine), error);
		*ret_until_ns = closing_next_ns(&engine->closing, engine->now_ns);
		break;
	case PHASE_LOOKING:
		*ret_until_ns = engine->closing.look_ns;
		break;
	case PHASE_OVER:
		break;
	}
	if (engine->inquest.waiting.count > 0) {
		*ret_until_ns = engine->now_ns;
	}
	return r;
}

/* Sleeps no longer than the observer's output may wait. */
static int wait_for_events(
	struct engine *engine, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	const struct run_observer *observer = engine->reporter.observer;
	if (observer->on_wait != NULL && observer->on_wait(observer->context)) {
		until_ns = clock_earlier(until_ns, now_ns + HELD_BACK_NS);
	}
	return engine->transport->ops->wait(engine->transport, now_ns, until_ns, error);
}

/* Nothing is timed any more once the run ends. */
static bool is_timing(const struct engine *engine)
{
	return engine->phase < PHASE_DISARMING;
}

static void note_stall(struct engine *engine, uint64_t length_ns, bool suspended)
{
	struct stall_view *view = &engine->result->stalls;
	view->count++;
	view->total_ns += length_ns;
	view->longest_ns = length_ns > view->longest_ns ? length_ns : view->longest_ns;
	view->suspended_ns += suspended ? length_ns : 0;
	table_stalled(&engine->table, engine->now_ns, suspended);
	deadline_stalled(&engine->deadline, length_ns, engine->now_ns);
	engine->stalled = true;
	reporter_debug(
		&engine->reporter, "Stood still for %" PRIu64 " ms", length_ns / NSEC_PER_MSEC);
}

/*
 * A turn of the loop works, and waits until there is something to do: both have an end that it should
 * have kept to. Where it did not, the program was stopped, or had no CPU.
 */
static void look_for_stalls(
	struct engine *engine, uint64_t began_ns, uint64_t worked_ns, uint64_t until_ns)
{
	uint64_t length_ns = stall_length_ns(began_ns, began_ns, worked_ns) +
		stall_length_ns(worked_ns, until_ns, engine->now_ns);
	if (length_ns > 0) {
		note_stall(engine, length_ns, false);
	}
	if (engine->now_ns >= engine->suspend.look_ns) {
		length_ns = stall_suspended_ns(&engine->suspend, engine->now_ns, clock_boot_ns());
		if (length_ns > 0) {
			note_stall(engine, length_ns, true);
		}
	}
}

/*
 * Takes all that has come. After a stall that is more than an enter brings, and what came before a
 * dial timeout was over must be seen before anybody asks whether it is over.
 */
static int harvest(struct engine *engine, struct error *error)
{
	struct transport *transport = engine->transport;
	const struct transport_ops *ops = transport->ops;
	uint64_t until_ns = engine->now_ns + CATCH_UP_NS;
	int r = ops->harvest(transport, engine->now_ns, harvest_event, engine);
	if (!engine->stalled) {
		return explain(engine, r, error);
	}
	while (r == 0 && ops->has_work(transport) && clock_now_ns() < until_ns) {
		r = ops->wait(transport, engine->now_ns, engine->now_ns, error);
		if (r == 0) {
			r = ops->harvest(transport, engine->now_ns, harvest_event, engine);
		}
	}
	engine->now_ns = clock_now_ns(); /* what comes from here on has its own instant */
	return explain(engine, r, error);
}

static int loop(struct engine *engine, struct error *error)
{
	engine->now_ns = clock_now_ns();
	while (engine->phase != PHASE_OVER) {
		uint64_t began_ns = engine->now_ns;
		uint64_t until_ns = began_ns;
		int r = work(engine, &until_ns, error);
		uint64_t worked_ns = clock_now_ns();
		bool timing = is_timing(engine);
		if (timing) {
			until_ns = clock_earlier(until_ns, worked_ns + STALL_HEARTBEAT_NS);
		}
		if (r == 0) {
			r = wait_for_events(engine, worked_ns, until_ns, error);
		}
		if (r < 0) {
			return r;
		}
		engine->now_ns = clock_now_ns();
		engine->stalled = false;
		if (timing) {
			look_for_stalls(engine, began_ns, worked_ns, until_ns);
		}
		if (until_ns <= worked_ns && engine->phase == PHASE_DIALING && !engine->stalled) {
			evidence_add_window(&engine->evidence, engine->now_ns - began_ns);
		}
		r = harvest(engine, error);
		if (r < 0) {
			return r;
		}
		look_around(engine);
		advance_phase(engine);
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

static void describe(struct result *result, const struct plan *plan)
{
	list_targets(result, &plan->targets);
	result->settings = plan->settings;
	result->started_at_ns = clock_wall_ns();
	result->host = plan->settings.host;
	result->target = plan->targets.list[0];
	result->held = plan->settings.hold_ns > 0;
	result->generator.period_ns = plan->schedule.period_ns;
}

static int watch_descriptors(struct engine *engine)
{
	const struct transport_ops *ops = engine->transport->ops;
	int r = ops->watch_fd(
		engine->transport, signals_poll_fd(engine->signals), ENGINE_FD_SIGNALS);
	return r < 0 || engine->reporter.timer_fd < 0
		? r
		: ops->watch_fd(engine->transport, engine->reporter.timer_fd, ENGINE_FD_TIMER);
}

int run_execute(const struct run_params *params, struct result *result, struct error *error)
{
	/* Not on the stack, which may be small. */
	struct engine *engine = malloc(sizeof(*engine));
	if (engine == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the run");
	}
	describe(result, params->plan);
	int r = engine_init(engine, params, result, error);
	if (r == 0) {
		r = explain(engine, watch_descriptors(engine), error);
	}
	if (r == 0) {
		reporter_tick(&engine->reporter, engine->table.start_ns);
		r = loop(engine, error);
		if (r < 0 && engine->phase < PHASE_ASKING) {
			take_numbers(engine);
			result->unconfirmed = RESULT_UNKNOWN; /* asked at the end only */
		}
	}
	if (r == 0) {
		grouping_make(&engine->table, &engine->pool, engine->dialer.prepared);
	}
	engine_finish(engine);
	free(engine);
	return r;
}
