/* SPDX-License-Identifier: MIT */
/* What is dialled when, from which tuple, and what becomes of those that cannot be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "run/dialer.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define MS NSEC_PER_MSEC

struct fixture {
	struct scripted_run *run;
	struct transport *transport;
	struct table table;
	struct tuple_pool pool;
	struct dial_queue queue;
	struct dialer dialer;
	/* Of bind(): ports from that one on are in use, so many. */
	uint16_t used_from;
	uint16_t used;
	/* Of socket(): the calls that fail, counted from 1. */
	uint64_t refused_from;
	uint64_t refused_to;
	int socket_error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	void *run;
	scripted_run_setup(&run);
	fixture->run = run;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	dialer_finish(&fixture->dialer);
	dial_queue_finish(&fixture->queue);
	tuple_pool_finish(&fixture->pool);
	table_finish(&fixture->table);
	void *run = fixture->run;
	scripted_run_teardown(&run);
	free(fixture);
	return 0;
}

static int bind_if_free(void *context, const struct address *source)
{
	const struct fixture *fixture = context;
	uint16_t port = address_port(source);
	return port >= fixture->used_from && port < fixture->used_from + fixture->used ? EADDRINUSE
										       : 0;
}

static int make_if_allowed(void *context, uint64_t number)
{
	const struct fixture *fixture = context;
	bool refused = number >= fixture->refused_from && number <= fixture->refused_to;
	return refused ? fixture->socket_error : 0;
}

/* A dialler of that plan, and nothing dialled yet. */
static void begin(struct fixture *fixture, const struct run_layout *layout, uint64_t period_ns)
{
	struct scripted_run *run = fixture->run;
	struct error error = ERROR_INIT;
	scripted_run_plan(run, layout);
	run->plan.schedule = schedule_every(period_ns, 1);
	run->host->context = fixture;
	run->host->refuse_bind = bind_if_free;
	run->host->refuse_socket = make_if_allowed;
	const struct transport_params transport = {.slots = layout->connections};
	assert_int_equal(transport_scripted.create(&transport, &fixture->transport, &error), 0);
	assert_int_equal(
		table_init(&fixture->table, layout->connections, SCRIPT_START_NS, &run->result), 0);
	assert_int_equal(tuple_pool_init(&fixture->pool, &run->plan), 0);
	dial_queue_init(&fixture->queue, &fixture->table, NSEC_PER_SEC);
	const struct dialer_params params = {
		.plan = &run->plan,
		.transport = fixture->transport,
		.table = &fixture->table,
		.pool = &fixture->pool,
		.queue = &fixture->queue,
		.start_ns = SCRIPT_START_NS,
	};
	dialer_init(&fixture->dialer, &params);
}

static void advance(struct fixture *fixture)
{
	struct error error = ERROR_INIT;
	if (dialer_advance(&fixture->dialer, fixture->run->script->now_ns, &error) < 0) {
		fail_msg("%s", error.text);
	}
}

static uint64_t next_ns(const struct fixture *fixture)
{
	return dialer_next_ns(&fixture->dialer, fixture->run->script->now_ns);
}

/* Until it has nothing to do now. Returns in how many turns. */
static unsigned advance_all(struct fixture *fixture)
{
	unsigned turns = 0;
	while (next_ns(fixture) <= fixture->run->script->now_ns) {
		advance(fixture);
		assert_true(++turns < 1000);
	}
	return turns;
}

static const struct script_dial *dial_at(const struct fixture *fixture, size_t i)
{
	assert_true(i < fixture->run->script->dial_count);
	return &fixture->run->script->dials[i];
}

static void assert_dial(
	const struct fixture *fixture, size_t i, uint32_t slot, uint16_t port_offset)
{
	const struct script_dial *dial = dial_at(fixture, i);
	assert_int_equal(dial->slot.number, slot);
	assert_int_equal(address_port(&dial->source), RUN_SOURCE_PORT + port_offset);
}

/* The dial of the slot has failed, as its tuple is in use. `idle`: nothing of it is in flight. */
static void fail_dial(struct fixture *fixture, uint32_t slot, bool idle)
{
	assert_int_equal(table_state(&fixture->table, slot), CONN_DIALING);
	table_release(&fixture->table, slot, CONN_CONNECTING);
	assert_true(dialer_again(&fixture->dialer, slot));
	if (idle) {
		table_release(&fixture->table, slot, CONN_IN_FLIGHT);
		fixture->run->script->slots[slot].in_flight = false;
	}
}

static void become_idle(struct fixture *fixture, uint32_t slot)
{
	table_release(&fixture->table, slot, CONN_IN_FLIGHT);
	fixture->run->script->slots[slot].in_flight = false;
}

/* As the clock is read once for each few: more would blur the connect times. */
static void four_are_dialled_at_a_time_and_their_sockets_made_before(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 100}, 0);
	advance(fixture);
	assert_int_equal(fixture->run->script->dial_count, 4);
	assert_int_equal(fixture->run->host->sockets, 32);
	assert_int_equal(advance_all(fixture), 24);
	assert_int_equal(fixture->run->script->dial_count, 100);
	assert_int_equal(fixture->run->script->calls[CALL_PLACE], 4);
	assert_true(next_ns(fixture) == CLOCK_NEVER);
	assert_int_equal(fixture->table.by_state[CONN_DIALING], 100);
}

static void a_batch_is_no_larger_than_the_room_for_it(void **state)
{
	struct fixture *fixture = *state;
	fixture->run->script->room = 5;
	begin(fixture, &(struct run_layout){.connections = 12}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->calls[CALL_PLACE], 3);
	assert_int_equal(fixture->run->script->dial_count, 12);
}

static void a_port_in_use_is_passed_over_for_a_spare_one(void **state)
{
	struct fixture *fixture = *state;
	fixture->used_from = RUN_SOURCE_PORT + 2;
	fixture->used = 1;
	begin(fixture, &(struct run_layout){.connections = 4, .spare = 2}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 4);
	assert_dial(fixture, 1, 1, 1);
	assert_dial(fixture, 2, 2, 4);
	assert_dial(fixture, 3, 3, 3);
	const struct tuple moved = tuple_pool_of(&fixture->pool, 2);
	assert_int_equal(address_port(&moved.source), RUN_SOURCE_PORT + 4);
	assert_int_equal(tuple_pool_used(&fixture->pool, 4), 5);
}

static void spare_ones_may_be_in_use_too(void **state)
{
	struct fixture *fixture = *state;
	fixture->used_from = RUN_SOURCE_PORT + 3;
	fixture->used = 2;
	begin(fixture, &(struct run_layout){.connections = 4, .spare = 2}, 0);
	advance_all(fixture);
	assert_dial(fixture, 3, 3, 5);
}

static void without_a_port_left_it_fails_and_the_others_go_on(void **state)
{
	struct fixture *fixture = *state;
	fixture->used_from = RUN_SOURCE_PORT + 1;
	fixture->used = 1;
	begin(fixture, &(struct run_layout){.connections = 4}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_dial(fixture, 0, 0, 0);
	assert_dial(fixture, 1, 2, 2);
	assert_int_equal(table_state(&fixture->table, 1), CONN_ERROR);
	assert_int_equal(fixture->run->result.causes[CAUSE_PORTS_EXHAUSTED].count, 1);
	assert_int_equal(fixture->run->result.causes[CAUSE_PORTS_EXHAUSTED].last_errno, EADDRINUSE);
	assert_int_equal(fixture->run->result.totals.dialed, 3);
}

static void a_run_that_was_forced_beyond_its_tuples_fails_for_the_rest(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 4}, 0);
	fixture->run->plan.tuples.ports = 3; /* one less than the connections */
	fixture->run->plan.tuples.bands[0].ports = 3;
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_int_equal(fixture->run->result.causes[CAUSE_PORTS_EXHAUSTED].count, 1);
}

/* The batch's own descriptors may be what is missing: it is placed, and they are closed by that. */
static void a_batch_that_runs_out_of_descriptors_goes_on_with_the_next(void **state)
{
	struct fixture *fixture = *state;
	fixture->refused_from = 4;
	fixture->refused_to = 4;
	fixture->socket_error = EMFILE;
	begin(fixture, &(struct run_layout){.connections = 6}, 0);
	advance(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	fixture->refused_to = 0;
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 6);
	assert_int_equal(fixture->table.by_state[CONN_ERROR], 0);
}

static void without_any_descriptor_it_fails_for_want_of_one(void **state)
{
	struct fixture *fixture = *state;
	fixture->refused_from = 1;
	fixture->refused_to = 99;
	fixture->socket_error = ENFILE;
	begin(fixture, &(struct run_layout){.connections = 3}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 0);
	assert_int_equal(fixture->run->result.causes[CAUSE_DESCRIPTORS].count, 3);
	assert_int_equal(fixture->table.by_state[CONN_ERROR], 3);
	assert_true(next_ns(fixture) == CLOCK_NEVER);
}

static void a_socket_without_its_options_is_none(void **state)
{
	struct fixture *fixture = *state;
	fixture->run->host->option_refused = ENOMEM;
	begin(fixture, &(struct run_layout){.connections = 2}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 0);
	assert_int_equal(fixture->run->result.causes[CAUSE_MEMORY].count, 2);
	assert_int_equal(script_count_sockets(fixture->run->script), 0);
}

static void what_cannot_be_placed_is_explained(void **state)
{
	struct fixture *fixture = *state;
	struct error error = ERROR_INIT;
	fixture->run->script->failures[CALL_PLACE] = (struct script_failure){1, 1, -EBADF};
	begin(fixture, &(struct run_layout){.connections = 2}, 0);
	assert_int_equal(
		dialer_advance(&fixture->dialer, fixture->run->script->now_ns, &error), -EBADF);
	assert_string_equal(error.text, "scripted: Bad file descriptor");
	assert_int_equal(fixture->run->script->dial_count, 0);
	assert_int_equal(script_count_sockets(fixture->run->script), 0);
}

/* The next are always with the transport, which begins them at their instant. */
static void what_is_due_later_is_armed_ahead(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 10}, 10 * MS);
	advance_all(fixture);
	advance(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_int_equal(dial_at(fixture, 0)->due_ns, 0);
	assert_int_equal(dial_at(fixture, 1)->due_ns, at_ms(10));
	assert_int_equal(dial_at(fixture, 2)->due_ns, at_ms(20));
	assert_int_equal(fixture->table.armed, 2);
	assert_int_equal(fixture->table.by_state[CONN_DIALING], 1);
	assert_int_equal(next_ns(fixture), at_ms(30));
}

/* What is armed is dialled by the transport; what nobody armed is dialled when it is seen. */
static void what_is_late_is_dialled_at_once(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 10}, 10 * MS);
	fixture->run->script->now_ns = at_ms(55);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(dial_at(fixture, i)->due_ns, 0);
	}
	assert_int_equal(fixture->run->result.times[TIMES_LAG].count, 6);
	assert_int_equal(fixture->run->result.times[TIMES_LAG].max_us, 55000);
	assert_int_equal(fixture->run->result.times[TIMES_LAG].min_us, 5000);
	assert_int_equal(fixture->run->result.generator.late, 5);
	assert_int_equal(fixture->run->result.generator.late_spells, 1);
}

static void a_dial_whose_tuple_is_in_use_goes_again_from_a_spare_one(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3, .spare = 2}, 0);
	advance_all(fixture);
	fail_dial(fixture, 1, true);
	fixture->run->script->now_ns = at_ms(40);
	assert_int_equal(next_ns(fixture), at_ms(40));
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 4);
	assert_dial(fixture, 3, 1, 3);
	assert_int_equal(
		dial_at(fixture, 3)->slot.generation, dial_at(fixture, 1)->slot.generation + 1);
	assert_int_equal(table_dialed_ns(&fixture->table, 1), at_ms(40));
	assert_int_equal(fixture->run->result.totals.dialed, 3);
	assert_true(next_ns(fixture) == CLOCK_NEVER);
}

static void the_dial_before_must_be_idle(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3, .spare = 2}, 0);
	advance_all(fixture);
	fail_dial(fixture, 1, false);
	assert_true(next_ns(fixture) == CLOCK_NEVER); /* its IDLE wakes the loop */
	advance(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	become_idle(fixture, 1);
	assert_int_equal(advance_all(fixture), 1);
	assert_int_equal(fixture->run->script->dial_count, 4);
}

static void those_that_are_do_not_wait_for_the_others(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 40, .spare = 40}, 0);
	advance_all(fixture);
	for (uint32_t slot = 0; slot < 40; slot++) {
		fail_dial(fixture, slot, slot % 2 == 0);
	}
	advance(fixture);
	assert_true(fixture->run->script->dial_count > 40);
	for (uint32_t slot = 1; slot < 40; slot += 2) {
		become_idle(fixture, slot);
	}
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 80);
}

static void new_dials_do_not_wait_for_one_that_goes_again(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 10, .spare = 2}, 10 * MS);
	advance_all(fixture);
	fail_dial(fixture, 0, false);
	fixture->run->script->now_ns = at_ms(45);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 5);
}

static void where_its_spare_tuple_is_in_use_too_it_fails(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3, .spare = 1}, 0);
	advance_all(fixture);
	fixture->used_from = RUN_SOURCE_PORT + 3;
	fixture->used = 1;
	fail_dial(fixture, 1, true);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_int_equal(table_state(&fixture->table, 1), CONN_ERROR);
	assert_int_equal(fixture->run->result.causes[CAUSE_PORTS_EXHAUSTED].count, 1);
}

static void without_a_spare_tuple_it_is_not_tried(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3}, 0);
	advance_all(fixture);
	assert_false(dialer_again(&fixture->dialer, 1));
	assert_true(next_ns(fixture) == CLOCK_NEVER);
}

static void where_the_kernel_chooses_there_is_none_to_take(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3, .spare = 5, .port_auto = true}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_int_equal(address_port(&dial_at(fixture, 0)->source), 0);
	assert_false(dialer_again(&fixture->dialer, 1));
}

static void without_a_source_nothing_is_bound(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, &(struct run_layout){.connections = 3, .unbound = true}, 0);
	advance_all(fixture);
	assert_int_equal(fixture->run->script->dial_count, 3);
	assert_int_equal(fixture->run->host->binds, 0);
	assert_int_equal(dial_at(fixture, 0)->source.any.sa_family, AF_UNSPEC);
	assert_false(dialer_again(&fixture->dialer, 1));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(four_are_dialled_at_a_time_and_their_sockets_made_before),
		CASE(a_batch_is_no_larger_than_the_room_for_it),
		CASE(a_port_in_use_is_passed_over_for_a_spare_one),
		CASE(spare_ones_may_be_in_use_too),
		CASE(without_a_port_left_it_fails_and_the_others_go_on),
		CASE(a_run_that_was_forced_beyond_its_tuples_fails_for_the_rest),
		CASE(a_batch_that_runs_out_of_descriptors_goes_on_with_the_next),
		CASE(without_any_descriptor_it_fails_for_want_of_one),
		CASE(a_socket_without_its_options_is_none),
		CASE(what_cannot_be_placed_is_explained),
		CASE(what_is_due_later_is_armed_ahead),
		CASE(what_is_late_is_dialled_at_once),
		CASE(a_dial_whose_tuple_is_in_use_goes_again_from_a_spare_one),
		CASE(the_dial_before_must_be_idle),
		CASE(those_that_are_do_not_wait_for_the_others),
		CASE(new_dials_do_not_wait_for_one_that_goes_again),
		CASE(where_its_spare_tuple_is_in_use_too_it_fails),
		CASE(without_a_spare_tuple_it_is_not_tried),
		CASE(where_the_kernel_chooses_there_is_none_to_take),
		CASE(without_a_source_nothing_is_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
