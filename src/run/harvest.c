/* SPDX-License-Identifier: MIT */
/*
 * What the transport's events mean for their connections. The life of a slot is told in
 * transport/transport.h; this is the only place that compares generations, before any handler.
 *
 * Once the numbers are taken, what happens to a connection is our own doing, and only its end counts
 * (closing.c).
 */
#include "run/harvest.h"

#include <errno.h>
#include <string.h>

#include "run/icmp.h"
#include "tcpgoon/stats/cause.h"

/* From then on, what happens to a connection is our own doing. */
static bool numbers_are_taken(const struct engine *engine)
{
	return engine->phase >= PHASE_ASKING;
}

static void handle_started(
	struct engine *engine, uint32_t index, const struct transport_event *event)
{
	table_release(&engine->table, index, CONN_ARMED);
	if (numbers_are_taken(engine)) {
		return;
	}
	uint64_t due_ns = pacer_due_ns(&engine->dialer.pacer, index);
	uint64_t earliest_ns = due_ns > event->since_ns ? due_ns : event->since_ns;
	table_dialing(&engine->table, index, due_ns, event->at_ns);
	if (!engine->stalled && event->at_ns >= earliest_ns) {
		evidence_add_window(&engine->evidence, event->at_ns - earliest_ns);
	}
}

static bool tuple_is_in_use(int error_number)
{
	return error_number == EADDRNOTAVAIL || error_number == EADDRINUSE;
}

static void record_failure(struct engine *engine, uint32_t index, enum cause cause,
	const struct transport_event *event)
{
	int error_number = event->error_number == ECANCELED ? 0 : event->error_number;
	table_failed(&engine->table, index, cause, error_number, event->at_ns);
	reporter_debug(&engine->reporter, "Connection %u failed after %u us: %s", index,
		engine->table.conns[index].connect_us, cause_phrase(cause));
}

static void count_message(struct engine *engine, const struct icmp_message *message)
{
	struct icmp_view *view = &engine->result->icmp;
	bool known = message->offender.any.sa_family != AF_UNSPEC;
	view->told++;
	view->told_here += known && refusals_is_here(&engine->refusals, &message->offender);
}

/* Of a dial about which nothing came over the wire but the errno. */
static enum cause cause_of_errno(struct engine *engine, uint32_t index, int error_number)
{
	struct tuple tuple = tuple_pool_of(&engine->pool, index);
	if (refusals_is_possible(&tuple, error_number)) {
		return refusals_cause(&engine->refusals, &tuple, error_number);
	}
	return cause_from_errno(error_number, CAUSE_STAGE_CONNECT);
}

static enum cause cause_of(
	struct engine *engine, uint32_t index, const struct transport_event *event)
{
	if (event->error_number == ECANCELED) {
		return CAUSE_TIMED_OUT;
	}
	if (event->icmp != NULL && event->icmp->told) {
		count_message(engine, event->icmp);
		return icmp_cause(event->icmp);
	}
	return cause_of_errno(engine, index, event->error_number);
}

static void dial_failed(struct engine *engine, uint32_t index, const struct transport_event *event)
{
	if (tuple_is_in_use(event->error_number) && dialer_again(&engine->dialer, index)) {
		deadline_again(&engine->deadline, index);
		return;
	}
	record_failure(engine, index, cause_of(engine, index, event), event);
	if (event->error_number == ECANCELED) {
		inquest_add(&engine->inquest, index); /* how many SYNs were there? */
	}
}

/* Whether what becomes of the dial still counts. */
static bool is_dialing(const struct engine *engine, uint32_t index)
{
	return !numbers_are_taken(engine) && table_state(&engine->table, index) == CONN_DIALING;
}

static void connection_ended(struct engine *engine, uint32_t index, int error_number)
{
	enum cause cause = table_closed(&engine->table, index, error_number, engine->now_ns);
	if (error_number == 0) {
		inquest_add(
			&engine->inquest, index); /* after a RST there is nothing to ask about */
	}
	reporter_debug(
		&engine->reporter, "Connection %u is closed: %s", index, cause_phrase(cause));
}

/* Returns whether the dial had been answered before. */
static bool take_answer(struct engine *engine, uint32_t index)
{
	bool answered = !table_holds(&engine->table, index, CONN_CONNECTING);
	table_release(&engine->table, index, CONN_CONNECTING);
	return answered;
}

static void handle_answered(struct engine *engine, uint32_t index, uint64_t at_ns)
{
	if (!take_answer(engine, index) && is_dialing(engine, index)) {
		table_answered(&engine->table, index, at_ns);
	}
}

static void handle_connected(struct engine *engine, uint32_t index, uint64_t at_ns)
{
	bool answered = take_answer(engine, index);
	if (!is_dialing(engine, index)) {
		return;
	}
	if (!answered) {
		table_answered(&engine->table, index, at_ns);
	}
	table_established(&engine->table, index);
	reporter_debug(&engine->reporter, "Connection %u has become established after %u us", index,
		engine->table.conns[index].connect_us);
}

static void handle_failed(
	struct engine *engine, uint32_t index, const struct transport_event *event)
{
	bool answered = take_answer(engine, index);
	if (!is_dialing(engine, index)) {
		return;
	}
	if (answered) {
		table_denied(&engine->table);
	}
	dial_failed(engine, index, event);
}

static int handle_received(struct engine *engine, uint32_t index)
{
	if (engine->phase >= PHASE_CLOSING) {
		return closing_received(&engine->closing, index);
	}
	table_received(&engine->table, index);
	return 0;
}

static void handle_ended(struct engine *engine, uint32_t index, int error_number)
{
	if (table_state(&engine->table, index) != CONN_ESTABLISHED) {
		return;
	}
	if (numbers_are_taken(engine)) {
		closing_ended(&engine->closing, index, error_number);
	} else {
		connection_ended(engine, index, error_number);
	}
}

static int handle_idle(struct engine *engine, uint32_t index)
{
	table_release(&engine->table, index, CONN_ARMED | CONN_CONNECTING | CONN_IN_FLIGHT);
	return harvest_settle(engine, index);
}

static int handle_released(struct engine *engine, uint32_t index)
{
	table_release(&engine->table, index, CONN_HAS_SOCKET | CONN_CLOSING);
	return 0;
}

int harvest_settle(struct engine *engine, uint32_t index)
{
	if (table_holds(&engine->table, index, CONN_HELD_ALL & ~CONN_HAS_SOCKET) ||
		!table_holds(&engine->table, index, CONN_HAS_SOCKET)) {
		return 0;
	}
	enum conn_state state = table_state(&engine->table, index);
	if (state == CONN_DIALING && !numbers_are_taken(engine)) {
		return 0; /* dialled again, over the socket that is there */
	}
	table_hold(&engine->table, index, CONN_CLOSING);
	return engine->transport->ops->close(
		engine->transport, table_slot(&engine->table, index), state == CONN_CLOSED);
}

static int handle_signal(struct engine *engine)
{
	if (!signals_came(engine->signals)) {
		return engine->transport->ops->watch_fd(
			engine->transport, signals_poll_fd(engine->signals), ENGINE_FD_SIGNALS);
	}
	if (engine->phase >= PHASE_CLOSING) {
		closing_hurry(&engine->closing);
	}
	engine->interrupted = true; /* the next one ends the process */
	return 0;
}

static int handle_tick(struct engine *engine)
{
	if (numbers_are_taken(engine)) {
		return 0;
	}
	reporter_take_tick(&engine->reporter);
	reporter_tick(&engine->reporter, engine->now_ns);
	return engine->transport->ops->watch_fd(
		engine->transport, engine->reporter.timer_fd, ENGINE_FD_TIMER);
}

static int handle_ready(struct engine *engine, const struct transport_event *event)
{
	bool timer = event->slot.number == ENGINE_FD_TIMER;
	if (event->error_number != 0) {
		return error_set(engine->error, -event->error_number, "cannot wait for %s: %s",
			timer ? "the timer of the status lines" : "signals",
			strerror(event->error_number));
	}
	return timer ? handle_tick(engine) : handle_signal(engine);
}

/* An event of an earlier dial of the slot, or of a slot that is none. */
static bool is_late(const struct table *table, struct slot slot)
{
	return slot.number >= table->count ||
		slot.generation != table->conns[slot.number].generation;
}

int harvest_event(void *context, const struct transport_event *event)
{
	struct engine *engine = context;
	uint32_t index = event->slot.number;
	if (event->kind == TRANSPORT_READY) {
		return handle_ready(engine, event);
	}
	if (is_late(&engine->table, event->slot)) {
		return 0;
	}
	switch (event->kind) {
	case TRANSPORT_STARTED:
		handle_started(engine, index, event);
		break;
	case TRANSPORT_ANSWERED:
		handle_answered(engine, index, event->at_ns);
		break;
	case TRANSPORT_CONNECTED:
		handle_connected(engine, index, event->at_ns);
		break;
	case TRANSPORT_FAILED:
		handle_failed(engine, index, event);
		break;
	case TRANSPORT_RECEIVED:
		return handle_received(engine, index);
	case TRANSPORT_ENDED:
		handle_ended(engine, index, event->error_number);
		break;
	case TRANSPORT_IDLE:
		return handle_idle(engine, index);
	case TRANSPORT_RELEASED:
		return handle_released(engine, index);
	case TRANSPORT_READY:
	case TRANSPORT_EVENT_MAX:
		break;
	}
	return 0;
}
