/* SPDX-License-Identifier: MIT */
/* Groups of a table of 24 connections: two sources of six ports, to two ports of a host in turns. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/grouping.h"
#include "tcpgoon/base/clock.h"

#define CONNECTIONS 24
#define START_NS (9 * NSEC_PER_SEC)

struct fixture {
	struct plan plan;
	struct result result;
	struct table table;
	struct tuple_pool pool;
	uint64_t prepared;
};

static struct address parse(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

static int setup(void **state)
{
	static struct fixture fixture;
	static struct address targets[2];
	static const uint32_t set_of_target[2];
	static uint16_t ports[] = {2000, 2001, 2002, 2003, 2004, 2005};
	const struct port_order order = {.list = ports, .counts = {6}, .count = 6};
	struct plan *plan = &fixture.plan;
	targets[0] = parse("10.0.0.9", 80);
	targets[1] = parse("10.0.0.9", 81);
	const struct source_range range = {.first = parse("10.0.0.1", 0), .count = 2};
	const struct source_set set = {.ranges = &range, .range_count = 1};
	*plan = (struct plan){
		.settings = {.connections = CONNECTIONS},
		.targets = {.list = targets, .count = 2},
	};
	const struct tuples_params params = {
		.targets = &plan->targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = set_of_target,
		.order = &order,
	};
	assert_int_equal(tuples_init(&plan->tuples, &params), 0);
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, CONNECTIONS, START_NS, &fixture.result), 0);
	assert_int_equal(tuple_pool_init(&fixture.pool, plan), 0);
	fixture.prepared = CONNECTIONS;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	tuple_pool_finish(&fixture->pool);
	table_finish(&fixture->table);
	result_finish(&fixture->result);
	tuples_finish(&fixture->plan.tuples);
	return 0;
}

static void establish(struct fixture *fixture, uint32_t index)
{
	table_dialing(&fixture->table, index, CLOCK_NEVER, START_NS);
	table_answered(&fixture->table, index, START_NS);
	table_established(&fixture->table, index);
}

static void reject(struct fixture *fixture, uint32_t index, enum cause cause)
{
	table_dialing(&fixture->table, index, CLOCK_NEVER, START_NS);
	table_failed(&fixture->table, index, cause, 0, START_NS);
}

static const struct failure_groups *make(struct fixture *fixture, enum group_kind kind)
{
	fixture->result.at_end = table_snapshot(&fixture->table, START_NS + NSEC_PER_SEC);
	grouping_make(&fixture->table, &fixture->pool, fixture->prepared);
	return &fixture->result.groups[kind];
}

static void assert_group(
	const struct failure_group *group, const char *source, uint64_t dialed, uint64_t refused)
{
	const struct address expected = parse(source, 0);
	assert_true(address_same_host(&group->address, &expected));
	assert_int_equal(group->dialed, dialed);
	assert_int_equal(group->causes[CAUSE_REFUSED], refused);
}

static void without_failures_there_are_none(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		establish(fixture, i);
	}
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		assert_int_equal(make(fixture, (enum group_kind)i)->count, 0);
	}
}

/* The second half is the second source's; ports take turns. */
static void failures_go_to_their_source_and_port(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		if (i >= 15 && i % 2 == 1) {
			reject(fixture, i, CAUSE_REFUSED);
		} else {
			establish(fixture, i);
		}
	}
	const struct failure_groups *sources = make(fixture, GROUP_SOURCE);
	assert_int_equal(sources->count, 1);
	assert_group(&sources->list[0], "10.0.0.2", 12, 5);
	assert_int_equal(sources->list[0].first_rejected, 15);
	assert_int_equal(sources->list[0].before_rejected, 3);
	const struct failure_groups *ports = &fixture->result.groups[GROUP_PORT];
	assert_int_equal(ports->count, 1);
	assert_int_equal(address_port(&ports->list[0].address), 81);
	assert_int_equal(ports->list[0].dialed, 12);
	assert_int_equal(ports->list[0].before_rejected, 7);
	/* Of one family: it tells nothing apart. */
	assert_int_equal(fixture->result.groups[GROUP_FAMILY].count, 0);
}

static void what_failed_here_is_listed_and_not_rejected(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		if (i < 12) {
			table_failed(
				&fixture->table, i, CAUSE_PORTS_EXHAUSTED, EADDRINUSE, START_NS);
		} else {
			establish(fixture, i);
		}
	}
	const struct failure_groups *sources = make(fixture, GROUP_SOURCE);
	assert_int_equal(sources->count, 1);
	assert_group(&sources->list[0], "10.0.0.1", 12, 0);
	assert_int_equal(sources->list[0].causes[CAUSE_PORTS_EXHAUSTED], 12);
	assert_true(sources->list[0].first_rejected == RESULT_UNKNOWN);
}

/* Of a run that ended early: one was never begun, another is undecided. */
static void only_what_was_dialled_counts(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		if (i == 20) {
			reject(fixture, i, CAUSE_REFUSED);
		} else if (i == 21) {
			table_dialing(&fixture->table, i, CLOCK_NEVER, START_NS);
		} else if (i != 22) {
			establish(fixture, i);
		}
	}
	const struct failure_groups *sources = make(fixture, GROUP_SOURCE);
	assert_group(&sources->list[0], "10.0.0.2", 11, 1);
	assert_int_equal(sources->list[0].undecided, 1);
	const struct failure_group *port = &fixture->result.groups[GROUP_PORT].list[0];
	assert_int_equal(port->dialed, 11); /* 22 is never begun, 21 is of the other port */
	assert_int_equal(port->undecided, 0);
}

static void more_groups_than_the_list_holds(void **state)
{
	struct fixture *fixture = *state;
	struct tuples *tuples = &fixture->plan.tuples;
	tuples->port_auto = true;
	table_finish(&fixture->table);
	const uint32_t most = 2 * (RESULT_GROUPS_MAX + 5);
	tuples->ranges[0].count = most;
	tuples->source_count = most;
	assert_int_equal(table_init(&fixture->table, most, START_NS, &fixture->result), 0);
	fixture->prepared = most;
	for (uint32_t i = 0; i < most; i++) {
		reject(fixture, i, CAUSE_REFUSED);
	}
	const struct failure_groups *sources = make(fixture, GROUP_SOURCE);
	assert_int_equal(sources->count, RESULT_GROUPS_MAX);
	assert_group(&sources->list[1], "10.0.0.2", 2, 2);
	assert_int_equal(sources->unlisted, 10);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_failures_there_are_none),
		TEST(failures_go_to_their_source_and_port),
		TEST(what_failed_here_is_listed_and_not_rejected),
		TEST(only_what_was_dialled_counts),
		TEST(more_groups_than_the_list_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
