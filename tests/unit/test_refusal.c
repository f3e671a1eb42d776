/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/refusal.h"
#include "scripted_run.h"

static struct address literal(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

/* What the routes say of the dial's source, and without one. */
struct routes {
	int code; /* they could not be asked */
	int refused;
	int refused_without_source;
};

static int find_route(void *context, const struct address *source, struct route *ret_route)
{
	const struct routes *routes = context;
	ret_route->refused = source == NULL ? routes->refused_without_source : routes->refused;
	return routes->code;
}

static enum cause cause_with(
	struct scripted_run *run, int error_number, bool bound, const struct routes *routes)
{
	struct refusals refusals;
	const struct address target = literal("192.0.2.9", 80);
	struct tuple tuple = {.target = &target};
	if (bound) {
		tuple.source = literal("192.0.2.1", 20000);
	}
	struct routes own = *routes;
	run->host->find_route = find_route;
	run->host->context = &own;
	run->result.refusal_count = 0;
	refusals_init(&refusals, &run->result);
	return refusals_cause(&refusals, &tuple, error_number);
}

static void only_what_this_machine_says_too_is_looked_into(void **state)
{
	(void)state;
	const struct address target = literal("192.0.2.9", 80);
	const struct tuple bound = {.source = literal("192.0.2.1", 20000), .target = &target};
	const struct tuple unbound = {.target = &target};
	static const int possible[] = {ENETUNREACH, EHOSTUNREACH, EACCES, EPERM, EINVAL};
	for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++) {
		assert_true(refusals_is_possible(&bound, possible[i]));
		assert_true(refusals_is_possible(&unbound, possible[i]));
	}
	assert_false(refusals_is_possible(&bound, ECONNREFUSED));
	assert_false(refusals_is_possible(&bound, ETIMEDOUT));
	/* Of a bound one, its tuple is taken. */
	assert_false(refusals_is_possible(&bound, EADDRNOTAVAIL));
	assert_true(refusals_is_possible(&unbound, EADDRNOTAVAIL));
}

static void a_route_that_refuses_is_named(void **state)
{
	struct scripted_run *run = *state;
	run->host->refuser = "route prohibit 192.0.2.0/24";
	const struct routes routes = {.refused = EACCES};
	assert_int_equal(cause_with(run, EACCES, true, &routes), CAUSE_ROUTE_REFUSES);
	assert_string_equal(run->result.refusals[0].by, "route prohibit 192.0.2.0/24");
}

static void without_any_route_a_device_that_is_down_is_named(void **state)
{
	struct scripted_run *run = *state;
	const struct routes routes = {.refused = ENETUNREACH};
	assert_int_equal(cause_with(run, ENETUNREACH, true, &routes), CAUSE_NO_ROUTE);
	assert_string_equal(run->result.refusals[0].down, "");
	run->host->device_down = "eth7";
	assert_int_equal(cause_with(run, ENETUNREACH, true, &routes), CAUSE_NO_ROUTE);
	assert_string_equal(run->result.refusals[0].down, "eth7");
	/* A blackhole says the same errno, and is found in the table. */
	run->host->refuser = "route blackhole 192.0.2.0/24";
	assert_int_equal(cause_with(run, ENETUNREACH, true, &routes), CAUSE_ROUTE_REFUSES);
	assert_string_equal(run->result.refusals[0].down, "");
}

static void a_source_that_alone_is_refused_is_why(void **state)
{
	struct scripted_run *run = *state;
	const struct routes with_source = {.refused = EINVAL};
	assert_int_equal(cause_with(run, EINVAL, true, &with_source), CAUSE_SOURCE_INVALID);
	const struct routes always = {.refused = EINVAL, .refused_without_source = EINVAL};
	assert_int_equal(cause_with(run, EINVAL, true, &always), CAUSE_ROUTE_REFUSES);
	assert_int_equal(cause_with(run, EINVAL, false, &always), CAUSE_ROUTE_REFUSES);
}

static void where_the_routes_do_not_refuse_the_errno_tells(void **state)
{
	struct scripted_run *run = *state;
	const struct routes open = {0};
	assert_int_equal(cause_with(run, EACCES, true, &open), CAUSE_NOT_PERMITTED);
	assert_int_equal(cause_with(run, EINVAL, true, &open), CAUSE_SOURCE_INVALID);
	assert_int_equal(cause_with(run, ENETUNREACH, true, &open), CAUSE_NO_ROUTE);
	/* A security module is no route, whatever these say. */
	const struct routes refusing = {.refused = EACCES};
	assert_int_equal(cause_with(run, EPERM, true, &refusing), CAUSE_NOT_PERMITTED);
	const struct routes unknown = {.code = -EOPNOTSUPP};
	assert_int_equal(cause_with(run, EHOSTUNREACH, true, &unknown), CAUSE_NO_ROUTE);
}

static void security_modules_are_named(void **state)
{
	static const struct host_file files[] = {
		{"/sys/kernel/security/lsm", "landlock,selinux\n"}, {NULL, NULL}};
	static const struct host_file none[] = {{"/sys/kernel/security/lsm", NULL}, {NULL, NULL}};
	struct scripted_run *run = *state;
	const struct routes open = {0};
	run->host->files = files;
	cause_with(run, EPERM, true, &open);
	assert_string_equal(run->result.refusals[0].by, "landlock,selinux");
	run->host->files = none;
	cause_with(run, EPERM, true, &open);
	assert_string_equal(run->result.refusals[0].by, "");
}

static void without_a_source_of_its_own_the_ports_may_be_used_up(void **state)
{
	struct scripted_run *run = *state;
	const struct routes open = {0};
	assert_int_equal(cause_with(run, EADDRNOTAVAIL, false, &open), CAUSE_PORTS_EXHAUSTED);
	run->host->preferred_code = -ENETUNREACH;
	assert_int_equal(cause_with(run, EADDRNOTAVAIL, false, &open), CAUSE_SOURCE_INVALID);
}

static void those_of_one_source_and_target_are_one_kind(void **state)
{
	struct scripted_run *run = *state;
	struct refusals refusals;
	struct result *result = &run->result;
	const struct address target = literal("192.0.2.9", 80);
	const struct address other_port = literal("192.0.2.9", 81);
	refusals_init(&refusals, result);
	struct tuple tuple = {.source = literal("192.0.2.1", 20000), .target = &target};
	for (unsigned i = 0; i < 5; i++) {
		address_set_port(&tuple.source, (uint16_t)(20000 + i));
		refusals_cause(&refusals, &tuple, EPERM);
	}
	assert_int_equal(result->refusal_count, 1);
	assert_int_equal(result->refusals[0].count, 5);
	assert_int_equal(result->refusals[0].error_number, EPERM);
	refusals_cause(&refusals, &tuple, EACCES);
	assert_int_equal(result->refusal_count, 2);
	tuple.target = &other_port;
	refusals_cause(&refusals, &tuple, EPERM);
	assert_int_equal(result->refusal_count, 3);
	tuple.source = literal("192.0.2.2", 20000);
	refusals_cause(&refusals, &tuple, EPERM);
	assert_int_equal(result->refusal_count, 4);
	tuple.source = (struct address){0};
	refusals_cause(&refusals, &tuple, EPERM);
	assert_int_equal(result->refusal_count, 5);
	assert_int_equal(result->refusals[0].count, 5);
}

static void of_too_many_kinds_only_the_causes_are_told(void **state)
{
	struct scripted_run *run = *state;
	struct refusals refusals;
	const struct address target = literal("192.0.2.9", 80);
	refusals_init(&refusals, &run->result);
	for (unsigned i = 0; i < RESULT_REFUSALS_MAX + 3; i++) {
		const struct address first = literal("192.0.2.1", 0);
		struct tuple tuple = {.source = address_plus(&first, i), .target = &target};
		assert_int_equal(refusals_cause(&refusals, &tuple, EPERM), CAUSE_NOT_PERMITTED);
	}
	assert_int_equal(run->result.refusal_count, RESULT_REFUSALS_MAX);
}

static void an_address_of_this_host_is_known_by_its_routes(void **state)
{
	struct scripted_run *run = *state;
	struct refusals refusals;
	const struct address here = literal("192.0.2.1", 0);
	const struct address router = literal("192.0.2.254", 0);
	const struct address six = literal("2001:db8::1", 0);
	refusals_init(&refusals, &run->result);
	run->host->here = here;
	assert_true(refusals_is_here(&refusals, &here));
	assert_true(refusals_is_here(&refusals, &here));
	assert_false(refusals_is_here(&refusals, &router));
	assert_false(refusals_is_here(&refusals, &six));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_what_this_machine_says_too_is_looked_into),
		CASE(a_route_that_refuses_is_named),
		CASE(without_any_route_a_device_that_is_down_is_named),
		CASE(a_source_that_alone_is_refused_is_why),
		CASE(where_the_routes_do_not_refuse_the_errno_tells),
		CASE(security_modules_are_named),
		CASE(without_a_source_of_its_own_the_ports_may_be_used_up),
		CASE(those_of_one_source_and_target_are_one_kind),
		CASE(of_too_many_kinds_only_the_causes_are_told),
		CASE(an_address_of_this_host_is_known_by_its_routes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
