/* SPDX-License-Identifier: MIT */
/* Whole runs, on a scripted transport and by a scripted clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define MS NSEC_PER_MSEC

static const struct script_fate connected = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}};
static const struct script_fate refused = {
	.steps = {{ON_DIAL, TRANSPORT_FAILED, 3 * MS, ECONNREFUSED}}};
static const struct script_fate silent = {0};

/* The fate of the dials of each slot, in turns; further ones have the last. */
struct plan_of_fates {
	const struct script_fate *fates[16];
	size_t count;
};

static const struct script_fate *by_slot(void *context, const struct script_dial *dial)
{
	const struct plan_of_fates *plan = context;
	size_t last = plan->count - 1;
	return plan->fates[dial->slot.number < last ? dial->slot.number : last];
}

#define BY_SLOT(run, ...)                                                                  \
	struct plan_of_fates plan_of_fates = {{__VA_ARGS__}, 0};                           \
	plan_of_fates.count = sizeof((const void *const[]){__VA_ARGS__}) / sizeof(void *); \
	(run)->script->choose_fate = by_slot;                                              \
	(run)->script->context = &plan_of_fates

static uint64_t count_of(const struct scripted_run *run, enum cause cause)
{
	return run->result.causes[cause].count;
}

static void assert_at_end(const struct scripted_run *run, uint64_t established, uint64_t closed,
	uint64_t failed, uint64_t dialing, uint64_t not_initiated)
{
	const struct snapshot *at_end = &run->result.at_end;
	assert_int_equal(at_end->established, established);
	assert_int_equal(at_end->closed, closed);
	assert_int_equal(at_end->failed, failed);
	assert_int_equal(at_end->dialing, dialing);
	assert_int_equal(at_end->not_initiated, not_initiated);
}

/* NULL: none of this kind was told. */
static const struct event *event_of(const struct scripted_run *run, enum event_kind kind)
{
	for (size_t i = 0; i < run->event_count; i++) {
		if (run->events[i].kind == kind) {
			return &run->events[i];
		}
	}
	return NULL;
}

static void all_are_established_held_and_closed(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	run->plan.settings.hold_ns = 3 * NSEC_PER_SEC;
	scripted_run_complete(run, &connected);
	const struct result *result = &run->result;
	assert_at_end(run, 100, 0, 0, 0, 0);
	assert_int_equal(result->end, RESULT_COMPLETED);
	assert_int_equal(result->totals.dialed, 100);
	assert_int_equal(result->totals.established, 100);
	assert_int_equal(result->max_concurrent, 100);
	assert_int_equal(result->dialing_ns, 2 * MS);
	assert_int_equal(result->duration_ns, 3002 * MS);
	assert_int_equal(result->times[TIMES_CONNECT].count, 100);
	assert_int_equal(result->times[TIMES_CONNECT].min_us, 2000);
	assert_int_equal(result->times[TIMES_CONNECT].max_us, 2000);
	assert_int_equal(result->times[TIMES_HANDSHAKE].count, 100);
	assert_int_equal(result->times[TIMES_HANDSHAKE].max_us, HOST_ROUND_TRIP_US);
	assert_int_equal(result->times[TIMES_LIFETIME].count, 0);
	assert_int_equal(result->kernel.asked, 100);
	assert_int_equal(result->kernel.agreed, 100);
	assert_int_equal(result->kernel.too_young, 0);
	assert_int_equal(result->unconfirmed, 0);
	assert_int_equal(result->unconfirmed_most, 0);
	assert_int_equal(result->closing.closed, 100);
	assert_int_equal(result->closing.acknowledged, 100);
	assert_int_equal(run->script->calls[CALL_CLOSE], 100);
	assert_int_equal(run->script->calls[CALL_DIAL], 100);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 0);
}

/* Each is dialled from its own tuple of the plan, and they are placed as far as there is room. */
static void connections_are_dialled_in_their_order_from_their_tuples(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 20, .targets = 2});
	run->script->room = 3;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->script->dial_count, 20);
	for (uint32_t i = 0; i < 20; i++) {
		const struct script_dial *dial = &run->script->dials[i];
		assert_int_equal(dial->slot.number, i);
		assert_int_equal(address_port(&dial->target), RUN_TARGET_PORT + i % 2);
		assert_int_equal(address_port(&dial->source), RUN_SOURCE_PORT + i / 2);
	}
	assert_true(run->script->calls[CALL_PLACE] >= 7);
	assert_int_equal(run->host->sockets, 20);
}

static void what_is_young_at_the_end_cannot_tell_whether_it_is_confirmed(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 5});
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.kernel.too_young, 5);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->result.unconfirmed_most, 5);
}

static void refused_dials_are_counted_and_closed(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	BY_SLOT(run, &connected, &refused);
	scripted_run_complete(run, NULL);
	assert_at_end(run, 1, 0, 9, 0, 0);
	assert_int_equal(count_of(run, CAUSE_REFUSED), 9);
	assert_int_equal(run->result.causes[CAUSE_REFUSED].last_errno, ECONNREFUSED);
	assert_int_equal(run->result.causes[CAUSE_REFUSED].first_ns, 3 * MS);
	assert_int_equal(run->result.times[TIMES_FAILURE].count, 9);
	assert_int_equal(run->result.times[TIMES_FAILURE].max_us, 3000);
	assert_int_equal(run->result.first_rejected, 1);
	assert_int_equal(run->result.last_rejected, 9);
	assert_int_equal(run->result.kernel.asked, 1);
	assert_int_equal(run->script->calls[CALL_CLOSE], 10);
}

/* Its SYN was sent again six times. */
static void tell_of_silence(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	(void)slot;
	socket->total_retransmits = near ? 6 : 0;
}

static void a_silent_dial_is_given_up_at_its_timeout_and_asked_about(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	run->plan.settings.dial_timeout_ns = 70 * NSEC_PER_SEC;
	run->host->tell = tell_of_silence;
	scripted_run_complete(run, &silent);
	assert_at_end(run, 0, 0, 3, 0, 0);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 3);
	assert_int_equal(count_of(run, CAUSE_TIMED_OUT), 3);
	assert_int_equal(run->result.causes[CAUSE_TIMED_OUT].last_errno, 0);
	assert_int_equal(run->result.times[TIMES_FAILURE].min_us, 70000000);
	assert_int_equal(run->result.times[TIMES_FAILURE].max_us, 70000000);
	assert_int_equal(run->result.kernel.asked, 3);
	assert_int_equal(run->result.kernel.agreed, 3);
	assert_int_equal(run->result.kernel.syn_retransmits, 18);
	assert_int_equal(run->result.kernel.retransmitted, 3);
	assert_int_equal(run->result.given_up_by_kernel, 0);
}

static void the_kernel_may_give_up_before_the_dial_timeout(void **state)
{
	static const struct script_fate given_up = {
		.steps = {{ON_DIAL, TRANSPORT_FAILED, 500 * MS, ETIMEDOUT}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	scripted_run_complete(run, &given_up);
	assert_int_equal(count_of(run, CAUSE_TIMED_OUT), 2);
	assert_int_equal(run->result.given_up_by_kernel, 2);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 0);
}

static void an_answer_in_the_instant_of_giving_up_counts(void **state)
{
	static const struct script_fate just_in_time = {
		.steps = {{ON_GIVE_UP, TRANSPORT_CONNECTED}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	BY_SLOT(run, &just_in_time, &silent);
	scripted_run_complete(run, NULL);
	assert_at_end(run, 1, 0, 1, 0, 0);
	assert_int_equal(count_of(run, CAUSE_TIMED_OUT), 1);
	assert_int_equal(run->result.times[TIMES_CONNECT].max_us, 1000000);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 2);
}

static void an_answer_that_is_taken_back_is_a_failure(void **state)
{
	static const struct script_fate retracted = {
		.steps = {{ON_DIAL, TRANSPORT_ANSWERED, 2 * MS},
			{ON_DIAL, TRANSPORT_FAILED, 4 * MS, ECONNREFUSED}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	scripted_run_complete(run, &retracted);
	assert_at_end(run, 0, 0, 4, 0, 0);
	assert_int_equal(run->result.totals.established, 0);
	assert_int_equal(run->result.max_concurrent, 0);
	assert_int_equal(run->result.times[TIMES_CONNECT].count, 0);
	assert_int_equal(run->result.times[TIMES_FAILURE].max_us, 4000);
}

static void what_was_taken_back_was_never_there_with_the_others(void **state)
{
	static const struct script_fate retracted = {
		.steps = {{ON_DIAL, TRANSPORT_ANSWERED, 2 * MS},
			{ON_DIAL, TRANSPORT_FAILED, 4 * MS, ECONNREFUSED}}};
	static const struct script_fate later = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 6 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	BY_SLOT(run, &retracted, &retracted, &retracted, &later);
	scripted_run_complete(run, NULL);
	assert_at_end(run, 1, 0, 3, 0, 0);
	assert_int_equal(run->result.max_concurrent, 1);
}

static void it_is_established_when_it_was_answered(void **state)
{
	static const struct script_fate confirmed_later = {
		.steps = {{ON_DIAL, TRANSPORT_ANSWERED, 2 * MS},
			{ON_DIAL, TRANSPORT_CONNECTED, 4 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	scripted_run_complete(run, &confirmed_later);
	assert_int_equal(run->result.totals.established, 4);
	assert_int_equal(run->result.times[TIMES_CONNECT].min_us, 2000);
	assert_int_equal(run->result.times[TIMES_CONNECT].max_us, 2000);
}

static void a_reset_between_answer_and_confirmation_ends_an_established_one(void **state)
{
	static const struct script_fate reset = {
		.steps = {{ON_DIAL, TRANSPORT_ANSWERED, 2 * MS},
			{ON_DIAL, TRANSPORT_CONNECTED, 3 * MS},
			{ON_DIAL, TRANSPORT_ENDED, 3 * MS, ECONNRESET}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	scripted_run_complete(run, &reset);
	assert_at_end(run, 0, 4, 0, 0, 0);
	assert_int_equal(run->result.totals.established, 4);
	assert_int_equal(count_of(run, CAUSE_RESET_AT_ONCE), 4);
	assert_int_equal(run->result.times[TIMES_LIFETIME].max_us, 1000);
	assert_int_equal(run->result.kernel.asked, 0); /* the kernel has nothing left of it */
}

static void those_that_are_closed_before_the_others_are_confirmed_were_there_too(void **state)
{
	static const struct script_fate short_lived = {
		.steps = {{ON_DIAL, TRANSPORT_ANSWERED, 2 * MS},
			{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_ENDED, 2 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 1});
	scripted_run_complete(run, &short_lived);
	assert_int_equal(run->result.max_concurrent, 1);
}

static void a_fin_during_the_hold_is_asked_about_and_answered(void **state)
{
	static const struct script_fate closed = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
							  {ON_DIAL, TRANSPORT_ENDED, 1002 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 5});
	run->plan.settings.hold_ns = 3 * NSEC_PER_SEC;
	BY_SLOT(run, &closed, &closed, &connected);
	scripted_run_complete(run, NULL);
	assert_at_end(run, 3, 2, 0, 0, 0);
	assert_int_equal(run->result.totals.established, 5);
	assert_int_equal(count_of(run, CAUSE_CLOSED_BY_PEER), 2);
	assert_int_equal(run->result.times[TIMES_LIFETIME].count, 2);
	assert_int_equal(run->result.times[TIMES_LIFETIME].max_us, 1000000);
	assert_int_equal(run->result.kernel.asked, 5);
	assert_int_equal(run->result.kernel.agreed, 5); /* CLOSE_WAIT */
	assert_int_equal(run->result.closing.closed, 3);
	assert_int_equal(run->result.closing.acknowledged, 3);
}

static void data_and_then_a_reset_are_both_told(void **state)
{
	static const struct script_fate data_then_reset = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 4 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 5 * MS},
			{ON_DIAL, TRANSPORT_ENDED, 1002 * MS, ECONNRESET}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	scripted_run_complete(run, &data_then_reset);
	assert_at_end(run, 0, 2, 0, 0, 0);
	assert_int_equal(run->result.received_from, 2);
	assert_int_equal(count_of(run, CAUSE_RESET_BY_PEER), 2);
	assert_int_equal(run->result.kernel.asked, 0);
}

/* Nothing is left to be held: the listener is looked at a moment later, and that is the end. */
static void a_hold_without_connections_is_cut_short(void **state)
{
	static const struct script_fate closed = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
							  {ON_DIAL, TRANSPORT_ENDED, 100 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	scripted_run_complete(run, &closed);
	assert_int_equal(run->result.duration_ns, 300 * MS);
}

static void nothing_is_held_where_none_was_established(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	scripted_run_complete(run, &refused);
	assert_int_equal(run->result.duration_ns, 3 * MS);
	assert_null(event_of(run, EVENT_HOLDING));
}

static void the_observer_is_told_of_each_step(void **state)
{
	static const struct event expected[] = {
		{EVENT_HOLDING, 2 * MS, 6, 700 * MS},
		{EVENT_ASKING, 702 * MS, 6, 0},
		{EVENT_CLOSING, 702 * MS, 6, 0},
	};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 6});
	run->plan.settings.hold_ns = 700 * MS;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->event_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run->events[i].kind, expected[i].kind);
		assert_int_equal(run->events[i].elapsed_ns, expected[i].elapsed_ns);
		assert_int_equal(run->events[i].count, expected[i].count);
		assert_int_equal(run->events[i].duration_ns, expected[i].duration_ns);
	}
}

/* Once, when the first of them is asked about. */
struct end_while_asking {
	struct script *script;
	struct script_step step;
	bool done;
};

static void end_one(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	struct end_while_asking *end = context;
	(void)socket;
	if (near && !end->done) {
		script_add_step(end->script, slot, &end->step);
		end->done = true;
	}
}

static void a_fin_while_the_kernel_is_asked_does_not_change_the_numbers(void **state)
{
	struct scripted_run *run = *state;
	struct end_while_asking end = {.script = run->script, .step = {.kind = TRANSPORT_ENDED}};
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	run->host->tell = end_one;
	run->host->context = &end;
	scripted_run_complete(run, &connected);
	assert_true(end.done);
	assert_at_end(run, 100, 0, 0, 0, 0);
	assert_int_equal(run->result.times[TIMES_LIFETIME].count, 0);
	assert_int_equal(run->result.kernel.asked, 100);
	assert_int_equal(run->result.closing.closed, 100);
	assert_int_equal(run->result.closing.acknowledged, 100);
	assert_int_equal(run->result.closing.reset, 0);
}

static void a_reset_while_the_kernel_is_asked_is_one_of_the_closing(void **state)
{
	struct scripted_run *run = *state;
	struct end_while_asking end = {.script = run->script,
		.step = {.kind = TRANSPORT_ENDED, .error_number = ECONNRESET}};
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	run->host->tell = end_one;
	run->host->context = &end;
	scripted_run_complete(run, &connected);
	assert_at_end(run, 100, 0, 0, 0, 0);
	assert_int_equal(run->result.closing.acknowledged, 99);
	assert_int_equal(run->result.closing.reset, 1);
}

/* ^C in the instant in which the fourth dial begins, before it or after it. */
static void assert_dial_of_that_instant_counts(const struct scripted_run *run)
{
	assert_int_equal(run->result.end, RESULT_INTERRUPTED);
	assert_int_equal(run->result.totals.dialed, 4);
	assert_at_end(run, 3, 0, 0, 1, 6);
	assert_int_equal(run->result.times[TIMES_LAG].count, 4);
	assert_int_equal(run->result.kernel.asked, 4); /* SYN_SENT is a state as well */
	assert_int_equal(run->result.kernel.agreed, 4);
	assert_int_equal(run->result.duration_ns, 30 * MS);
}

static void a_dial_that_begins_behind_the_signal_counts(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.sleep_ns = 10 * MS;
	scripted_run_interrupt_at(run, at_ms(30));
	scripted_run_complete(run, &connected);
	assert_dial_of_that_instant_counts(run);
}

static void interrupt_at_30(void *context)
{
	scripted_run_interrupt_at(context, at_ms(30));
}

static void a_dial_that_begins_before_the_signal_counts(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.sleep_ns = 10 * MS;
	/* By then the fourth dial is armed, so its STARTED comes before the signal. */
	script_add_action(run->script, at_ms(25), interrupt_at_30, run);
	scripted_run_complete(run, &connected);
	assert_dial_of_that_instant_counts(run);
}

static void what_was_armed_ahead_is_taken_back(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.sleep_ns = 10 * MS;
	scripted_run_interrupt_at(run, at_ms(35));
	scripted_run_complete(run, &connected);
	assert_at_end(run, 4, 0, 0, 0, 6);
	assert_int_equal(run->result.totals.dialed, 4);
	assert_true(run->script->calls[CALL_DISARM] > 0);
	assert_int_equal(run->script->calls[CALL_DIAL],
		run->result.totals.dialed + run->script->calls[CALL_DISARM]);
}

/* Too late to be taken back: the number of dials has it. */
static void a_dial_that_had_begun_when_it_was_disarmed_counts(void **state)
{
	static const struct script_fate begun = {.steps = {{ON_DISARM, TRANSPORT_STARTED},
							 {ON_DISARM, TRANSPORT_CONNECTED, 2 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.sleep_ns = 100 * MS;
	BY_SLOT(run, &connected, &begun, &connected);
	scripted_run_interrupt_at(run, at_ms(50));
	scripted_run_complete(run, NULL);
	assert_int_equal(run->result.totals.dialed, 2);
	assert_at_end(run, 1, 0, 0, 1, 8);
}

static void paced_dials_begin_when_they_are_due(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 20});
	run->plan.settings.sleep_ns = 10 * MS;
	scripted_run_complete(run, &connected);
	for (uint32_t i = 0; i < 20; i++) {
		const struct script_dial *dial = &run->script->dials[i];
		uint64_t begins_ns = dial->due_ns > dial->at_ns ? dial->due_ns : dial->at_ns;
		assert_int_equal(dial->slot.number, i);
		assert_int_equal(begins_ns, at_ms(10 * i));
	}
	assert_int_equal(run->result.times[TIMES_LAG].count, 20);
	assert_int_equal(run->result.times[TIMES_LAG].max_us, 0);
	assert_int_equal(run->result.generator.late, 0);
	assert_int_equal(run->result.schedule.span_ns, 10 * MS);
	assert_int_equal(run->result.generator.last_dial_ns, 190 * MS);
	assert_int_equal(run->result.dialing_ns, 192 * MS);
	const struct series *series = &run->result.series;
	assert_in_range(series->samples[1].elapsed_ns, 100 * MS, 110 * MS);
	assert_int_equal(series->samples[1].due, series->samples[1].elapsed_ns / (10 * MS) + 1);
	assert_int_equal(series->samples[series->count - 1].due, 20);
}

/* Above some thousands a second one is armed, and those due meanwhile follow it. */
static void a_fast_pace_is_kept_too(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2000});
	run->plan.settings.sleep_ns = 10 * NSEC_PER_USEC;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.totals.dialed, 2000);
	assert_int_equal(run->result.times[TIMES_LAG].count, 2000);
	assert_int_equal(run->result.times[TIMES_LAG].max_us, 0);
	assert_int_equal(run->result.dialing_ns, 1999 * 10 * NSEC_PER_USEC + 2 * MS);
}

/* At each instant of its own, by the pace that is asked for then. */
static void a_ramp_is_dialled_by_its_integral(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 400});
	assert_true(
		schedule_add_stage(&run->plan.schedule, 0, 200 * SCHEDULE_PER_S, 2 * NSEC_PER_SEC));
	assert_true(schedule_add_stage(
		&run->plan.schedule, 200 * SCHEDULE_PER_S, 200 * SCHEDULE_PER_S, NSEC_PER_SEC));
	scripted_run_complete(run, &connected);
	for (uint32_t i = 0; i < 400; i++) {
		const struct script_dial *dial = &run->script->dials[i];
		uint64_t begins_ns = dial->due_ns > dial->at_ns ? dial->due_ns : dial->at_ns;
		assert_int_equal(dial->slot.number, i);
		assert_int_equal(begins_ns, at_ms(0) + schedule_due_ns(&run->plan.schedule, i));
	}
	assert_int_equal(run->result.times[TIMES_LAG].count, 400);
	assert_int_equal(run->result.times[TIMES_LAG].max_us, 0);
	assert_int_equal(run->result.generator.last_dial_ns, 2995 * MS);
	const struct series *series = &run->result.series;
	for (size_t i = 0; i < series->count; i++) {
		assert_int_equal(series->samples[i].due,
			schedule_due_count(
				&run->plan.schedule, series->samples[i].elapsed_ns, 400));
	}
}

static void those_of_a_burst_are_dialled_together(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 250});
	run->plan.schedule = schedule_every(500 * MS, 100);
	scripted_run_complete(run, &connected);
	for (uint32_t i = 0; i < 250; i++) {
		const struct script_dial *dial = &run->script->dials[i];
		uint64_t begins_ns = dial->due_ns > dial->at_ns ? dial->due_ns : dial->at_ns;
		assert_int_equal(begins_ns, at_ms(i / 100 * 500));
	}
	assert_int_equal(run->result.times[TIMES_LAG].max_us, 0);
	assert_int_equal(run->result.generator.last_dial_ns, 1000 * MS);
}

/* The first dials of a slot find their tuple held. */
struct held_tuple {
	uint32_t slot;
	unsigned times;
	struct script_fate held;
	const struct script_fate *then; /* of all other dials */
};

static const struct script_fate *hold_tuple(void *context, const struct script_dial *dial)
{
	struct held_tuple *tuple = context;
	if (dial->slot.number == tuple->slot && tuple->times > 0) {
		tuple->times--;
		return &tuple->held;
	}
	return tuple->then;
}

#define TUPLE_IS_HELD                                                    \
	{                                                                \
		{                                                        \
			ON_DIAL, TRANSPORT_FAILED, 1 * MS, EADDRNOTAVAIL \
		}                                                        \
	}

static void a_redial_waits_for_the_end_of_the_first(void **state)
{
	struct scripted_run *run = *state;
	struct held_tuple tuple = {.slot = 2,
		.times = 1,
		.then = &connected,
		.held = {.steps = TUPLE_IS_HELD, .idle_after_ns = 7 * MS}};
	scripted_run_plan(run, &(struct run_layout){.connections = 5, .spare = 3});
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	scripted_run_complete(run, NULL);
	assert_at_end(run, 5, 0, 0, 0, 0);
	assert_int_equal(run->script->dial_count, 6);
	const struct script_dial *again = &run->script->dials[5];
	assert_int_equal(again->slot.number, 2);
	assert_int_equal(again->at_ns, at_ms(8));
	assert_int_equal(address_port(&again->source), RUN_SOURCE_PORT + 5);
	assert_int_equal(run->result.totals.dialed, 5); /* no SYN had left */
	assert_int_equal(run->result.times[TIMES_CONNECT].max_us, 2000);
	assert_int_equal(run->result.kernel.agreed, 5); /* it is asked about by its new tuple */
}

static void a_redial_has_all_of_its_own_time(void **state)
{
	static const struct script_fate slow = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 999 * MS}}};
	struct scripted_run *run = *state;
	struct held_tuple tuple = {.slot = 0,
		.times = 1,
		.then = &connected,
		.held = {.steps = TUPLE_IS_HELD, .idle_after_ns = 500 * MS}};
	scripted_run_plan(run, &(struct run_layout){.connections = 1, .spare = 3});
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	tuple.then = &slow;
	scripted_run_complete(run, NULL);
	assert_at_end(run, 1, 0, 0, 0, 0);
}

static void others_are_dialled_while_a_redial_waits(void **state)
{
	struct scripted_run *run = *state;
	struct held_tuple tuple = {.slot = 0,
		.times = 1,
		.then = &connected,
		.held = {.steps = TUPLE_IS_HELD, .idle_after_ns = 500 * MS}};
	scripted_run_plan(run, &(struct run_layout){.connections = 20, .spare = 3});
	run->plan.settings.sleep_ns = 10 * MS;
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	scripted_run_complete(run, NULL);
	assert_at_end(run, 20, 0, 0, 0, 0);
	assert_int_equal(run->result.times[TIMES_LAG].max_us, 0);
	assert_int_equal(run->script->dial_count, 21);
	assert_int_equal(run->script->dials[20].slot.number, 0);
	assert_int_equal(run->script->dials[20].at_ns, at_ms(501));
}

static void what_waits_to_be_dialled_again_is_given_up_with_the_run(void **state)
{
	struct scripted_run *run = *state;
	struct held_tuple tuple = {.slot = 0,
		.times = 1,
		.then = &connected,
		.held = {.steps = TUPLE_IS_HELD, .idle_after_ns = 500 * MS}};
	scripted_run_plan(run, &(struct run_layout){.connections = 5, .spare = 3});
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	scripted_run_interrupt_at(run, at_ms(100));
	scripted_run_complete(run, NULL);
	assert_at_end(run, 4, 0, 0, 1, 0);
	assert_int_equal(run->script->dial_count, 5);
	assert_int_equal(run->result.end, RESULT_INTERRUPTED);
}

/* It was given up in the very instant in which its tuple turned out to be in use. */
static void a_redial_times_out_like_any_other(void **state)
{
	static const struct script_fate in_use_at_last = {
		.steps = {{ON_GIVE_UP, TRANSPORT_FAILED, 0, EADDRNOTAVAIL}}};
	struct scripted_run *run = *state;
	struct held_tuple tuple = {.slot = 0, .times = 1, .held = in_use_at_last, .then = &silent};
	scripted_run_plan(run, &(struct run_layout){.connections = 1, .spare = 3});
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	scripted_run_complete(run, NULL);
	assert_at_end(run, 0, 0, 1, 0, 0);
	assert_int_equal(count_of(run, CAUSE_TIMED_OUT), 1);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 2);
	assert_int_equal(run->result.times[TIMES_FAILURE].max_us, 1000000);
	assert_int_equal(run->result.duration_ns, 2000 * MS);
}

static void a_tuple_that_is_held_to_the_last_fails_for_want_of_ports(void **state)
{
	struct scripted_run *run = *state;
	struct held_tuple tuple = {
		.slot = 1, .times = 99, .then = &connected, .held = {.steps = TUPLE_IS_HELD}};
	scripted_run_plan(run, &(struct run_layout){.connections = 3, .spare = 2});
	run->script->choose_fate = hold_tuple;
	run->script->context = &tuple;
	scripted_run_complete(run, NULL);
	assert_at_end(run, 2, 0, 1, 0, 0);
	assert_int_equal(count_of(run, CAUSE_PORTS_EXHAUSTED), 1);
	assert_int_equal(run->script->dial_count, 3 + 2);
	assert_true(run->result.first_rejected == RESULT_UNKNOWN); /* nobody rejected it */
}

static void an_event_of_an_earlier_use_means_nothing(void **state)
{
	static const struct script_fate haunted = {
		.steps = {{ON_DIAL, TRANSPORT_FAILED, 1 * MS, ECONNREFUSED, .uses_ago = 1},
			{ON_DIAL, TRANSPORT_IDLE, 1 * MS, .uses_ago = 1},
			{ON_DIAL, TRANSPORT_RELEASED, 1 * MS, .uses_ago = 1},
			{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_RECEIVED, 3 * MS, .uses_ago = 1},
			{ON_DIAL, TRANSPORT_ENDED, 3 * MS, ECONNRESET, .uses_ago = 1},
			{ON_DIAL, TRANSPORT_CONNECTED, 4 * MS, .uses_ago = 2}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	run->plan.settings.hold_ns = 20 * MS;
	scripted_run_complete(run, &haunted);
	assert_at_end(run, 3, 0, 0, 0, 0);
	assert_int_equal(run->result.received_from, 0);
	assert_int_equal(run->result.times[TIMES_CONNECT].max_us, 2000);
}

static void a_doubled_idle_closes_nothing_twice(void **state)
{
	static const struct script_fate doubled = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_ENDED, 5 * MS, ECONNRESET},
			{ON_DIAL, TRANSPORT_IDLE, 5 * MS, .stray = true},
			{ON_DIAL, TRANSPORT_IDLE, 6 * MS, .stray = true}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	run->plan.settings.hold_ns = 20 * MS;
	scripted_run_complete(run, &doubled);
	assert_at_end(run, 0, 3, 0, 0, 0);
	assert_int_equal(run->script->calls[CALL_CLOSE], 3);
}

static void a_doubled_release_releases_nothing_twice(void **state)
{
	static const struct script_fate doubled = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}, {ON_CLOSE, TRANSPORT_RELEASED},
			{ON_CLOSE, TRANSPORT_RELEASED, .stray = true}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	scripted_run_complete(run, &doubled);
	assert_at_end(run, 100, 0, 0, 0, 0);
	assert_int_equal(run->result.closing.acknowledged, 100);
}

static void where_sockets_cannot_be_placed_the_result_is_still_there(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 100});
	run->script->fate = &connected;
	run->script->failures[CALL_PLACE] = (struct script_failure){2, 1, -ENFILE};
	assert_int_equal(scripted_run_execute(run), -ENFILE);
	assert_string_not_equal(run->error.text, "");
	const struct snapshot *at_end = &run->result.at_end;
	assert_true(run->result.totals.dialed > 0);
	assert_int_equal(run->result.totals.dialed, run->script->dial_count);
	assert_int_equal(at_end->dialing + at_end->established, run->script->dial_count);
	assert_int_equal(at_end->total, 100);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->script->destroyed, 1);
}

static void where_the_transport_is_busy_for_good_the_result_is_still_there(void **state)
{
	static const struct script_fate slow = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 500 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	BY_SLOT(run, &connected, &connected, &refused, &slow);
	run->script->failures[CALL_WAIT] = (struct script_failure){8, UINT64_MAX, -EBUSY};
	assert_int_equal(scripted_run_execute(run), -EBUSY);
	assert_string_equal(run->error.text, "scripted: wait");
	assert_at_end(run, 2, 0, 1, 7, 0);
	assert_int_equal(run->result.totals.established, 2);
	assert_int_equal(count_of(run, CAUSE_REFUSED), 1);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->script->destroyed, 1);
}

static void a_transport_that_cannot_be_had_is_an_error(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->script->failures[CALL_CREATE] = (struct script_failure){1, 1, -ENOMEM};
	assert_int_equal(scripted_run_execute(run), -ENOMEM);
	assert_string_equal(run->error.text, "scripted: create");
	assert_int_equal(run->script->destroyed, 0);
}

static void a_dial_or_a_close_that_cannot_be_queued_ends_the_run(void **state)
{
	static const enum script_call calls[] = {CALL_DIAL, CALL_WATCH_FD, CALL_CLOSE, CALL_STOP};
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *own;
		scripted_run_teardown(state);
		scripted_run_setup(&own);
		*state = own;
		struct scripted_run *run = own;
		scripted_run_plan(run, &(struct run_layout){.connections = 3});
		run->script->fate = &connected;
		run->script->failures[calls[i]] = (struct script_failure){1, 1, -EBADF};
		assert_int_equal(scripted_run_execute(run), -EBADF);
		assert_string_equal(run->error.text, "scripted: Bad file descriptor");
		assert_int_equal(run->script->destroyed, 1);
	}
}

static void a_stall_is_counted_and_what_spans_it_apart(void **state)
{
	static const struct script_fate late = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 80 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	BY_SLOT(run, &connected, &late, &late, &connected);
	script_set_stall(run->script, at_ms(60), 300 * MS, false);
	scripted_run_complete(run, NULL);
	assert_at_end(run, 4, 0, 0, 0, 0);
	assert_int_equal(run->result.stalls.count, 1);
	assert_in_range(run->result.stalls.total_ns, 260 * MS, 300 * MS);
	assert_int_equal(run->result.stalls.longest_ns, run->result.stalls.total_ns);
	assert_int_equal(run->result.stalls.suspended_ns, 0);
	assert_int_equal(run->result.stalls.connect_apart, 2);
	assert_int_equal(run->result.times[TIMES_CONNECT].count, 2);
	assert_int_equal(run->result.times[TIMES_CONNECT].max_us, 2000);
}

/* What came in the stall is seen before anybody asks whether the time of the dial is over. */
static void an_answer_that_came_in_a_stall_is_no_timeout(void **state)
{
	static const struct script_fate late = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 900 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	script_set_stall(run->script, at_ms(500), 5000 * MS, false);
	scripted_run_complete(run, &late);
	assert_at_end(run, 4, 0, 0, 0, 0);
	assert_int_equal(run->script->calls[CALL_GIVE_UP], 0);
	assert_int_equal(run->result.stalls.connect_apart, 4);
}

static void fail_next_wait(void *context)
{
	struct script *script = context;
	script->failures[CALL_WAIT] =
		(struct script_failure){script->calls[CALL_WAIT] + 1, UINT64_MAX, -EBUSY};
}

/* Else those whose end did not fit a harvest would pass for longer lived than they were. */
static void after_a_stall_all_that_has_come_is_taken_at_once(void **state)
{
	static const struct script_fate closed = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
			{ON_DIAL, TRANSPORT_ENDED, 600 * MS, ECONNRESET}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	run->script->harvest_most = 1;
	run->script->wait_ns = 10 * NSEC_PER_USEC;
	script_set_stall(run->script, at_ms(500), 5000 * MS, false);
	scripted_run_complete(run, &closed);
	assert_at_end(run, 0, 10, 0, 0, 0);
	assert_int_equal(run->result.stalls.count, 1);
	assert_int_equal(run->result.stalls.lifetime_apart, 10);
	assert_int_equal(run->result.times[TIMES_LIFETIME].count, 0);
}

/* What that takes is no stall of its own. */
static void to_take_what_has_come_is_no_stall(void **state)
{
	static const struct script_fate late = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 900 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 8});
	run->plan.settings.hold_ns = NSEC_PER_SEC;
	run->script->harvest_most = 1;
	run->script->wait_ns = 30 * MS;
	script_set_stall(run->script, at_ms(500), 5000 * MS, false);
	scripted_run_complete(run, &late);
	assert_at_end(run, 8, 0, 0, 0, 0);
	assert_int_equal(run->result.stalls.count, 1);
}

static void a_transport_that_fails_after_a_stall_ends_the_run(void **state)
{
	static const struct script_fate late = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 900 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->script->fate = &late;
	run->script->harvest_most = 1;
	script_set_stall(run->script, at_ms(500), 5000 * MS, false);
	script_add_action(run->script, at_ms(500), fail_next_wait, run->script);
	assert_int_equal(scripted_run_execute(run), -EBUSY);
	assert_string_equal(run->error.text, "scripted: wait");
}

static void a_suspension_of_the_machine_is_told_from_a_stall(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	script_set_stall(run->script, at_ms(600), 7000 * MS, true);
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.stalls.count, 1);
	assert_int_equal(run->result.stalls.suspended_ns, 7000 * MS);
	assert_int_equal(run->result.stalls.total_ns, 7000 * MS);
}

/* The timer of the status lines, which is a descriptor of the run's own. */
static void tick_every_100_ms(void *context, int fd, uint32_t id)
{
	struct scripted_run *run = context;
	if (fd != signals_poll_fd(&run->signals)) {
		assert_int_equal(id, 1);
		script_add_ready(run->script, run->script->now_ns + 100 * MS, fd);
	}
}

static void the_observer_is_shown_the_numbers_at_each_tick(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 950 * MS;
	run->plan.settings.interval_ns = 100 * MS;
	run->script->on_watch = tick_every_100_ms;
	run->script->context = run;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->ticks, 1 + 9); /* and at the start */
}

static void without_an_interval_only_the_start_is_shown(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 950 * MS;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->ticks, 1);
	assert_int_equal(run->script->calls[CALL_WATCH_FD], 1);
}

/* The timer of the frames. */
static void frame_every_100_ms(void *context, int fd, uint32_t id)
{
	struct scripted_run *run = context;
	if (fd != signals_poll_fd(&run->signals)) {
		assert_int_equal(id, 2);
		script_add_ready(run->script, run->script->now_ns + 100 * MS, fd);
	}
}

static void a_view_is_shown_frames_at_an_interval_of_its_own(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 950 * MS;
	run->frame_ns = 100 * MS;
	run->script->on_watch = frame_every_100_ms;
	run->script->context = run;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->ticks, 1);
	assert_in_range(run->frames, 9, 10); /* the last may meet the closing */
	assert_in_range(run->frame_elapsed_ns, 900 * MS, 1001 * MS);
	assert_int_equal(run->result.at_end.established, 4);
}

/* A tick of the frames 30 microseconds before the second dial, and then each second. */
static void frame_before_a_dial(void *context, int fd, uint32_t id)
{
	struct scripted_run *run = context;
	(void)id;
	if (fd != signals_poll_fd(&run->signals)) {
		uint64_t early_ns = SCRIPT_START_NS + 100 * MS - 30000;
		uint64_t now_ns = run->script->now_ns;
		script_add_ready(
			run->script, now_ns < early_ns ? early_ns : now_ns + 1000 * MS, fd);
	}
}

static void a_frame_makes_no_dial_late(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	run->plan.settings.sleep_ns = 100 * MS;
	run->plan.settings.hold_ns = 500 * MS;
	run->frame_ns = 100 * MS;
	run->script->on_watch = frame_before_a_dial;
	run->script->context = run;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->frames, 1);
	assert_true(run->frame_elapsed_ns >= 100 * MS);
	assert_true(run->frame_elapsed_ns < 120 * MS);
}

/* The kernel may wake whoever polls a descriptor for nothing. */
static void a_signal_that_is_none_is_waited_for_again(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 100 * MS;
	script_add_ready(run->script, at_ms(20), signals_poll_fd(&run->signals));
	scripted_run_interrupt_at(run, at_ms(50));
	scripted_run_complete(run, &connected);
	assert_int_equal(run->script->calls[CALL_WATCH_FD], 2);
	assert_int_equal(run->result.end, RESULT_INTERRUPTED);
	assert_int_equal(run->result.duration_ns, 50 * MS);
}

static void signals_that_cannot_be_waited_for_end_the_run(void **state)
{
	struct scripted_run *run = *state;
	const struct transport_event failed = {
		.kind = TRANSPORT_READY, .slot = {.number = 0}, .error_number = EBADF};
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 100 * MS;
	run->script->fate = &connected;
	script_add_stray(run->script, at_ms(20), &failed);
	assert_int_equal(scripted_run_execute(run), -EBADF);
	assert_string_equal(run->error.text, "cannot wait for signals: Bad file descriptor");
	assert_at_end(run, 4, 0, 0, 0, 0);
}

static bool hold_back(void *context)
{
	struct scripted_run *run = context;
	run->reviews++;
	return true;
}

static void output_that_is_held_back_is_tried_again_soon(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = NSEC_PER_SEC;
	run->observer.on_review = NULL;
	run->observer.on_wait = hold_back;
	scripted_run_complete(run, &connected);
	assert_in_range(run->reviews, 50, 100); /* each 20 ms */
}

static void the_observer_can_end_a_run(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	run->abort_at_review = 5;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.end, RESULT_ABORTED);
	assert_in_range(run->result.duration_ns, 300 * MS, 500 * MS);
	assert_at_end(run, 4, 0, 0, 0, 0);
}

static void debugging_names_each_event(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2});
	BY_SLOT(run, &connected, &refused);
	scripted_run_complete(run, NULL);
	assert_string_equal(run->debug,
		"Connection 0 has become established after 2000 us\n"
		"Connection 1 failed after 3000 us: connection refused\n");
}

static int refuse_from_third(void *context, uint64_t number)
{
	(void)context;
	return number >= 3 ? EMFILE : 0;
}

static void without_descriptors_a_dial_fails_here(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 5});
	run->host->refuse_socket = refuse_from_third;
	scripted_run_complete(run, &connected);
	assert_at_end(run, 2, 0, 3, 0, 0);
	assert_int_equal(count_of(run, CAUSE_DESCRIPTORS), 3);
	assert_int_equal(run->result.totals.dialed, 2);
	assert_int_equal(run->result.times[TIMES_FAILURE].count, 0); /* none was dialled */
	assert_int_equal(run->script->calls[CALL_CLOSE], 2);
}

static int refuse_all(void *context, uint64_t number)
{
	(void)context;
	(void)number;
	return EMFILE;
}

static void where_none_can_be_dialled_the_run_is_over(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 40});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	run->host->refuse_socket = refuse_all;
	scripted_run_complete(run, &connected);
	assert_at_end(run, 0, 0, 40, 0, 0);
	assert_int_equal(run->result.duration_ns, 0);
	assert_int_equal(run->result.end, RESULT_COMPLETED);
	assert_int_equal(run->script->dial_count, 0);
}

/* A port that is bound is taken from every other program. */
static void ports_that_are_left_to_others_are_counted(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10, .spare = 100});
	for (unsigned i = 0; i < 50; i++) {
		port_set_add(
			&run->plan.tuples.order.automatic, (uint16_t)(RUN_SOURCE_PORT + 4 + i));
	}
	run->plan.tuples.order.automatic_count = 50;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.left.ports_of, 50);
	assert_int_equal(run->result.left.ports, 50 - 6);
}

static void the_kernel_that_does_not_answer_leaves_them_unanswered(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 640});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	run->host->lookup_code = -ENOBUFS;
	run->host->lookup_failures = 1;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.kernel.unanswered, 64);
	assert_int_equal(run->result.kernel.asked, 640 - 64);
	assert_int_equal(run->result.kernel.error_number, ENOBUFS);
	assert_true(run->result.kernel.possible);
	assert_int_equal(run->result.unconfirmed_most, 64); /* of these nothing is known */
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
}

static void a_kernel_that_answers_now_and_then_is_asked_on(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 64 * 20});
	run->host->lookup_code = -ENOBUFS;
	run->host->every_other_fails = true;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.kernel.unanswered, 64 * 10);
	assert_int_equal(run->result.kernel.asked, 64 * 10);
}

static void a_kernel_that_never_answers_is_not_asked_for_ever(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 64 * 20});
	run->host->lookup_code = -EPERM;
	run->host->lookup_failures = UINT64_MAX;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.kernel.unanswered, 64 * 20);
	assert_int_equal(run->result.kernel.asked, 0);
	assert_int_equal(run->result.kernel.error_number, EPERM);
	assert_false(run->result.kernel.possible);
	assert_int_equal(UINT64_MAX - run->host->lookup_failures, 8);
}

static void forget_two(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (near && slot < 2) {
		*socket = (struct sockdiag_socket){0};
	}
}

static void what_the_kernel_does_not_know_is_missing(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	run->host->tell = forget_two;
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.kernel.asked, 10);
	assert_int_equal(run->result.kernel.agreed, 8);
	assert_int_equal(run->result.kernel.missing, 2);
	assert_int_equal(run->result.times[TIMES_HANDSHAKE].count, 8);
	assert_int_equal(run->result.unconfirmed_most, 2);
}

/* Of these the first lost a SYN, the second met a stale tuple, the third has a slow path. */
static void tell_of_retransmits(
	void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (near && slot < 3) {
		socket->total_retransmits = 1;
		socket->rtt_us = slot == 2 ? 1500000 : 100;
	}
}

static void syns_that_were_sent_again_are_told_apart(void **state)
{
	static const struct script_fate after_loss = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 1010 * MS}}};
	static const struct script_fate at_once = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}};
	static const struct script_fate slow = {
		.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 1500 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.dial_timeout_ns = 5 * NSEC_PER_SEC;
	run->plan.settings.hold_ns = 2 * NSEC_PER_SEC;
	run->host->tell = tell_of_retransmits;
	BY_SLOT(run, &after_loss, &at_once, &slow, &at_once);
	scripted_run_complete(run, NULL);
	const struct kernel_view *kernel = &run->result.kernel;
	assert_int_equal(kernel->retransmitted, 3);
	assert_int_equal(kernel->syn_retransmits, 3);
	assert_int_equal(kernel->stale_tuples, 1);
	assert_int_equal(kernel->stale_syns, 1);
	assert_int_equal(kernel->slow_answers, 1);
	assert_int_equal(kernel->slow_syns, 1);
	assert_int_equal(result_lost_a_syn(&run->result), 1);
}

/* The peers of the first two repeat their SYN-ACKs. */
static void tell_of_repeats(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (slot < 2 && near) {
		socket->segments_in = 3;
	} else if (slot < 2) {
		socket->state = TCP_SYN_RECV;
	}
}

static void count_challenges(void *context)
{
	struct scripted_run *run = context;
	run->host->counters.values[NETSTAT_SYN_CHALLENGES] += 2;
}

static void peers_that_go_on_repeating_have_not_confirmed(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 4 * NSEC_PER_SEC;
	run->host->tell = tell_of_repeats;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	script_add_action(run->script, at_ms(3002), count_challenges, run);
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.unconfirmed, 2);
	assert_int_equal(run->result.unconfirmed_most, 2);
	assert_int_equal(run->result.kernel.doubtful, 0);
}

/* The second repeat is due three seconds after the first answer: so long the run waits for it. */
static void those_in_doubt_are_asked_about_again_in_time(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 1500 * MS;
	run->host->tell = tell_of_repeats;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	script_add_action(run->script, at_ms(3002), count_challenges, run);
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.unconfirmed, 2);
	assert_int_equal(run->result.duration_ns, 1502 * MS); /* that was no hold */
	assert_true(run->script->now_ns >= at_ms(3002));
	const struct event *again = event_of(run, EVENT_LOOKING_AGAIN);
	assert_non_null(again);
	assert_int_equal(again->count, 2);
	/* Until 3.575 s after the handshakes. */
	assert_int_equal(again->duration_ns, 2075 * MS);
}

static void a_signal_does_not_wait_for_those_in_doubt(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	run->host->tell = tell_of_repeats;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	scripted_run_interrupt_at(run, at_ms(1502));
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.end, RESULT_INTERRUPTED);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->result.unconfirmed_most, 2);
	assert_true(run->script->now_ns < at_ms(1600));
}

/* The server's end is in this network and tells it all: it has completed the connection. */
static void tell_of_segments(
	void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (slot < 2 && near) {
		socket->segments_in = 3;
	}
}

static void where_the_other_end_is_established_it_is_confirmed(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 4 * NSEC_PER_SEC;
	run->host->tell = tell_of_segments;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	script_add_action(run->script, at_ms(3002), count_challenges, run);
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.unconfirmed, 0);
	assert_int_equal(run->result.unconfirmed_most, 0);
	assert_int_equal(run->result.kernel.doubtful, 0);
	assert_int_equal(run->result.kernel.repeated_once, 0);
}

static void an_established_other_end_answers_before_its_time(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 60 * NSEC_PER_SEC;
	run->host->tell = tell_of_segments;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	scripted_run_interrupt_at(run, at_ms(1502));
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.unconfirmed, 0);
	assert_int_equal(run->result.unconfirmed_most, 0);
	assert_int_equal(run->result.kernel.repeated_once, 2);
}

/* The first two get repeats, and the peers are on another host. */
static void tell_of_far_repeats(
	void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (slot < 2 && near) {
		socket->segments_in = 3;
	} else if (!near) {
		*socket = (struct sockdiag_socket){0};
	}
}

static void repeats_that_stop_are_doubtful(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 9 * NSEC_PER_SEC; /* the third would come after 7 s */
	run->host->tell = tell_of_far_repeats;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	script_add_action(run->script, at_ms(3002), count_challenges, run);
	scripted_run_complete(run, &connected);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->result.unconfirmed_most, 2);
	assert_int_equal(run->result.kernel.doubtful, 2);
}

static void a_repeat_that_came_once_is_no_doubt(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 4 * NSEC_PER_SEC;
	run->host->tell = tell_of_far_repeats;
	script_add_action(run->script, at_ms(1002), count_challenges, run);
	scripted_run_complete(run, &connected);
	assert_int_equal(run->result.unconfirmed, 0);
	assert_int_equal(run->result.unconfirmed_most, 0);
	assert_int_equal(run->result.kernel.repeated_once, 2);
}

static void without_the_counter_repeats_prove_nothing(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 4 * NSEC_PER_SEC;
	run->host->tell = tell_of_far_repeats;
	run->host->counters.values[NETSTAT_SYN_CHALLENGES] = NETSTAT_ABSENT;
	scripted_run_complete(run, &connected);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->result.unconfirmed_most, 2);
	assert_int_equal(run->result.kernel.doubtful, 2);
}

/* Before Linux 4.6. */
static void tell_no_segments(
	void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	(void)slot;
	(void)near;
	socket->has_segments = false;
}

static void without_segments_nothing_is_known_of_confirmation(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 4 * NSEC_PER_SEC;
	run->host->tell = tell_no_segments;
	scripted_run_complete(run, &connected);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_int_equal(run->result.unconfirmed_most, 10);
	assert_int_equal(run->result.times[TIMES_HANDSHAKE].count, 10);
}

/* The other ends of the first three wait to be accepted, and of the fourth there is none. */
static void tell_of_queue(void *context, uint32_t slot, bool near, struct sockdiag_socket *socket)
{
	(void)context;
	if (!near && slot < 3) {
		socket->inode = 0;
	} else if (!near && slot == 3) {
		socket->state = 0;
	}
}

static void connections_in_the_queue_of_a_listener_are_found(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->plan.settings.hold_ns = 3 * NSEC_PER_SEC;
	run->host->tell = tell_of_queue;
	run->host->listener_code = 0;
	run->host->listener = (struct sockdiag_listener){.sockets = 1, .queued = 3, .backlog = 3};
	run->host->listener.bound.any.sa_family = AF_INET;
	scripted_run_complete(run, &connected);
	assert_true(run->result.listener.known_at_end);
	assert_int_equal(run->result.listener.queued_at_end, 3);
	assert_int_equal(run->result.listener.backlog, 3);
	assert_int_equal(run->result.kernel.not_accepted, 3);
	assert_int_equal(run->result.kernel.no_other_end, 1);
}

static void where_the_kernel_chose_the_ports_it_is_not_asked(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10, .port_auto = true});
	scripted_run_complete(run, &connected);
	assert_at_end(run, 10, 0, 0, 0, 0);
	assert_false(run->result.kernel.possible);
	assert_int_equal(run->result.kernel.asked, 0);
	assert_int_equal(run->host->lookups, 0);
	assert_true(run->result.unconfirmed == RESULT_UNKNOWN);
	assert_true(run->result.closing.acknowledged == RESULT_UNKNOWN);
}

static void failures_of_one_port_are_a_group(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10, .targets = 2});
	BY_SLOT(run, &connected, &refused, &connected, &refused, &connected, &refused, &connected,
		&refused, &connected, &refused);
	scripted_run_complete(run, NULL);
	const struct failure_groups *ports = &run->result.groups[GROUP_PORT];
	assert_int_equal(ports->count, 1);
	assert_int_equal(address_port(&ports->list[0].address), RUN_TARGET_PORT + 1);
	assert_int_equal(ports->list[0].dialed, 5);
	assert_int_equal(ports->list[0].causes[CAUSE_REFUSED], 5);
	assert_int_equal(run->result.targets[0].established, 5);
	assert_int_equal(run->result.targets[1].failed, 5);
}

static void an_icmp_message_names_the_cause(void **state)
{
	static struct icmp_message filtered = {
		.error_number = EHOSTUNREACH, .told = true, .v4 = true, .type = 3, .code = 13};
	static const struct script_fate prohibited = {
		.steps = {{ON_DIAL, TRANSPORT_FAILED, 3 * MS, EHOSTUNREACH, .icmp = &filtered}}};
	struct scripted_run *run = *state;
	assert_int_equal(address_parse_literal("192.0.2.254", 0, &filtered.offender), 0);
	run->host->here = filtered.offender;
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	scripted_run_complete(run, &prohibited);
	assert_at_end(run, 0, 0, 3, 0, 0);
	assert_int_equal(count_of(run, CAUSE_PROHIBITED), 3);
	assert_int_equal(run->result.icmp.told, 3);
	assert_int_equal(run->result.icmp.told_here, 3);
	assert_int_equal(run->result.refusal_count, 0);
}

static int refuse_route(void *context, const struct address *source, struct route *ret_route)
{
	(void)context;
	(void)source;
	ret_route->refused = EHOSTUNREACH;
	return 0;
}

static void without_a_message_the_routes_are_asked(void **state)
{
	static const struct script_fate unreachable = {
		.steps = {{ON_DIAL, TRANSPORT_FAILED, 0, EHOSTUNREACH}}};
	struct scripted_run *run = *state;
	run->host->find_route = refuse_route;
	run->host->refuser = "route unreachable 192.0.2.0/24";
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	scripted_run_complete(run, &unreachable);
	assert_int_equal(count_of(run, CAUSE_ROUTE_REFUSES), 3);
	assert_int_equal(run->result.icmp.told, 0);
	assert_int_equal(run->result.refusal_count, 1);
	assert_int_equal(run->result.refusals[0].count, 3);
	assert_string_equal(run->result.refusals[0].by, "route unreachable 192.0.2.0/24");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_are_established_held_and_closed),
		CASE(connections_are_dialled_in_their_order_from_their_tuples),
		CASE(what_is_young_at_the_end_cannot_tell_whether_it_is_confirmed),
		CASE(refused_dials_are_counted_and_closed),
		CASE(a_silent_dial_is_given_up_at_its_timeout_and_asked_about),
		CASE(the_kernel_may_give_up_before_the_dial_timeout),
		CASE(an_answer_in_the_instant_of_giving_up_counts),
		CASE(an_answer_that_is_taken_back_is_a_failure),
		CASE(what_was_taken_back_was_never_there_with_the_others),
		CASE(it_is_established_when_it_was_answered),
		CASE(a_reset_between_answer_and_confirmation_ends_an_established_one),
		CASE(those_that_are_closed_before_the_others_are_confirmed_were_there_too),
		CASE(a_fin_during_the_hold_is_asked_about_and_answered),
		CASE(data_and_then_a_reset_are_both_told),
		CASE(a_hold_without_connections_is_cut_short),
		CASE(nothing_is_held_where_none_was_established),
		CASE(the_observer_is_told_of_each_step),
		CASE(a_fin_while_the_kernel_is_asked_does_not_change_the_numbers),
		CASE(a_reset_while_the_kernel_is_asked_is_one_of_the_closing),
		CASE(a_dial_that_begins_behind_the_signal_counts),
		CASE(a_dial_that_begins_before_the_signal_counts),
		CASE(what_was_armed_ahead_is_taken_back),
		CASE(a_dial_that_had_begun_when_it_was_disarmed_counts),
		CASE(paced_dials_begin_when_they_are_due),
		CASE(a_fast_pace_is_kept_too),
		CASE(a_ramp_is_dialled_by_its_integral),
		CASE(those_of_a_burst_are_dialled_together),
		CASE(a_redial_waits_for_the_end_of_the_first),
		CASE(a_redial_has_all_of_its_own_time),
		CASE(others_are_dialled_while_a_redial_waits),
		CASE(what_waits_to_be_dialled_again_is_given_up_with_the_run),
		CASE(a_redial_times_out_like_any_other),
		CASE(a_tuple_that_is_held_to_the_last_fails_for_want_of_ports),
		CASE(an_event_of_an_earlier_use_means_nothing),
		CASE(a_doubled_idle_closes_nothing_twice),
		CASE(a_doubled_release_releases_nothing_twice),
		CASE(where_sockets_cannot_be_placed_the_result_is_still_there),
		CASE(where_the_transport_is_busy_for_good_the_result_is_still_there),
		CASE(a_transport_that_cannot_be_had_is_an_error),
		CASE(a_dial_or_a_close_that_cannot_be_queued_ends_the_run),
		CASE(a_stall_is_counted_and_what_spans_it_apart),
		CASE(an_answer_that_came_in_a_stall_is_no_timeout),
		CASE(after_a_stall_all_that_has_come_is_taken_at_once),
		CASE(to_take_what_has_come_is_no_stall),
		CASE(a_transport_that_fails_after_a_stall_ends_the_run),
		CASE(a_suspension_of_the_machine_is_told_from_a_stall),
		CASE(the_observer_is_shown_the_numbers_at_each_tick),
		CASE(without_an_interval_only_the_start_is_shown),
		CASE(a_view_is_shown_frames_at_an_interval_of_its_own),
		CASE(a_frame_makes_no_dial_late),
		CASE(a_signal_that_is_none_is_waited_for_again),
		CASE(signals_that_cannot_be_waited_for_end_the_run),
		CASE(output_that_is_held_back_is_tried_again_soon),
		CASE(the_observer_can_end_a_run),
		CASE(debugging_names_each_event),
		CASE(without_descriptors_a_dial_fails_here),
		CASE(where_none_can_be_dialled_the_run_is_over),
		CASE(ports_that_are_left_to_others_are_counted),
		CASE(the_kernel_that_does_not_answer_leaves_them_unanswered),
		CASE(a_kernel_that_answers_now_and_then_is_asked_on),
		CASE(a_kernel_that_never_answers_is_not_asked_for_ever),
		CASE(what_the_kernel_does_not_know_is_missing),
		CASE(syns_that_were_sent_again_are_told_apart),
		CASE(peers_that_go_on_repeating_have_not_confirmed),
		CASE(those_in_doubt_are_asked_about_again_in_time),
		CASE(a_signal_does_not_wait_for_those_in_doubt),
		CASE(where_the_other_end_is_established_it_is_confirmed),
		CASE(an_established_other_end_answers_before_its_time),
		CASE(repeats_that_stop_are_doubtful),
		CASE(a_repeat_that_came_once_is_no_doubt),
		CASE(without_the_counter_repeats_prove_nothing),
		CASE(without_segments_nothing_is_known_of_confirmation),
		CASE(connections_in_the_queue_of_a_listener_are_found),
		CASE(where_the_kernel_chose_the_ports_it_is_not_asked),
		CASE(failures_of_one_port_are_a_group),
		CASE(an_icmp_message_names_the_cause),
		CASE(without_a_message_the_routes_are_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
