/* SPDX-License-Identifier: MIT */
/*
 * What of a connection comes back, and in which order:
 *
 *   DELAY    -ETIME      the chain has begun, since the loop went to sleep
 *            -ECANCELED  the run ends before it was due
 *   CONNECT  0           the instant at which it was established, if CONFIRM agrees
 *            -EALREADY   it does not know: an ICMP error is in the socket's error queue
 *            -ECANCELED  the dial timeout is over, or the run ends
 *            an errno    its cause
 *   CONFIRM  0           established
 *            -EAGAIN     not at all, for all that CONNECT said: as -EALREADY above
 *            -ECONNRESET established, and reset since; -EPIPE the same
 *            -ECANCELED  CONNECT has said why
 *            an errno    its cause
 *   WATCH    > 0         there is something to receive
 *            -ECANCELED  CONNECT or CONFIRM had failed, or the run ends
 *            an errno    the kernel cannot watch it any more
 *   RECEIVE  > 0         data: forgotten, watched on
 *            0           FIN
 *            -EAGAIN     nothing: then it is an ICMP error in the error queue, which came during
 *                        the handshake and did not keep it from succeeding, and would have the
 *                        watch fire for ever: DRAIN
 *            an errno    reset, or given up by the kernel
 *
 * CANCEL comes back only where it failed. Where it found nothing, the request may have been between
 * two links of its chain, out of everybody's sight: what is still to be cancelled is so once more.
 *
 * A socket is closed when nothing of its connection is in flight any more: a CLOSE under a pending
 * POLL_ADD would send no FIN, as the request holds the socket open.
 */
#include "run/harvest.h"

#include <errno.h>
#include <string.h>

#include "tcpgoon/stats/cause.h"

/* From then on, what happens to a connection is our own doing. */
static bool numbers_are_taken(const struct engine *engine)
{
	return engine->phase >= PHASE_ASKING;
}

static void handle_delay(struct engine *engine, uint32_t index, int result)
{
	table_release(&engine->table, index, CONN_ARMED);
	if (result == -ETIME && !numbers_are_taken(engine)) {
		uint64_t due_ns = pacer_due_ns(&engine->dialer.pacer, index);
		uint64_t earliest_ns =
			due_ns > engine->asleep_since_ns ? due_ns : engine->asleep_since_ns;
		table_dialing(&engine->table, index, due_ns, engine->now_ns);
		if (!engine->stalled) {
			evidence_add_window(&engine->evidence, engine->now_ns - earliest_ns);
		}
	}
}

static bool tuple_was_held(int error_number)
{
	return error_number == EADDRNOTAVAIL || error_number == EADDRINUSE;
}

static void record_failure(
	struct engine *engine, const struct icmp_question *question, enum cause cause)
{
	uint32_t index = question->index;
	int error_number = question->error_number == ECANCELED ? 0 : question->error_number;
	table_failed(&engine->table, index, cause, error_number, question->failed_ns);
	reporter_debug(&engine->reporter, "Connection %u failed after %u us: %s", index,
		engine->table.conns[index].connect_us, cause_phrase(cause));
}

/* An error that says no more than that there is something in the error queue. */
static bool is_in_error_queue(int error_number)
{
	return error_number == EALREADY || error_number == EAGAIN;
}

/* Of a dial about which nothing came over the wire but the errno. */
static enum cause cause_of(struct engine *engine, const struct icmp_question *question)
{
	struct tuple tuple = dialer_tuple(&engine->dialer, question->index);
	if (refusals_is_possible(&tuple, question->error_number)) {
		return refusals_cause(&engine->refusals, &tuple, question->error_number);
	}
	return cause_from_errno(question->error_number, CAUSE_STAGE_CONNECT);
}

static void connect_failed(struct engine *engine, uint32_t index, int error_number)
{
	if (tuple_was_held(error_number) && dialer_again(&engine->dialer, index)) {
		deadline_again(&engine->deadline, index);
		return;
	}
	const struct icmp_question question = {
		.index = index,
		.error_number = error_number,
		.failed_ns = engine->now_ns,
	};
	bool ask = icmp_is_ambiguous(error_number) || is_in_error_queue(error_number);
	if (ask && icmp_add(&engine->icmp, &question)) {
		return; /* its cause comes with the answer */
	}
	if (error_number == ECANCELED) {
		record_failure(engine, &question, CAUSE_TIMED_OUT);
		inquest_add(&engine->inquest, index); /* how many SYNs were there? */
		return;
	}
	record_failure(engine, &question, cause_of(engine, &question));
}

/* Whether what becomes of the dial still counts: not where we cancelled it, due or not. */
static bool is_dialing(const struct engine *engine, uint32_t index)
{
	return !numbers_are_taken(engine) && table_state(&engine->table, index) == CONN_DIALING;
}

static void connection_ended(struct engine *engine, uint32_t index, int result)
{
	enum cause cause = table_closed(&engine->table, index, -result, engine->now_ns);
	if (result == 0) {
		inquest_add(
			&engine->inquest, index); /* after a RST there is nothing to ask about */
	}
	reporter_debug(
		&engine->reporter, "Connection %u is closed: %s", index, cause_phrase(cause));
}

static void handle_connect(struct engine *engine, uint32_t index, int result)
{
	table_release(&engine->table, index, CONN_CONNECTING);
	if (!is_dialing(engine, index)) {
		return;
	}
	if (result == 0) {
		table_answered(&engine->table, index, engine->now_ns);
	} else {
		connect_failed(engine, index, -result);
	}
}

/* `result` is of a SEND that was not cancelled: CONNECT had said 0. */
static void handle_answer(struct engine *engine, uint32_t index, int result)
{
	bool reset = result == -ECONNRESET || result == -EPIPE;
	if (result < 0 && !reset) {
		table_denied(&engine->table);
		connect_failed(engine, index, -result);
		return;
	}
	table_established(&engine->table, index);
	reporter_debug(&engine->reporter, "Connection %u has become established after %u us", index,
		engine->table.conns[index].connect_us);
	if (reset) {
		connection_ended(engine, index, result);
	}
}

static void handle_confirm(struct engine *engine, uint32_t index, int result)
{
	table_release(&engine->table, index, CONN_CONFIRMING);
	if (result != -ECANCELED && is_dialing(engine, index)) {
		handle_answer(engine, index, result);
	}
}

/* Data that come while we ask and close are received too: a CLOSE over them would send a RST. */
static int handle_watch(struct engine *engine, uint32_t index, int result)
{
	table_release(&engine->table, index, CONN_WATCHED);
	if (table_state(&engine->table, index) != CONN_ESTABLISHED) {
		return 0;
	}
	if (result > 0) {
		return requests_receive(&engine->requests, index);
	}
	if (!numbers_are_taken(engine)) {
		connection_ended(engine, index, result);
	}
	return 0;
}

static int watch_on(struct engine *engine, uint32_t index)
{
	bool watch = engine->phase < PHASE_CLOSING || closing_is_draining(&engine->closing, index);
	return watch ? requests_watch(&engine->requests, index) : 0;
}

static int data_came(struct engine *engine, uint32_t index)
{
	if (engine->phase >= PHASE_CLOSING) {
		int r = closing_received(&engine->closing, index);
		return r < 0 ? r : watch_on(engine, index);
	}
	table_received(&engine->table, index);
	return watch_on(engine, index);
}

static void open_connection_ended(struct engine *engine, uint32_t index, int result)
{
	if (numbers_are_taken(engine)) {
		closing_ended(&engine->closing, index, -result);
	} else {
		connection_ended(engine, index, result);
	}
}

static int handle_receive(struct engine *engine, uint32_t index, int result)
{
	table_release(&engine->table, index, CONN_RECEIVING);
	if (result == -EAGAIN) {
		return requests_drain(&engine->requests, index);
	}
	if (result > 0) {
		return data_came(engine, index);
	}
	if (result == -EINTR) {
		return watch_on(engine, index);
	}
	open_connection_ended(engine, index, result);
	return 0;
}

static int handle_drain(struct engine *engine, uint32_t index)
{
	table_release(&engine->table, index, CONN_RECEIVING);
	return watch_on(engine, index);
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
	return requests_close(&engine->requests, index, state == CONN_CLOSED);
}

static void count_message(struct engine *engine, const struct icmp_answer *answer)
{
	struct icmp_view *view = &engine->result->icmp;
	bool known = answer->offender.any.sa_family != AF_UNSPEC;
	view->told++;
	view->told_here += known && refusals_is_here(&engine->refusals, &answer->offender);
}

static int handle_error_queue(struct engine *engine, uint32_t slot, int result)
{
	struct icmp_answer answer;
	icmp_take_answer(&engine->icmp, slot, result, &answer);
	table_release(&engine->table, answer.question.index, CONN_QUESTIONED);
	if (!numbers_are_taken(engine)) {
		if (answer.told) {
			count_message(engine, &answer);
		} else {
			answer.cause = cause_of(engine, &answer.question);
		}
		record_failure(engine, &answer.question, answer.cause);
	}
	return harvest_settle(engine, answer.question.index);
}

static int handle_signal(struct engine *engine, struct lane *lane, int result)
{
	int r = signals_completed(engine->signals, lane,
		token_pack((struct token){.operation = OPERATION_SIGNAL}), result, engine->error);
	if (r > 0 && engine->phase >= PHASE_CLOSING) {
		closing_hurry(&engine->closing);
	}
	if (r > 0) {
		engine->interrupted = true; /* the next one ends the process */
	}
	return r < 0 ? r : 0;
}

static int handle_tick(struct engine *engine, struct lane *lane)
{
	if (numbers_are_taken(engine)) {
		return 0;
	}
	reporter_tick(&engine->reporter, engine->now_ns);
	return reporter_arm(&engine->reporter, lane);
}

/* A dial that began before it could be disarmed goes on, and an answer in the last moment counts. */
static int handle_cancel(struct engine *engine, uint32_t index)
{
	bool still_wanted = numbers_are_taken(engine) ||
		table_holds(&engine->table, index, CONN_ARMED) ||
		deadline_is_over(&engine->deadline, index, engine->now_ns);
	return still_wanted ? requests_cancel(&engine->requests, index) : 0;
}

int harvest_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	struct engine *engine = context;
	uint32_t index = token.index;
	int r = 0;
	(void)flags;
	switch ((enum operation)token.operation) {
	case OPERATION_DELAY:
		handle_delay(engine, index, result);
		break;
	case OPERATION_CONNECT:
		handle_connect(engine, index, result);
		break;
	case OPERATION_CONFIRM:
		handle_confirm(engine, index, result);
		break;
	case OPERATION_WATCH:
		r = handle_watch(engine, index, result);
		break;
	case OPERATION_RECEIVE:
		r = handle_receive(engine, index, result);
		break;
	case OPERATION_DRAIN:
		r = handle_drain(engine, index);
		break;
	case OPERATION_CLOSE:
		table_release(&engine->table, index, CONN_HAS_SOCKET | CONN_CLOSING);
		return 0;
	case OPERATION_TICK:
		return handle_tick(engine, lane);
	case OPERATION_SIGNAL:
		return handle_signal(engine, lane, result);
	case OPERATION_ERROR_QUEUE:
		return handle_error_queue(engine, index, result);
	case OPERATION_CANCEL:
		return handle_cancel(engine, index);
	case OPERATION_SHUTDOWN: /* failed: reset meanwhile */
	case OPERATION_NONE:
		return 0;
	}
	return r < 0 ? r : harvest_settle(engine, index);
}
