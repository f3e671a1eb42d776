/* SPDX-License-Identifier: MIT */
/* Dialling again, up to the socket: without a ring, and without a tuple left to make one from. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/dialer.h"
#include "tcpgoon/base/clock.h"

#define CONNECTIONS 40
#define START_NS (9 * NSEC_PER_SEC)

struct fixture {
	struct plan plan;
	struct result result;
	struct table table;
	struct tuple_pool pool;
	struct dialer dialer;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct plan *plan = &fixture.plan;
	*plan = (struct plan){
		.settings = {.connections = CONNECTIONS},
		.targets = {.count = 1},
		.tuples = {.source_count = 1, .ports = CONNECTIONS + 1, .targets = &plan->targets},
	};
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, CONNECTIONS, START_NS, &fixture.result), 0);
	assert_int_equal(tuple_pool_init(&fixture.pool, plan), 0);
	const struct dialer_params params = {
		.plan = plan,
		.table = &fixture.table,
		.pool = &fixture.pool,
		.start_ns = START_NS,
	};
	dialer_init(&fixture.dialer, &params);
	fixture.dialer.next = CONNECTIONS;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	dialer_finish(&fixture->dialer);
	tuple_pool_finish(&fixture->pool);
	table_finish(&fixture->table);
	result_finish(&fixture->result);
	return 0;
}

/* Its dial has failed, as its tuple is in use; something of it is still in flight. */
static void fail_for_a_tuple_in_use(struct fixture *fixture, uint32_t index)
{
	table_dialing(&fixture->table, index, CLOCK_NEVER, START_NS);
	table_hold(&fixture->table, index, CONN_HAS_SOCKET | CONN_IN_FLIGHT);
	assert_true(dialer_again(&fixture->dialer, index));
}

static void use_up_spare_tuples(struct fixture *fixture)
{
	uint64_t ordinal = 0;
	while (tuple_pool_take_spare(&fixture->pool, &ordinal)) {
	}
}

static void advance(struct fixture *fixture)
{
	struct error error = ERROR_INIT;
	assert_int_equal(dialer_advance(&fixture->dialer, START_NS, &error), 0);
}

static void the_dial_before_must_be_idle(void **state)
{
	struct fixture *fixture = *state;
	fail_for_a_tuple_in_use(fixture, 5);
	use_up_spare_tuples(fixture);
	advance(fixture);
	assert_int_equal(table_state(&fixture->table, 5), CONN_DIALING);
	assert_int_equal(dialer_next_ns(&fixture->dialer, START_NS), START_NS);

	table_release(&fixture->table, 5, CONN_IN_FLIGHT);
	advance(fixture);
	assert_int_equal(table_state(&fixture->table, 5), CONN_ERROR);
	assert_int_equal(fixture->result.causes[CAUSE_PORTS_EXHAUSTED].count, 1);
	assert_true(dialer_next_ns(&fixture->dialer, START_NS) == CLOCK_NEVER);
}

static void those_that_have_do_not_wait_for_the_others(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t index = 0; index < CONNECTIONS; index++) {
		fail_for_a_tuple_in_use(fixture, index);
	}
	use_up_spare_tuples(fixture);
	for (uint32_t index = 0; index < CONNECTIONS; index += 2) {
		table_release(&fixture->table, index, CONN_IN_FLIGHT);
	}
	advance(fixture);
	assert_true(fixture->table.by_state[CONN_ERROR] > 0);
	for (uint32_t index = 1; index < CONNECTIONS; index += 2) {
		assert_int_equal(table_state(&fixture->table, index), CONN_DIALING);
		table_release(&fixture->table, index, CONN_IN_FLIGHT);
	}
	for (unsigned turn = 0;
		turn < CONNECTIONS && dialer_next_ns(&fixture->dialer, START_NS) != CLOCK_NEVER;
		turn++) {
		advance(fixture);
	}
	assert_int_equal(fixture->table.by_state[CONN_ERROR], CONNECTIONS);
}

static void without_a_spare_tuple_it_is_not_tried(void **state)
{
	struct fixture *fixture = *state;
	table_dialing(&fixture->table, 3, CLOCK_NEVER, START_NS);
	use_up_spare_tuples(fixture);
	assert_false(dialer_again(&fixture->dialer, 3));
	assert_true(dialer_next_ns(&fixture->dialer, START_NS) == CLOCK_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_dial_before_must_be_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(
			those_that_have_do_not_wait_for_the_others, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_a_spare_tuple_it_is_not_tried, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
