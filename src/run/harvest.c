/* SPDX-License-Identifier: MIT */
/*
 * transport/transport.h describes the life of a slot. This file is the only place that compares
 * generations, before any handler.
 *
 * Once the numbers are taken, we ourselves cause what happens to a connection, and only its end
 * counts (closing.c).
 */
#include "run/harvest.h"

#include <errno.h>
#include <string.h>

#include "run/icmp.h"
#include "tcpgoon/stats/cause.h"

static void handle_started(
	struct run_state *run, uint32_t index, const struct transport_event *event)
{
	bool armed = table_holds(&run->table, index, CONN_ARMED);
	table_release(&run->table, index, CONN_ARMED);
	if (!armed || run_state_numbers_are_taken(run)) {
		return;
	}
	uint64_t due_ns = pacer_due_ns(&run->dialer.pacer, table_attempt(&run->table, index));
	uint64_t earliest_ns = due_ns > event->since_ns ? due_ns : event->since_ns;
	/* After a stall its answer is seen at the instant of the turn, so it may not begin later. */
	uint64_t began_ns = run->stalled ? run->now_ns : event->at_ns;
	table_dialing(&run->table, index, due_ns, began_ns);
	dial_queue_push(&run->queue, event->slot, began_ns);
	if (!run->stalled && event->at_ns >= earliest_ns) {
		counters_add_window(&run->counters, event->at_ns - earliest_ns);
	}
}

static bool tuple_is_in_use(int error_number)
{
	return error_number == EADDRNOTAVAIL || error_number == EADDRINUSE;
}

static void record_failure(struct run_state *run, uint32_t index, enum cause cause,
	const struct transport_event *event)
{
	int error_number = event->error_number == ECANCELED ? 0 : event->error_number;
	table_failed(&run->table, index, cause, error_number, event->at_ns);
	reporter_debug(&run->reporter, "Connection %u failed after %u us: %s", index,
		run->table.conns[index].connect_us, cause_phrase(cause));
}

static void count_message(struct run_state *run, const struct icmp_message *message)
{
	struct icmp_view *view = &run->result->icmp;
	bool known = message->offender.any.sa_family != AF_UNSPEC;
	view->told++;
	view->told_here += known && refusals_is_here(&run->refusals, &message->offender);
}

/* The cause of a dial for which no ICMP message came, only an errno. */
static enum cause cause_of_errno(struct run_state *run, uint32_t index, int error_number)
{
	struct tuple tuple = tuple_pool_of(&run->pool, index);
	if (refusals_is_possible(&tuple, error_number)) {
		return refusals_cause(&run->refusals, &tuple, error_number);
	}
	return cause_from_errno(error_number, CAUSE_STAGE_CONNECT);
}

static enum cause cause_of(
	struct run_state *run, uint32_t index, const struct transport_event *event)
{
	if (event->error_number == ECANCELED) {
		return CAUSE_TIMED_OUT;
	}
	if (event->icmp != NULL && event->icmp->told) {
		count_message(run, event->icmp);
		return icmp_cause(event->icmp);
	}
	return cause_of_errno(run, index, event->error_number);
}

static void dial_failed(struct run_state *run, uint32_t index, const struct transport_event *event)
{
	if (tuple_is_in_use(event->error_number) && dialer_again(&run->dialer, index)) {
		return;
	}
	record_failure(run, index, cause_of(run, index, event), event);
	if (event->error_number == ECANCELED) {
		survey_add(&run->survey, index); /* how many SYNs were there? */
	}
}

/* Whether the outcome of the dial still counts. */
static bool is_dialing(const struct run_state *run, uint32_t index)
{
	return !run_state_numbers_are_taken(run) && table_state(&run->table, index) == CONN_DIALING;
}

static void connection_ended(struct run_state *run, uint32_t index, int error_number)
{
	enum cause cause = table_closed(&run->table, index, error_number, run->now_ns);
	if (error_number == 0) {
		survey_add(&run->survey, index); /* after a RST there is nothing to ask about */
	}
	reporter_debug(&run->reporter, "Connection %u is closed: %s", index, cause_phrase(cause));
}

/* Notes that the dial is answered. Returns whether it already was. */
static bool take_answer(struct run_state *run, uint32_t index)
{
	bool answered = !table_holds(&run->table, index, CONN_CONNECTING);
	table_release(&run->table, index, CONN_CONNECTING);
	return answered;
}

static void handle_answered(struct run_state *run, uint32_t index, uint64_t at_ns)
{
	if (!take_answer(run, index) && is_dialing(run, index)) {
		table_answered(&run->table, index, at_ns);
	}
}

static void handle_connected(struct run_state *run, uint32_t index, uint64_t at_ns)
{
	bool answered = take_answer(run, index);
	if (!is_dialing(run, index)) {
		return;
	}
	if (!answered) {
		table_answered(&run->table, index, at_ns);
	}
	table_established(&run->table, index);
	reporter_debug(&run->reporter, "Connection %u has become established after %u us", index,
		run->table.conns[index].connect_us);
}

static void handle_failed(
	struct run_state *run, uint32_t index, const struct transport_event *event)
{
	bool answered = take_answer(run, index);
	if (!is_dialing(run, index)) {
		return;
	}
	if (answered) {
		table_denied(&run->table);
	}
	dial_failed(run, index, event);
}

static int handle_received(struct run_state *run, uint32_t index)
{
	if (run_state_is_closing(run)) {
		return closing_received(&run->closing, index);
	}
	table_received(&run->table, index);
	return 0;
}

static void handle_ended(struct run_state *run, uint32_t index, int error_number)
{
	if (table_state(&run->table, index) != CONN_ESTABLISHED) {
		return;
	}
	if (run_state_numbers_are_taken(run)) {
		closing_ended(&run->closing, index, error_number);
	} else {
		connection_ended(run, index, error_number);
	}
}

static int handle_idle(struct run_state *run, uint32_t index)
{
	table_release(&run->table, index, CONN_ARMED | CONN_CONNECTING | CONN_IN_FLIGHT);
	return harvest_settle(run, index);
}

static int handle_released(struct run_state *run, uint32_t index)
{
	table_release(&run->table, index, CONN_HAS_SOCKET | CONN_CLOSING);
	return 0;
}

int harvest_settle(struct run_state *run, uint32_t index)
{
	if (table_holds(&run->table, index, CONN_HELD_ALL & ~CONN_HAS_SOCKET) ||
		!table_holds(&run->table, index, CONN_HAS_SOCKET)) {
		return 0;
	}
	enum conn_state state = table_state(&run->table, index);
	if (state == CONN_DIALING && !run_state_numbers_are_taken(run)) {
		return 0; /* to be dialled again: a new socket replaces this one */
	}
	table_hold(&run->table, index, CONN_CLOSING);
	return run->transport->ops->close(
		run->transport, table_slot(&run->table, index), state == CONN_CLOSED);
}

static int handle_signal(struct run_state *run)
{
	if (!signals_came(run->signals)) {
		return run->transport->ops->watch_fd(
			run->transport, signals_poll_fd(run->signals), RUN_FD_SIGNALS);
	}
	if (run_state_is_closing(run)) {
		closing_hurry(&run->closing);
	}
	run->interrupted = true; /* the next signal ends the process */
	return 0;
}

static int handle_tick(struct run_state *run)
{
	if (run_state_numbers_are_taken(run)) {
		return 0;
	}
	reporter_take_tick(&run->reporter, REPORTER_TICKS);
	run_state_take_numbers(run);
	reporter_tick(&run->reporter, run->result);
	return run->transport->ops->watch_fd(
		run->transport, run->reporter.timer_fds[REPORTER_TICKS], RUN_FD_TICKS);
}

/* The loop shows it when there is time. */
static int handle_frame(struct run_state *run)
{
	reporter_take_tick(&run->reporter, REPORTER_FRAMES);
	run->frame_due_ns = clock_earlier(run->frame_due_ns, run->now_ns);
	return run->transport->ops->watch_fd(
		run->transport, run->reporter.timer_fds[REPORTER_FRAMES], RUN_FD_FRAMES);
}

static int handle_ready(struct run_state *run, const struct transport_event *event)
{
	static const char *const names[] = {
		[RUN_FD_SIGNALS] = "signals",
		[RUN_FD_TICKS] = "the timer of the status lines",
		[RUN_FD_FRAMES] = "the timer of the live view",
	};
	enum run_fd fd = (enum run_fd)event->slot.number;
	if (event->error_number != 0) {
		return error_set(run->error, -event->error_number, "cannot wait for %s: %s",
			names[fd], strerror(event->error_number));
	}
	switch (fd) {
	case RUN_FD_SIGNALS:
		return handle_signal(run);
	case RUN_FD_TICKS:
		return handle_tick(run);
	case RUN_FD_FRAMES:
		return handle_frame(run);
	}
	return 0;
}

/* Whether the event is from an earlier dial of the slot, or from no slot of the table. */
static bool is_late(const struct table *table, struct slot slot)
{
	return slot.number >= table->count ||
		slot.generation != table->conns[slot.number].generation;
}

int harvest_event(void *context, const struct transport_event *event)
{
	struct run_state *run = context;
	uint32_t index = event->slot.number;
	if (event->kind == TRANSPORT_READY) {
		return handle_ready(run, event);
	}
	if (is_late(&run->table, event->slot)) {
		return 0;
	}
	switch (event->kind) {
	case TRANSPORT_STARTED:
		handle_started(run, index, event);
		break;
	case TRANSPORT_ANSWERED:
		handle_answered(run, index, event->at_ns);
		break;
	case TRANSPORT_CONNECTED:
		handle_connected(run, index, event->at_ns);
		break;
	case TRANSPORT_FAILED:
		handle_failed(run, index, event);
		break;
	case TRANSPORT_RECEIVED:
		return handle_received(run, index);
	case TRANSPORT_ENDED:
		handle_ended(run, index, event->error_number);
		break;
	case TRANSPORT_IDLE:
		return handle_idle(run, index);
	case TRANSPORT_RELEASED:
		return handle_released(run, index);
	case TRANSPORT_READY:
	case TRANSPORT_EVENT_MAX:
		break;
	}
	return 0;
}
