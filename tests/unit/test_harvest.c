/* SPDX-License-Identifier: MIT */
/* Single events, handed to a run of a few connections. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/harvest.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define MS NSEC_PER_MSEC
#define CONNECTIONS 4

struct fixture {
	struct scripted_run *scripted;
	struct run_state run;
};

static const struct script_fate nothing = {0};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	void *scripted;
	scripted_run_setup(&scripted);
	fixture->scripted = scripted;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	run_state_finish(&fixture->run);
	void *scripted = fixture->scripted;
	scripted_run_teardown(&scripted);
	free(fixture);
	return 0;
}

/* All are dialled, or armed where there is a period, and nothing has come of them. */
static void begin(struct fixture *fixture, uint64_t period_ns)
{
	struct scripted_run *scripted = fixture->scripted;
	scripted_run_plan(scripted, &(struct run_layout){.connections = CONNECTIONS, .spare = 4});
	scripted->plan.schedule = schedule_every(period_ns, 1);
	scripted->script->fate = &nothing;
	const struct run_params params = {
		.plan = &scripted->plan,
		.transport = &transport_scripted,
		.observer = &scripted->observer,
		.signals = &scripted->signals,
	};
	struct run_state *run = &fixture->run;
	const struct start now = {0};
	assert_int_equal(
		run_state_init(run, &params, &now, &scripted->result, &scripted->error), 0);
	run->now_ns = SCRIPT_START_NS;
	while (scripted->script->dial_count < (period_ns == 0 ? CONNECTIONS : 3)) {
		assert_int_equal(dialer_advance(&run->dialer, run->now_ns, &scripted->error), 0);
	}
}

static struct transport_event event_of(
	const struct fixture *fixture, uint32_t number, enum transport_event_kind kind)
{
	return (struct transport_event){
		.kind = kind,
		.slot = table_slot(&fixture->run.table, number),
		.at_ns = fixture->run.now_ns,
		.since_ns = fixture->run.now_ns,
	};
}

/* The transport has seen it too, so that it may be closed. */
static void hand_over(struct fixture *fixture, const struct transport_event *event)
{
	if (event->kind == TRANSPORT_IDLE) {
		fixture->scripted->script->slots[event->slot.number].in_flight = false;
	}
	assert_int_equal(harvest_event(&fixture->run, event), 0);
}

static void happen(
	struct fixture *fixture, uint32_t number, enum transport_event_kind kind, int error_number)
{
	struct transport_event event = event_of(fixture, number, kind);
	event.error_number = error_number;
	hand_over(fixture, &event);
}

static uint64_t closes(const struct fixture *fixture)
{
	return fixture->scripted->script->calls[CALL_CLOSE];
}

static void of_an_earlier_use_or_of_no_slot_nothing_is_heard(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	happen(fixture, 1, TRANSPORT_CONNECTED, 0);
	struct conn before[CONNECTIONS];
	memcpy(before, fixture->run.table.conns, sizeof(before));
	for (unsigned kind = 0; kind < TRANSPORT_EVENT_MAX; kind++) {
		if (kind == TRANSPORT_READY) {
			continue;
		}
		for (uint32_t number = 0; number < CONNECTIONS; number++) {
			struct transport_event event =
				event_of(fixture, number, (enum transport_event_kind)kind);
			event.slot.generation = (event.slot.generation - 1U) & 0x7fff;
			assert_int_equal(harvest_event(&fixture->run, &event), 0);
			event = event_of(fixture, number, (enum transport_event_kind)kind);
			event.slot.number += CONNECTIONS;
			assert_int_equal(harvest_event(&fixture->run, &event), 0);
			event.slot.number = UINT32_MAX;
			assert_int_equal(harvest_event(&fixture->run, &event), 0);
		}
	}
	assert_memory_equal(before, fixture->run.table.conns, sizeof(before));
	assert_int_equal(closes(fixture), 0);
}

static void a_start_is_late_by_what_lies_behind_its_instant(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 100 * MS);
	assert_int_equal(fixture->run.table.armed, 2);
	struct transport_event event = event_of(fixture, 1, TRANSPORT_STARTED);
	event.at_ns = at_ms(115);
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.table.armed, 1);
	assert_int_equal(fixture->run.result->totals.dialed, 2);
	assert_int_equal(fixture->run.result->times[TIMES_LAG].max_us, 15000);
	assert_int_equal(fixture->run.result->generator.late, 1);
	assert_int_equal(table_dialed_ns(&fixture->run.table, 1), at_ms(115));
}

/* Or else its answer, which is seen in the same turn, would be there before it began. */
static void after_a_stall_a_start_is_no_later_than_the_turn(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 100 * MS);
	fixture->run.stalled = true;
	fixture->run.now_ns = at_ms(110);
	struct transport_event event = event_of(fixture, 1, TRANSPORT_STARTED);
	event.at_ns = at_ms(115);
	hand_over(fixture, &event);
	assert_int_equal(table_dialed_ns(&fixture->run.table, 1), at_ms(110));
}

/* It began after its instant, and after the last look at the transport. */
static void a_start_blurs_the_connect_time_by_what_nobody_saw(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 100 * MS);
	struct transport_event event = event_of(fixture, 1, TRANSPORT_STARTED);
	event.since_ns = at_ms(90);
	event.at_ns = at_ms(103);
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.counters.windows, 1);
	assert_int_equal(fixture->run.counters.windows_ns, 3 * MS);
	event = event_of(fixture, 2, TRANSPORT_STARTED);
	event.since_ns = at_ms(201);
	event.at_ns = at_ms(203);
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.counters.windows_ns, 5 * MS);
}

static void a_start_in_a_stall_blurs_nothing(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 100 * MS);
	fixture->run.stalled = true;
	struct transport_event event = event_of(fixture, 1, TRANSPORT_STARTED);
	event.at_ns = at_ms(900);
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.counters.windows, 0);
}

static void answers_after_the_numbers_were_taken_count_nothing(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	fixture->run.phase = PHASE_ASKING;
	happen(fixture, 0, TRANSPORT_CONNECTED, 0);
	happen(fixture, 1, TRANSPORT_ANSWERED, 0);
	happen(fixture, 1, TRANSPORT_FAILED, ECONNREFUSED);
	happen(fixture, 2, TRANSPORT_FAILED, ECANCELED);
	assert_int_equal(fixture->run.table.by_state[CONN_DIALING], CONNECTIONS);
	assert_int_equal(fixture->run.result->totals.established, 0);
	assert_int_equal(fixture->run.table.answered, 0);
	assert_int_equal(fixture->run.result->causes[CAUSE_REFUSED].count, 0);
	/* They are closed all the same when nothing of them is in flight. */
	happen(fixture, 1, TRANSPORT_IDLE, 0);
	assert_int_equal(closes(fixture), 1);
}

static void a_fin_is_asked_about_before_it_is_closed(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	happen(fixture, 0, TRANSPORT_CONNECTED, 0);
	happen(fixture, 0, TRANSPORT_ENDED, 0);
	happen(fixture, 0, TRANSPORT_IDLE, 0);
	assert_int_equal(closes(fixture), 0);
	uint32_t batch[SURVEY_BATCH];
	assert_int_equal(survey_take(&fixture->run.survey, batch), 1);
	table_release(&fixture->run.table, 0, CONN_QUESTIONED);
	assert_int_equal(harvest_settle(&fixture->run, 0), 0);
	assert_int_equal(closes(fixture), 1);
	assert_true(fixture->scripted->script->slots[0].answers_fin);
	assert_int_equal(harvest_settle(&fixture->run, 0), 0);
	assert_int_equal(closes(fixture), 1); /* it is being closed */
}

static void after_a_reset_there_is_nothing_to_ask(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	happen(fixture, 0, TRANSPORT_CONNECTED, 0);
	happen(fixture, 0, TRANSPORT_ENDED, ECONNRESET);
	happen(fixture, 0, TRANSPORT_IDLE, 0);
	assert_int_equal(closes(fixture), 1);
	uint32_t batch[SURVEY_BATCH];
	assert_int_equal(survey_take(&fixture->run.survey, batch), 0);
}

static void a_refused_dial_is_closed_without_a_question(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	happen(fixture, 0, TRANSPORT_FAILED, ECONNREFUSED);
	assert_int_equal(closes(fixture), 0);
	happen(fixture, 0, TRANSPORT_IDLE, 0);
	assert_int_equal(closes(fixture), 1);
	assert_false(fixture->scripted->script->slots[0].answers_fin);
	happen(fixture, 0, TRANSPORT_RELEASED, 0);
	assert_int_equal(fixture->run.table.occupied, CONNECTIONS - 1);
}

/* What this machine says itself is in the error queue too, and is no message of the path. */
static void an_error_that_icmp_did_not_tell_is_asked_of_the_routes(void **state)
{
	static const struct icmp_message own = {
		.error_number = EHOSTUNREACH, .v4 = true, .type = 3, .code = 13};
	struct fixture *fixture = *state;
	begin(fixture, 0);
	struct transport_event event = event_of(fixture, 0, TRANSPORT_FAILED);
	event.error_number = EHOSTUNREACH;
	event.icmp = &own;
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.result->icmp.told, 0);
	assert_int_equal(fixture->run.result->refusal_count, 1);
	assert_int_equal(fixture->run.result->causes[CAUSE_PROHIBITED].count, 0);
}

static void a_message_of_nobody_is_not_of_this_host(void **state)
{
	static const struct icmp_message anonymous = {
		.error_number = EHOSTUNREACH, .told = true, .v4 = true, .type = 3, .code = 1};
	struct fixture *fixture = *state;
	begin(fixture, 0);
	struct transport_event event = event_of(fixture, 0, TRANSPORT_FAILED);
	event.error_number = EHOSTUNREACH;
	event.icmp = &anonymous;
	hand_over(fixture, &event);
	assert_int_equal(fixture->run.result->icmp.told, 1);
	assert_int_equal(fixture->run.result->icmp.told_here, 0);
	assert_int_equal(fixture->run.result->causes[CAUSE_HOST_UNREACHABLE].count, 1);
}

static void data_count_once_for_a_connection(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 0);
	happen(fixture, 0, TRANSPORT_CONNECTED, 0);
	happen(fixture, 0, TRANSPORT_RECEIVED, 0);
	happen(fixture, 0, TRANSPORT_RECEIVED, 0);
	assert_int_equal(fixture->run.result->received_from, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(of_an_earlier_use_or_of_no_slot_nothing_is_heard),
		CASE(a_start_is_late_by_what_lies_behind_its_instant),
		CASE(after_a_stall_a_start_is_no_later_than_the_turn),
		CASE(a_start_blurs_the_connect_time_by_what_nobody_saw),
		CASE(a_start_in_a_stall_blurs_nothing),
		CASE(answers_after_the_numbers_were_taken_count_nothing),
		CASE(a_fin_is_asked_about_before_it_is_closed),
		CASE(after_a_reset_there_is_nothing_to_ask),
		CASE(a_refused_dial_is_closed_without_a_question),
		CASE(an_error_that_icmp_did_not_tell_is_asked_of_the_routes),
		CASE(a_message_of_nobody_is_not_of_this_host),
		CASE(data_count_once_for_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
