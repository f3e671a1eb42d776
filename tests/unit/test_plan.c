/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

static const char *const two_hosts[] = {"192.0.2.9", "198.51.100.9", NULL};

/* Of the second host no route is known. */
static int find_route(void *context, const struct address *source, struct route *ret_route)
{
	const struct address *unreachable = context;
	assert_non_null(source);
	ret_route->refused = address_same_host(source, unreachable) ? ENETUNREACH : 0;
	return 0;
}

static int make(struct scripted_run *run, const struct settings *settings, struct plan **ret_plan)
{
	run->host->names = two_hosts;
	run->host->find_route = find_route;
	assert_int_equal(address_parse_literal("192.0.2.9", 0, &run->host->here), 0);
	return plan_create(settings, NULL, ret_plan, &run->error);
}

static struct address literal(const char *text)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, 0, &address), 0);
	return address;
}

static void assert_target(const struct plan *plan, size_t i, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];
	assert_true(i < plan->targets.count);
	assert_string_equal(address_format(&plan->targets.list[i], text), expected);
}

static void the_first_address_is_dialled_on_all_ports(void **state)
{
	struct scripted_run *run = *state;
	struct address nowhere = literal("203.0.113.1");
	run->host->context = &nowhere;
	const struct settings settings = {
		.host = "name", .ports = "80,81", .connections = 10, .sleep_ns = 5};
	struct plan *plan = NULL;
	assert_int_equal(make(run, &settings, &plan), 0);
	assert_int_equal(plan->targets.count, 2);
	assert_target(plan, 0, "192.0.2.9:80");
	assert_target(plan, 1, "192.0.2.9:81");
	assert_int_equal(plan->candidates.count, 2);
	assert_int_equal(plan->schedule.span_ns, 5);
	assert_true(plan->target_is_here);
	assert_int_equal(plan->routeless, 0);
	assert_true(tuples_capacity(&plan->tuples) >= 10);
	plan_destroy(plan);
}

static void the_schedule_is_that_of_the_pace_asked(void **state)
{
	struct scripted_run *run = *state;
	struct address nowhere = literal("203.0.113.1");
	run->host->context = &nowhere;
	struct settings settings = {.host = "name", .ports = "80", .connections = 10, .rate = "4"};
	struct plan *plan = NULL;
	assert_int_equal(make(run, &settings, &plan), 0);
	assert_int_equal(schedule_due_ns(&plan->schedule, 3), UINT64_C(750000000));
	plan_destroy(plan);
	settings.rate = "four";
	assert_int_equal(make(run, &settings, &plan), -EINVAL);
}

static void another_address_can_be_chosen_afterwards(void **state)
{
	struct scripted_run *run = *state;
	struct address unreachable = literal("198.51.100.9");
	run->host->context = &unreachable;
	const struct settings settings = {.host = "name", .ports = "80-82", .connections = 10};
	struct plan *plan = NULL;
	assert_int_equal(make(run, &settings, &plan), 0);
	assert_int_equal(plan->routeless, 0);
	assert_int_equal(plan_choose(plan, 1, &run->error), 0);
	assert_int_equal(plan->targets.count, 3);
	assert_target(plan, 2, "198.51.100.9:82");
	assert_false(plan->target_is_here);
	assert_int_equal(plan->routeless, 3); /* its ports share the route */
	plan_destroy(plan);
}

static void all_addresses_are_dialled_where_that_is_asked_for(void **state)
{
	struct scripted_run *run = *state;
	struct address unreachable = literal("198.51.100.9");
	run->host->context = &unreachable;
	const struct settings settings = {
		.host = "name", .ports = "80,81", .connections = 10, .resolve_mode = RESOLVE_ALL};
	struct plan *plan = NULL;
	assert_int_equal(make(run, &settings, &plan), 0);
	assert_int_equal(plan->targets.count, 4);
	assert_int_equal(plan->routeless, 2);
	plan_destroy(plan);
}

static void what_is_wrong_with_the_ports_is_said_before_a_look_up(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {.host = "name", .ports = "eighty", .connections = 10};
	struct plan *plan = NULL;
	run->host->resolve_code = -ENOENT;
	assert_int_equal(make(run, &settings, &plan), -EINVAL);
	assert_non_null(strstr(run->error.text, "eighty"));
	assert_null(plan);
}

static void without_an_address_there_is_no_plan(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {.host = "name", .ports = "80", .connections = 10};
	struct plan *plan = NULL;
	run->host->resolve_code = -ENOENT;
	assert_int_equal(make(run, &settings, &plan), -ENOENT);
	assert_string_equal(run->error.text, "no such name");
	assert_null(plan);
}

static void nor_with_a_source_that_cannot_be_used(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {
		.host = "name", .ports = "80", .connections = 10, .sources = {{"192.0.2.1"}, 1}};
	struct plan *plan = NULL;
	assert_int_equal(make(run, &settings, &plan), -EINVAL);
	assert_non_null(strstr(run->error.text, "192.0.2.1 cannot be a source on this host"));
	assert_null(plan);
}

static void nothing_can_be_destroyed_as_well(void **state)
{
	(void)state;
	plan_destroy(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_address_is_dialled_on_all_ports),
		CASE(the_schedule_is_that_of_the_pace_asked),
		CASE(another_address_can_be_chosen_afterwards),
		CASE(all_addresses_are_dialled_where_that_is_asked_for),
		CASE(what_is_wrong_with_the_ports_is_said_before_a_look_up),
		CASE(without_an_address_there_is_no_plan),
		CASE(nor_with_a_source_that_cannot_be_used),
		CASE(nothing_can_be_destroyed_as_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
