/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/result.h"

static int setup(void **state)
{
	static struct result result;
	assert_int_equal(result_init(&result), 0);
	*state = &result;
	return 0;
}

static int teardown(void **state)
{
	result_finish(*state);
	return 0;
}

/* As the demo's port, which lies on a stack that is left before the report is written. */
static void the_settings_outlive_those_of_the_caller(void **state)
{
	struct result *result = *state;
	char host[] = "example.org", ports[] = "80", source_port[] = "auto", source[] = "192.0.2.1";
	char rate[] = "5", start_at[] = "1706702400";
	char fail_if[] = "errors>1%", abort_if[] = "drops>9";
	struct settings settings = {
		.host = host,
		.ports = ports,
		.connections = 7,
		.rate = rate,
		.sleep_ns = 1,
		.start_at = start_at,
		.dial_timeout_ns = 2,
		.hold_ns = 3,
		.close_mode = CLOSE_RST,
		.resolve_mode = RESOLVE_ALL,
		.only_ipv6 = true,
		.sources = {.items = {source}, .count = 1},
		.source_port = source_port,
		.fail_if = {.items = {fail_if}, .count = 1},
		.abort_if = {.items = {abort_if}, .count = 1},
		.force = true,
	};
	assert_int_equal(result_set_settings(result, &settings), 0);
	char *const given[] = {host, ports, source_port, source, fail_if, abort_if, rate, start_at};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		memset(given[i], 'x', strlen(given[i]));
	}
	memset(&settings, 0, sizeof(settings));
	const struct result_settings *kept = &result->settings;
	assert_string_equal(kept->host, "example.org");
	assert_string_equal(kept->ports, "80");
	assert_string_equal(kept->source_port, "auto");
	assert_int_equal(kept->sources.count, 1);
	assert_string_equal(kept->sources.items[0], "192.0.2.1");
	assert_string_equal(kept->fail_if.items[0], "errors>1%");
	assert_string_equal(kept->abort_if.items[0], "drops>9");
	assert_int_equal(kept->connections, 7);
	assert_string_equal(kept->rate, "5");
	assert_string_equal(kept->start_at, "1706702400");
	assert_int_equal(kept->sleep_ns, 1);
	assert_true(result_pace_asked(result) == 5);
	assert_int_equal(kept->dial_timeout_ns, 2);
	assert_int_equal(kept->hold_ns, 3);
	assert_int_equal(kept->close_mode, CLOSE_RST);
	assert_int_equal(kept->resolve_mode, RESOLVE_ALL);
	assert_true(kept->only_ipv6 && !kept->only_ipv4 && kept->force);
}

/* A run that is declined after it was described: what was kept first is not leaked. */
static void settings_can_be_set_again(void **state)
{
	struct result *result = *state;
	const struct settings first = {.host = "first", .ports = "80"};
	const struct settings second = {.host = "second"};
	assert_int_equal(result_set_settings(result, &first), 0);
	assert_int_equal(result_set_settings(result, &second), 0);
	assert_string_equal(result->settings.host, "second");
	assert_null(result->settings.ports);
}

static void the_rate_is_of_the_dials_between_the_first_and_the_last(void **state)
{
	struct result *result = *state;
	result->totals.dialed = 101;
	result->generator.last_dial_ns = NSEC_PER_SEC;
	assert_true(result_dial_rate(result) == 100);
	result->generator.last_dial_ns = GENERATOR_RATE_MIN_NS - 1;
	assert_true(result_dial_rate(result) == 0);
	result->totals.dialed = 1;
	result->generator.last_dial_ns = NSEC_PER_SEC;
	assert_true(result_dial_rate(result) == 0);
}

static void a_cpu_share_of_a_moment_is_not_known(void **state)
{
	struct result *result = *state;
	assert_false(result_knows_cpu_share(result));
	result->dialing_ns = GENERATOR_CPU_MIN_NS - 1;
	assert_false(result_knows_cpu_share(result));
	result->dialing_ns = GENERATOR_CPU_MIN_NS;
	result->generator.cpu_ns = GENERATOR_CPU_MIN_NS / 4;
	assert_true(result_knows_cpu_share(result));
	assert_true(result_cpu_share(result) == 0.25);
}

static void what_was_accepted_is_what_the_listener_or_data_tell(void **state)
{
	struct result *result = *state;
	result->at_end.established = 100;
	result->totals.dropped = 5;
	result->received_from = 12;
	assert_int_equal(result_accepted_at_least(result), 7); /* five may have ended since */
	result->listener.known_at_end = true;
	result->listener.queued_at_end = 30;
	assert_int_equal(result_accepted_at_least(result), 70);
	result->kernel.possible = true;
	result->kernel.not_accepted = 40;
	assert_int_equal(result_accepted_at_least(result), 60);
	result->target_count = 2; /* it is the listener of one of them */
	assert_int_equal(result_accepted_at_least(result), 7);
}

static void groups_are_named_by_what_they_share(void **state)
{
	(void)state;
	struct failure_group group = {0};
	char value[ADDRESS_TEXT_MAX];
	assert_int_equal(address_parse_literal("2001:db8::1", 443, &group.address), 0);
	assert_string_equal(group_kind_name(GROUP_SOURCE), "source");
	assert_string_equal(group_kind_name(GROUP_FAMILY), "family");
	assert_string_equal(group_kind_name(GROUP_PORT), "port");
	assert_string_equal(failure_group_value(GROUP_SOURCE, &group, value), "2001:db8::1");
	assert_string_equal(failure_group_value(GROUP_FAMILY, &group, value), "IPv6");
	assert_string_equal(failure_group_value(GROUP_PORT, &group, value), "443");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_settings_outlive_those_of_the_caller),
		TEST(settings_can_be_set_again),
		TEST(the_rate_is_of_the_dials_between_the_first_and_the_last),
		TEST(a_cpu_share_of_a_moment_is_not_known),
		TEST(what_was_accepted_is_what_the_listener_or_data_tell),
		TEST(groups_are_named_by_what_they_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
