/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/closing.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define MS NSEC_PER_MSEC

/* A FIN that was sent again so often, on a path of that round trip; the timeout began at 200 ms. */
static struct sockdiag_socket waiting(uint8_t retransmits, uint32_t rtt_ms)
{
	return (struct sockdiag_socket){
		.state = TCP_FIN_WAIT1,
		.has_info = true,
		.retransmits = retransmits,
		.rtt_us = rtt_ms * 1000,
		.rto_us = UINT32_C(200000) << retransmits,
	};
}

static void the_state_tells_what_was_answered(void **state)
{
	(void)state;
	static const struct {
		uint8_t state;
		enum fin_fate fate;
	} rows[] = {
		{TCP_TIME_WAIT, FIN_ACKNOWLEDGED},
		{TCP_FIN_WAIT2, FIN_ACKNOWLEDGED},
		{TCP_CLOSING, FIN_ACKNOWLEDGED},
		{TCP_LAST_ACK, FIN_ACKNOWLEDGED},
		{TCP_FIN_WAIT1, FIN_WAITING},
		{TCP_ESTABLISHED, FIN_WAITING},
		{TCP_CLOSE, FIN_GONE},
		{0, FIN_GONE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sockdiag_socket socket = {.state = rows[i].state};
		assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), rows[i].fate);
	}
}

static void what_was_sent_once_may_be_on_its_way(void **state)
{
	(void)state;
	const struct sockdiag_socket socket = waiting(0, 1);
	assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), FIN_WAITING);
}

static void what_was_sent_again_is_given_its_round_trip(void **state)
{
	(void)state;
	struct sockdiag_socket socket = waiting(1, 50);
	/* Sent again at 200 ms, and the answer is due 50 ms later: twice that is allowed. */
	assert_int_equal(closing_fate(&socket, 299 * NSEC_PER_MSEC), FIN_WAITING);
	assert_int_equal(closing_fate(&socket, 300 * NSEC_PER_MSEC), FIN_UNANSWERED);
	socket = waiting(3, 50);
	assert_int_equal(closing_fate(&socket, 299 * NSEC_PER_MSEC), FIN_WAITING);
	assert_int_equal(closing_fate(&socket, 300 * NSEC_PER_MSEC), FIN_UNANSWERED);
	/* A path of 1.5 s: nothing can be said after 2 s. */
	socket = waiting(1, 1500);
	assert_int_equal(closing_fate(&socket, 2 * NSEC_PER_SEC), FIN_WAITING);
}

static void without_its_numbers_nothing_is_said(void **state)
{
	(void)state;
	struct sockdiag_socket socket = waiting(3, 1);
	socket.has_info = false;
	assert_int_equal(closing_fate(&socket, 100 * NSEC_PER_SEC), FIN_WAITING);
}

/* Whole runs, up to the last answer to a FIN. */

static const struct script_fate connected = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}};
static const struct script_fate gone = {
	.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}, .fin = SCRIPT_FIN_RESET};
static const struct script_fate lost = {
	.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}, .fin = SCRIPT_FIN_LOST};

/* The first has this fate, and the others are connected. */
static const struct script_fate *first_otherwise(void *context, const struct script_dial *dial)
{
	return dial->slot.number == 0 ? context : &connected;
}

static void close_with(
	struct scripted_run *run, uint64_t connections, const struct script_fate *first)
{
	scripted_run_plan(run, &(struct run_layout){.connections = connections});
	run->plan.settings.hold_ns = 100 * MS;
	run->script->choose_fate = first_otherwise;
	run->script->context = (void *)(uintptr_t)first;
	scripted_run_complete(run, NULL);
}

static void assert_fates(const struct scripted_run *run, uint64_t acknowledged, uint64_t unanswered,
	uint64_t reset, uint64_t undetermined)
{
	const struct closing_view *view = &run->result.closing;
	assert_int_equal(view->acknowledged, acknowledged);
	assert_int_equal(view->unanswered, unanswered);
	assert_int_equal(view->reset, reset);
	assert_int_equal(view->undetermined, undetermined);
	assert_int_equal(view->closed, acknowledged + unanswered + reset + undetermined);
}

/* So the kernel is asked about a sample only, beside the survey. */
static void where_the_counts_agree_a_sample_is_asked_about(void **state)
{
	struct scripted_run *run = *state;
	close_with(run, 1000, &connected);
	assert_fates(run, 1000, 0, 0, 0);
	assert_int_equal(run->host->lookups, 1000 + 250);
	assert_int_equal(run->result.closing.waited_ns, 0);
	assert_int_equal(run->result.closing.half_closed, 0);
}

static void a_fin_that_is_answered_by_a_reset_is_no_answer(void **state)
{
	struct scripted_run *run = *state;
	close_with(run, 100, &gone);
	assert_fates(run, 99, 0, 1, 0);
}

static void a_fin_that_was_sent_again_is_unanswered(void **state)
{
	struct scripted_run *run = *state;
	close_with(run, 100, &lost);
	assert_fates(run, 99, 1, 0, 0);
	assert_in_range(run->result.closing.waited_ns, 2000 * MS, 2100 * MS);
}

static void keep_the_fin_young(
	void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	(void)slot;
	if (near && socket->state == TCP_FIN_WAIT1) {
		socket->retransmits = 0;
	}
}

static void a_fin_that_was_sent_once_is_undetermined(void **state)
{
	struct scripted_run *run = *state;
	run->host->tell = keep_the_fin_young;
	close_with(run, 100, &lost);
	assert_fates(run, 99, 0, 0, 1);
}

static void answer_the_fin(void *context)
{
	struct script *script = context;
	script->orphans--;
	script->time_waits++;
	script->slots[0].fate = &connected;
}

static void an_answer_that_takes_its_time_is_waited_for(void **state)
{
	struct scripted_run *run = *state;
	script_add_action(run->script, at_ms(102 + 900), answer_the_fin, run->script);
	close_with(run, 100, &lost);
	assert_fates(run, 100, 0, 0, 0);
	assert_in_range(run->result.closing.waited_ns, 900 * MS, 1100 * MS);
}

static void answer_all(void *context)
{
	struct script *script = context;
	script->orphans = 0;
	script->time_waits = script->slot_count;
	for (uint64_t i = 0; i < script->slot_count; i++) {
		script->slots[i].fate = &connected;
	}
}

/* While the answers come the counts are waited for: not each connection is asked about. */
static void answers_of_a_longer_way_do_not_cost_a_question_each(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 1000});
	run->plan.settings.hold_ns = 100 * MS;
	script_add_action(run->script, at_ms(102 + 3), answer_all, run->script);
	scripted_run_complete(run, &lost);
	assert_fates(run, 1000, 0, 0, 0);
	assert_int_equal(run->host->lookups, 1000 + 250);
	assert_in_range(run->result.closing.waited_ns, 3 * MS, 5 * MS);
}

static void where_the_kernel_cannot_be_asked_any_more_nothing_is_made_up(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	run->plan.settings.hold_ns = 100 * MS;
	/* So the counts do not agree. */
	run->host->counters.values[NETSTAT_TIME_WAITS] = NETSTAT_ABSENT;
	run->host->orphans_code = -ENOENT;
	scripted_run_complete(run, &connected);
	assert_fates(run, 100, 0, 0, 0); /* each of them was asked about */
	assert_true(run->host->lookups >= 200);
}

/* On its way to TIME_WAIT the kernel has it in neither table for a moment. */
static void hide_once(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	bool *hidden = context;
	if (near && slot == 0 && socket->state == TCP_TIME_WAIT && !*hidden) {
		*hidden = true;
		*socket = (struct sockdiag_socket){0};
	}
}

static void what_seems_to_be_gone_is_looked_at_twice(void **state)
{
	struct scripted_run *run = *state;
	bool hidden = false;
	run->host->tell = hide_once;
	run->host->context = &hidden;
	run->host->counters.values[NETSTAT_TIME_WAITS] = NETSTAT_ABSENT;
	close_with(run, 10, &connected);
	assert_true(hidden);
	assert_fates(run, 10, 0, 0, 0);
}

static void without_counters_those_that_are_gone_are_undetermined_or_reset(void **state)
{
	struct scripted_run *run = *state;
	run->host->counters_code = -EACCES;
	close_with(run, 100, &gone);
	assert_fates(run, 99, 0, 1, 0);
}

static void data_are_drained_up_to_the_fin_of_the_peer(void **state)
{
	static const struct script_fate talks = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 5 * MS},
			{ON_HALF_CLOSE, TRANSPORT_RECEIVED, 10 * MS},
			{ON_HALF_CLOSE, TRANSPORT_ENDED, 30 * MS}}};
	struct scripted_run *run = *state;
	close_with(run, 10, &talks);
	assert_int_equal(run->result.closing.half_closed, 1);
	assert_int_equal(run->script->calls[CALL_HALF_CLOSE], 1);
	assert_fates(run, 10, 0, 0, 0);
	assert_in_range(run->script->now_ns, at_ms(132), at_ms(133));
}

static void a_reset_while_it_is_drained_is_told(void **state)
{
	static const struct script_fate talks = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 5 * MS},
			{ON_HALF_CLOSE, TRANSPORT_ENDED, 30 * MS, ECONNRESET}}};
	struct scripted_run *run = *state;
	close_with(run, 10, &talks);
	assert_fates(run, 9, 0, 1, 0);
}

static const struct script_fate never_ends = {
	.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}, {ON_DIAL, TRANSPORT_RECEIVED, 5 * MS}}};

static void a_peer_that_never_ends_is_cut_off_after_a_second(void **state)
{
	struct scripted_run *run = *state;
	close_with(run, 10, &never_ends);
	assert_int_equal(run->result.closing.half_closed, 1);
	assert_fates(run, 10, 0, 0, 0);
	assert_in_range(run->script->now_ns, at_ms(1102), at_ms(1103));
}

/* Its data meet a closed socket then. */
static void a_peer_that_talks_until_it_is_cut_off_is_watched_for_a_reset(void **state)
{
	static const struct script_fate talks_on = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 5 * MS},
			{ON_HALF_CLOSE, TRANSPORT_RECEIVED, 900 * MS}},
		.fin = SCRIPT_FIN_RESET};
	struct scripted_run *run = *state;
	close_with(run, 10, &talks_on);
	assert_fates(run, 9, 0, 1, 0);
}

static void reset_first(void *context)
{
	struct script *script = context;
	script->slots[0].reset = true;
}

/* The FIN was answered, and data that were on their way meet the closed socket. */
static void a_reset_that_comes_a_moment_after_the_cut_is_seen(void **state)
{
	static const struct script_fate talks_on = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 5 * MS},
			{ON_HALF_CLOSE, TRANSPORT_RECEIVED, 900 * MS}}};
	struct scripted_run *run = *state;
	script_add_action(run->script, at_ms(1102 + 100), reset_first, run->script);
	close_with(run, 10, &talks_on);
	assert_fates(run, 9, 0, 1, 0);
	assert_in_range(run->result.closing.waited_ns, 100 * MS, 250 * MS);
}

static void tick_every_100_ms(void *context, int fd, uint32_t id)
{
	(void)context;
	if (id != 0) {
		script_add_ready(script_current(), script_current()->now_ns + 100 * MS, fd);
	}
}

static void the_last_status_line_is_before_the_closing(void **state)
{
	struct scripted_run *run = *state;
	run->script->on_watch = tick_every_100_ms;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.interval_ns = 100 * MS;
	run->plan.settings.hold_ns = 250 * MS;
	scripted_run_complete(run, &never_ends);
	assert_int_equal(run->result.closing.half_closed, 10);
	assert_int_equal(run->ticks, 1 + 2);
}

static void a_signal_cuts_the_draining_short(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_interrupt_at(run, at_ms(302));
	close_with(run, 10, &never_ends);
	assert_fates(run, 10, 0, 0, 0);
	assert_in_range(run->script->now_ns, at_ms(302), at_ms(303));
}

static void a_signal_cuts_the_looking_short(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_interrupt_at(run, at_ms(402));
	close_with(run, 10, &lost);
	assert_int_equal(run->result.closing.closed, 10);
	assert_in_range(run->script->now_ns, at_ms(402), at_ms(510));
}

/* Data that come first while all are closed have a SHUTDOWN as well: a CLOSE over them is a RST. */
static void data_that_come_while_it_is_closed_are_drained_too(void **state)
{
	static const struct script_fate late = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}, {ON_STOP, TRANSPORT_RECEIVED},
			{ON_STOP, TRANSPORT_ENDED, 3 * MS}}};
	struct scripted_run *run = *state;
	close_with(run, 10, &late);
	assert_int_equal(run->result.closing.half_closed, 1);
	assert_fates(run, 10, 0, 0, 0);
}

static void with_rst_there_is_no_fin_to_be_answered(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.close_mode = CLOSE_RST;
	scripted_run_complete(run, &never_ends);
	assert_int_equal(run->result.closing.closed, 10);
	assert_int_equal(run->script->calls[CALL_HALF_CLOSE], 0);
	assert_true(run->result.closing.acknowledged == RESULT_UNKNOWN);
	assert_false(run->script->params.fin);
}

static void where_time_wait_is_full_what_is_gone_may_be_well(void **state)
{
	struct scripted_run *run = *state;
	run->host->time_wait_is_full = true;
	close_with(run, 10, &connected);
	assert_fates(run, 10, 0, 0, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_tells_what_was_answered),
		cmocka_unit_test(what_was_sent_once_may_be_on_its_way),
		cmocka_unit_test(what_was_sent_again_is_given_its_round_trip),
		cmocka_unit_test(without_its_numbers_nothing_is_said),
		CASE(where_the_counts_agree_a_sample_is_asked_about),
		CASE(a_fin_that_is_answered_by_a_reset_is_no_answer),
		CASE(a_fin_that_was_sent_again_is_unanswered),
		CASE(a_fin_that_was_sent_once_is_undetermined),
		CASE(an_answer_that_takes_its_time_is_waited_for),
		CASE(answers_of_a_longer_way_do_not_cost_a_question_each),
		CASE(where_the_kernel_cannot_be_asked_any_more_nothing_is_made_up),
		CASE(what_seems_to_be_gone_is_looked_at_twice),
		CASE(without_counters_those_that_are_gone_are_undetermined_or_reset),
		CASE(data_are_drained_up_to_the_fin_of_the_peer),
		CASE(a_reset_while_it_is_drained_is_told),
		CASE(a_peer_that_never_ends_is_cut_off_after_a_second),
		CASE(a_peer_that_talks_until_it_is_cut_off_is_watched_for_a_reset),
		CASE(a_reset_that_comes_a_moment_after_the_cut_is_seen),
		CASE(the_last_status_line_is_before_the_closing),
		CASE(a_signal_cuts_the_draining_short),
		CASE(a_signal_cuts_the_looking_short),
		CASE(data_that_come_while_it_is_closed_are_drained_too),
		CASE(with_rst_there_is_no_fin_to_be_answered),
		CASE(where_time_wait_is_full_what_is_gone_may_be_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
