/* SPDX-License-Identifier: MIT */
/*
 * The loop. Each turn hands over what is due, waits for completions or for the next instant at
 * which something is due, and gives every completion to its handler (harvest.c). The phases only
 * say what the loop is waiting for.
 */
#include "tcpgoon/run/run.h"

#include <errno.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/run/engine.h"
#include "tcpgoon/run/harvest.h"
#include "tcpgoon/uring/release.h"

/* Connections looked at in one turn while closing: enough to fill a submission, not a queue. */
#define CLOSE_BATCH 64

/* So many take about a second to close: worth a word to whoever waits. */
#define CLOSE_TAKES_TIME 50000

static int engine_init(struct engine *engine, const struct plan *plan,
	const struct run_observer *observer, struct result *result, struct error *error)
{
	const struct settings *settings = &plan->settings;
	*engine = (struct engine){
		.plan = plan,
		.result = result,
		.reporter.timer_fd = -1,
		.signals.fd = -1,
	};
	const struct lanes_params params = {
		.slots = settings->connections,
		.table_most = limits_raise_nofile(),
		.memlock = limits_memlock(),
	};
	int r = lanes_init(&engine->lanes, &params, error);
	if (r < 0) {
		return r;
	}
	uint64_t start_ns = clock_now_ns();
	r = table_init(&engine->table, settings->connections, start_ns, result);
	if (r < 0) {
		return error_set(error, r, "no memory for a table of %llu connections",
			(unsigned long long)settings->connections);
	}
	engine->requests = (struct requests){
		.shutdown_first = settings->close_mode == CLOSE_FIN && !release_is_prompt(),
		.lanes = &engine->lanes,
		.table = &engine->table,
		.dial_timeout =
			{
				.tv_sec = (long long)(settings->dial_timeout_ns / NSEC_PER_SEC),
				.tv_nsec = (long long)(settings->dial_timeout_ns % NSEC_PER_SEC),
			},
	};
	r = dialer_init(&engine->dialer, plan, &engine->requests, &engine->table, start_ns);
	if (r < 0) {
		return error_set(error, r, "no memory for the dialler");
	}
	r = signals_init(&engine->signals, error);
	if (r < 0) {
		return r;
	}
	return reporter_init(&engine->reporter, observer, &engine->table, start_ns,
		settings->interval_ns, error);
}

static void engine_finish(struct engine *engine)
{
	lanes_finish(&engine->lanes); /* first: its READs point into the others */
	reporter_finish(&engine->reporter);
	signals_finish(&engine->signals);
	dialer_finish(&engine->dialer);
	table_finish(&engine->table);
}

static void begin_holding(struct engine *engine)
{
	uint64_t hold_ns = engine->plan->settings.hold_ns;
	engine->phase = PHASE_HOLDING;
	engine->hold_until_ns = engine->now_ns + hold_ns;
	if (hold_ns > 0) {
		char count[UNITS_TEXT_MAX];
		char duration[UNITS_TEXT_MAX];
		reporter_stage(&engine->reporter, "Holding %s connections for %s",
			units_format_count(engine->table.by_state[CONN_ESTABLISHED], count),
			units_format_duration(hold_ns, duration));
	}
}

/* Takes the numbers: from here on, what happens to a connection is our own doing. */
static void begin_closing(struct engine *engine)
{
	struct result *result = engine->result;
	engine->phase = PHASE_CLOSING;
	engine->close_left = engine->dialer.next;
	result->at_end = table_snapshot(&engine->table, engine->now_ns);
	result->max_concurrent = engine->table.established_now_max;
	result->duration_ns = result->at_end.elapsed_ns;
	result->end = engine->interrupted ? RUN_INTERRUPTED : RUN_COMPLETED;
	if (result->at_end.established >= CLOSE_TAKES_TIME) {
		char count[UNITS_TEXT_MAX];
		reporter_stage(&engine->reporter, "Closing %s connections",
			units_format_count(result->at_end.established, count));
	}
}

/*
 * Ends a batch of what is open: what is in flight is cancelled, and settles when that is done.
 * The last dialled comes first: the kernel keeps a ring's pending requests in a small hash whose
 * chains have the newest in front, and from the other end each CANCEL would walk its whole chain.
 */
static int close_some(struct engine *engine)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < CLOSE_BATCH && engine->close_left > 0; i++) {
		uint32_t index = (uint32_t)--engine->close_left;
		r = requests_cancel(&engine->requests, index);
		if (r == 0) {
			r = harvest_settle(engine, index);
		}
	}
	return r;
}

/* Goes on to the next phase where this one has nothing left to wait for. */
static void advance_phase(struct engine *engine)
{
	if (engine->phase == PHASE_DIALING && table_decided(&engine->table)) {
		begin_holding(engine);
	}
	bool hold_is_over =
		engine->phase == PHASE_HOLDING && engine->now_ns >= engine->hold_until_ns;
	if (engine->phase < PHASE_CLOSING && (engine->interrupted || hold_is_over)) {
		begin_closing(engine);
	}
	if (engine->phase == PHASE_CLOSING && engine->table.occupied == 0) {
		engine->phase = PHASE_OVER;
	}
}

/* Queues what this phase has to do now; *ret_until_ns is when it has more to do. */
static int work(struct engine *engine, uint64_t *ret_until_ns, struct error *error)
{
	int r = 0;
	switch (engine->phase) {
	case PHASE_DIALING:
		r = dialer_advance(&engine->dialer, engine->now_ns, error);
		*ret_until_ns = dialer_next_ns(&engine->dialer, engine->now_ns);
		break;
	case PHASE_HOLDING:
		*ret_until_ns = engine->hold_until_ns;
		break;
	case PHASE_CLOSING:
		r = close_some(engine);
		*ret_until_ns = engine->close_left > 0 ? engine->now_ns : CLOCK_NEVER;
		break;
	case PHASE_OVER:
		break;
	}
	return r;
}

static int loop(struct engine *engine, struct error *error)
{
	engine->now_ns = clock_now_ns();
	while (engine->phase != PHASE_OVER) {
		uint64_t until_ns = engine->now_ns;
		int r = work(engine, &until_ns, error);
		if (r == 0) {
			r = lanes_wait(&engine->lanes, clock_now_ns(), until_ns, error);
		}
		if (r < 0) {
			return r;
		}
		engine->now_ns = clock_now_ns();
		r = lanes_harvest(&engine->lanes, harvest_completion, engine);
		if (r < 0) {
			return error_set(error, r, "io_uring_enter: %s", strerror(-r));
		}
		advance_phase(engine);
	}
	return 0;
}

int run_execute(const struct plan *plan, const struct run_observer *observer, struct result *result,
	struct error *error)
{
	struct engine engine;
	result->host = plan->settings.host;
	result->target = plan->targets.list[0];
	result->held = plan->settings.hold_ns > 0;
	int r = engine_init(&engine, plan, observer, result, error);
	if (r == 0) {
		struct lane *first = &engine.lanes.list[0];
		r = signals_arm(&engine.signals, first,
			token_pack((struct token){.operation = OPERATION_SIGNAL}));
		if (r == 0) {
			r = reporter_arm(&engine.reporter, first);
		}
	}
	if (r == 0) {
		reporter_tick(&engine.reporter, engine.table.start_ns);
		r = loop(&engine, error);
	}
	engine_finish(&engine);
	return r;
}
