/* SPDX-License-Identifier: MIT */
/* What the result has of each connection, of whole runs on a scripted transport. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted_run.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/connection_list.h"

#define MS NSEC_PER_MSEC

static const struct script_fate connected = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}}};
static const struct script_fate refused = {
	.steps = {{ON_DIAL, TRANSPORT_FAILED, 3 * MS, ECONNREFUSED}}};
static const struct script_fate reset = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS},
						 {ON_DIAL, TRANSPORT_ENDED, 902 * MS, ECONNRESET}}};
static const struct script_fate closed = {
	.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 2 * MS}, {ON_DIAL, TRANSPORT_ENDED, 802 * MS}}};
static const struct script_fate silent = {0};
static const struct script_fate held = {
	.steps = {{ON_DIAL, TRANSPORT_FAILED, 1 * MS, EADDRNOTAVAIL}}};

/* By slot: connected, refused, reset, closed, silent, then connected. */
static const struct script_fate *mixed(void *context, const struct script_dial *dial)
{
	static const struct script_fate *const fates[] = {
		&connected, &refused, &reset, &closed, &silent};
	(void)context;
	return dial->slot.number < 5 ? fates[dial->slot.number] : &connected;
}

static struct connection at(const struct scripted_run *run, uint64_t number)
{
	struct connection connection;
	assert_non_null(run->result.connections);
	connection_list_at(run->result.connections, number, &connection);
	assert_int_equal(connection.number, number);
	return connection;
}

static void assert_times(const struct connection *connection, uint64_t dialed_ns,
	uint64_t connect_us, uint64_t handshake_us, uint64_t ended_ns)
{
	assert_int_equal(connection->dialed_ns, dialed_ns);
	assert_int_equal(connection->connect_us, connect_us);
	assert_int_equal(connection->handshake_us, handshake_us);
	assert_int_equal(connection->ended_ns, ended_ns);
}

static void nothing_is_kept_unless_it_is_asked_for(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 3});
	scripted_run_complete(run, &connected);
	assert_null(run->result.connections);
}

static void each_has_its_own_times_state_and_cause(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10, .targets = 2});
	run->keep_connections = true;
	run->plan.settings.sleep_ns = 10 * MS;
	run->plan.settings.hold_ns = 3 * NSEC_PER_SEC;
	run->script->choose_fate = mixed;
	scripted_run_complete(run, NULL);
	static const struct {
		enum connection_state state;
		enum cause cause;
		uint64_t connect_us;
		uint64_t handshake_us;
		uint64_t lived_ns; /* from the dial */
	} expected[] = {
		{CONNECTION_OPEN, CAUSE_NONE, 2000, HOST_ROUND_TRIP_US, CONNECTION_UNKNOWN},
		{CONNECTION_FAILED, CAUSE_REFUSED, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN, 3 * MS},
		{CONNECTION_CLOSED, CAUSE_RESET_BY_PEER, 2000, CONNECTION_UNKNOWN, 902 * MS},
		{CONNECTION_CLOSED, CAUSE_CLOSED_BY_PEER, 2000, HOST_ROUND_TRIP_US, 802 * MS},
		{CONNECTION_FAILED, CAUSE_TIMED_OUT, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN,
			1000 * MS},
	};
	for (uint64_t i = 0; i < 10; i++) {
		struct connection connection = at(run, i);
		size_t row = i < 5 ? i : 0;
		assert_int_equal(connection.state, expected[row].state);
		assert_int_equal(connection.cause, expected[row].cause);
		assert_int_equal(connection.due_ns, i * 10 * MS);
		assert_times(&connection, i * 10 * MS, expected[row].connect_us,
			expected[row].handshake_us,
			expected[row].lived_ns == CONNECTION_UNKNOWN
				? CONNECTION_UNKNOWN
				: i * 10 * MS + expected[row].lived_ns);
		const struct script_dial *dial = &run->script->dials[i];
		assert_true(address_same_host(&connection.source, &dial->source));
		assert_int_equal(address_port(&connection.source), address_port(&dial->source));
		assert_int_equal(address_port(&connection.target), RUN_TARGET_PORT + i % 2);
	}
}

static void what_was_not_dialled_has_a_target_only(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->keep_connections = true;
	run->plan.settings.sleep_ns = 100 * MS;
	scripted_run_interrupt_at(run, at_ms(101));
	scripted_run_complete(run, &connected);
	struct connection dialing = at(run, 1);
	assert_int_equal(dialing.state, CONNECTION_DIALING);
	assert_times(
		&dialing, 100 * MS, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN);
	struct connection last = at(run, 9);
	assert_int_equal(last.state, CONNECTION_NOT_DIALED);
	assert_int_equal(last.cause, CAUSE_NONE);
	assert_int_equal(last.due_ns, 900 * MS);
	assert_times(&last, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN,
		CONNECTION_UNKNOWN);
	assert_int_equal(last.source.any.sa_family, AF_UNSPEC);
	assert_int_equal(address_port(&last.target), RUN_TARGET_PORT);
}

static const struct script_fate *hold_the_first(void *context, const struct script_dial *dial)
{
	bool *was_held = context;
	if (dial->slot.number == 2 && !*was_held) {
		*was_held = true;
		return &held;
	}
	return &connected;
}

/* Without a pace; the third finds its tuple in use, and takes a spare one. */
static void it_is_told_from_where_it_was_dialled_at_last(void **state)
{
	struct scripted_run *run = *state;
	bool was_held = false;
	scripted_run_plan(run, &(struct run_layout){.connections = 5, .spare = 3});
	run->keep_connections = true;
	run->script->choose_fate = hold_the_first;
	run->script->context = &was_held;
	scripted_run_complete(run, NULL);
	struct connection third = at(run, 2);
	assert_int_equal(address_port(&third.source), RUN_SOURCE_PORT + 5);
	assert_int_equal(third.due_ns, CONNECTION_UNKNOWN);
	assert_int_equal(third.dialed_ns, 1 * MS);
	struct connection fourth = at(run, 3);
	assert_int_equal(address_port(&fourth.source), RUN_SOURCE_PORT + 3);
}

/* As in the histograms: the answer may have come at any time of the stall. */
static void a_time_that_spans_a_stall_is_not_known(void **state)
{
	static const struct script_fate slow = {.steps = {{ON_DIAL, TRANSPORT_CONNECTED, 50 * MS}}};
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 10});
	run->keep_connections = true;
	run->plan.settings.sleep_ns = 50 * MS;
	script_set_stall(run->script, at_ms(110), 300 * MS, false);
	scripted_run_complete(run, &slow);
	uint64_t apart = 0;
	for (uint64_t i = 0; i < 10; i++) {
		struct connection connection = at(run, i);
		assert_int_equal(connection.state, CONNECTION_OPEN);
		apart += connection.connect_us == CONNECTION_UNKNOWN;
	}
	assert_true(apart > 0);
	assert_int_equal(apart, run->result.stalls.connect_apart);
}

static void ports_that_the_kernel_chose_are_not_known(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 2, .port_auto = true});
	run->keep_connections = true;
	scripted_run_complete(run, &connected);
	struct connection first = at(run, 0);
	assert_int_equal(first.source.any.sa_family, AF_INET);
	assert_int_equal(address_port(&first.source), 0);
	assert_int_equal(first.handshake_us, CONNECTION_UNKNOWN); /* nobody could be asked */
}

static void one_that_could_not_be_dialled_failed_all_the_same(void **state)
{
	struct scripted_run *run = *state;
	scripted_run_plan(run, &(struct run_layout){.connections = 4});
	run->plan.settings.connections = 5; /* as with --force: there is no fifth tuple */
	run->keep_connections = true;
	scripted_run_complete(run, &connected);
	struct connection last = at(run, 4);
	assert_int_equal(last.state, CONNECTION_FAILED);
	assert_int_equal(last.cause, CAUSE_PORTS_EXHAUSTED);
	assert_int_equal(last.source.any.sa_family, AF_UNSPEC);
	assert_times(&last, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN, CONNECTION_UNKNOWN, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_kept_unless_it_is_asked_for),
		CASE(each_has_its_own_times_state_and_cause),
		CASE(what_was_not_dialled_has_a_target_only),
		CASE(it_is_told_from_where_it_was_dialled_at_last),
		CASE(a_time_that_spans_a_stall_is_not_known),
		CASE(ports_that_the_kernel_chose_are_not_known),
		CASE(one_that_could_not_be_dialled_failed_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
