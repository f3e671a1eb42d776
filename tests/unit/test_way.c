/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/way.h"
#include "scripted_run.h"

static int through_gateway(void *context, const struct address *source, struct route *ret_route)
{
	const struct route *route = context;
	assert_non_null(source); /* the plan's */
	*ret_route = *route;
	return 0;
}

static struct address literal(const char *text)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, 0, &address), 0);
	return address;
}

/* So many dials failed for what is not of this machine. */
static void plan_with_failures(struct scripted_run *run, uint64_t targets, uint64_t failed)
{
	scripted_run_plan(run, &(struct run_layout){.connections = 10, .targets = targets});
	run->result.target = run->plan.targets.list[0];
	run->result.target_count = targets > 1 ? targets : 0;
	run->result.totals.failed = failed;
	run->result.causes[CAUSE_TIMED_OUT].count = failed;
	netstat_init(&run->result.network);
}

static void where_nothing_failed_nothing_is_looked_at(void **state)
{
	struct scripted_run *run = *state;
	struct route route = {.device = 2};
	run->host->find_route = through_gateway;
	run->host->context = &route;
	plan_with_failures(run, 1, 0);
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 0);
	/* Nor where it failed here. */
	run->result.totals.failed = 3;
	run->result.causes[CAUSE_DESCRIPTORS].count = 3;
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 0);
}

static void the_device_and_the_neighbour_of_the_route_are_told(void **state)
{
	struct scripted_run *run = *state;
	struct route route = {.device = 2, .next_hop = literal("192.0.2.254")};
	run->host->find_route = through_gateway;
	run->host->context = &route;
	run->host->device = (struct link_view){.name = "eth7", .state = LINK_NO_CARRIER};
	run->host->neighbour = NEIGHBOUR_SILENT;
	plan_with_failures(run, 1, 4);
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 1);
	const struct way *way = &run->result.ways[0];
	assert_int_equal(way->failed, 4);
	assert_string_equal(way->device.name, "eth7");
	assert_int_equal(way->device.state, LINK_NO_CARRIER);
	assert_int_equal(way->neighbour, NEIGHBOUR_SILENT);
	assert_true(address_same_host(&way->next_hop, &route.next_hop));
	assert_true(address_same_host(&way->target, &run->plan.targets.list[0]));
	assert_false(way->local);
}

static void on_this_host_there_is_no_neighbour(void **state)
{
	struct scripted_run *run = *state;
	struct route route = {.device = 1, .local = true};
	run->host->find_route = through_gateway;
	run->host->context = &route;
	run->host->device_code = -ENODEV;
	run->host->neighbour = NEIGHBOUR_SILENT;
	plan_with_failures(run, 1, 4);
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 1);
	assert_true(run->result.ways[0].local);
	assert_int_equal(run->result.ways[0].neighbour, NEIGHBOUR_UNKNOWN);
	assert_int_equal(run->result.ways[0].device.state, LINK_UNKNOWN);
	assert_string_equal(run->result.ways[0].device.name, "");
}

static void what_the_routes_refuse_has_no_way(void **state)
{
	struct scripted_run *run = *state;
	struct route route = {.refused = ENETUNREACH};
	run->host->find_route = through_gateway;
	run->host->context = &route;
	plan_with_failures(run, 1, 4);
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 0);
}

static void of_several_targets_those_that_failed_are_looked_at(void **state)
{
	struct scripted_run *run = *state;
	struct route route = {.device = 2};
	run->host->find_route = through_gateway;
	run->host->context = &route;
	plan_with_failures(run, 3, 6);
	run->result.targets[1].failed = 6;
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, 1);
	assert_int_equal(address_port(&run->result.ways[0].target), RUN_TARGET_PORT + 1);

	run->result.way_count = 0;
	scripted_run_teardown(state);
	scripted_run_setup(state);
	run = *state;
	run->host->find_route = through_gateway;
	run->host->context = &route;
	plan_with_failures(run, RESULT_WAYS_MAX + 2, 20);
	for (size_t i = 0; i < RESULT_WAYS_MAX + 2; i++) {
		run->result.targets[i].failed = 2;
	}
	ways_look(&run->plan, &run->result);
	assert_int_equal(run->result.way_count, RESULT_WAYS_MAX);
}

static void rules_are_looked_for_where_packets_got_lost_here(void **state)
{
	static const struct {
		enum netstat_counter counter;
		bool looked; /* where it alone grew */
	} rows[] = {
		{NETSTAT_IP_REQUESTS, true},
		{NETSTAT_IP6_REQUESTS, true},
		{NETSTAT_IP_RECEIVES, true},
		{NETSTAT_RETRANSMIT_FAILS, true},
		{NETSTAT_IP_DELIVERS, false},
		{NETSTAT_ACTIVE_OPENS, false},
	};
	struct scripted_run *run = *state;
	run->host->rules[0] = (struct ruleset_match){.count = 1, .text = "rule 3"};
	plan_with_failures(run, 1, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run->result.own_rules[0] = (struct ruleset_match){0};
		netstat_init(&run->result.network);
		run->result.network.values[rows[i].counter] = 5;
		ways_look(&run->plan, &run->result);
		assert_int_equal(run->result.own_rules[0].count, rows[i].looked);
	}
}

static void a_reverse_path_filter_is_found_by_its_counter(void **state)
{
	static const struct host_file all[] = {
		{"/proc/sys/net/ipv4/conf/all/rp_filter", "1\n"}, {NULL, NULL}};
	static const struct host_file loopback[] = {
		{"/proc/sys/net/ipv4/conf/all/rp_filter", "0\n"},
		{"/proc/sys/net/ipv4/conf/lo/rp_filter", "2\n"}, {NULL, NULL}};
	struct scripted_run *run = *state;
	plan_with_failures(run, 1, 4);
	run->host->files = all;
	ways_look(&run->plan, &run->result);
	assert_false(run->result.reverse_path.all); /* nothing was filtered */
	run->result.network.values[NETSTAT_REVERSE_PATH_FILTERED] = 4;
	ways_look(&run->plan, &run->result);
	assert_true(run->result.reverse_path.all);
	run->host->files = loopback;
	run->result.reverse_path = (struct reverse_path){0};
	ways_look(&run->plan, &run->result);
	assert_false(run->result.reverse_path.all);
	assert_string_equal(run->result.reverse_path.device, "lo");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(where_nothing_failed_nothing_is_looked_at),
		CASE(the_device_and_the_neighbour_of_the_route_are_told),
		CASE(on_this_host_there_is_no_neighbour),
		CASE(what_the_routes_refuse_has_no_way),
		CASE(of_several_targets_those_that_failed_are_looked_at),
		CASE(rules_are_looked_for_where_packets_got_lost_here),
		CASE(a_reverse_path_filter_is_found_by_its_counter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
