/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/environment.h"
#include "options_fixture.h"

#define VARIABLES_MAX 4

/* An environment, and what came of it. */
struct reading {
	int r;
	struct fixture_settings settings;
	struct origins origins;
	struct error error;
};

static void apply(struct reading *reading, const char *const *given)
{
	char *variables[VARIABLES_MAX + 1] = {NULL};
	for (size_t i = 0; i < VARIABLES_MAX && given[i] != NULL; i++) {
		variables[i] = (char *)given[i];
	}
	reading->error = (struct error)ERROR_INIT;
	options_set_defaults(&fixture_options, &reading->settings);
	reading->r = environment_apply(&fixture_options, variables, &reading->settings,
		&reading->origins, &reading->error);
}

static void assert_refused(const char *variable, int code, const char *message)
{
	struct reading reading = {0};
	apply(&reading, (const char *[]){variable, NULL});
	assert_string_equal(reading.error.text, message);
	assert_int_equal(reading.r, code);
	origins_finish(&reading.origins);
}

static void names_are_those_of_the_options(void **state)
{
	(void)state;
	char name[ENVIRONMENT_NAME_MAX];
	assert_string_equal(
		environment_name(&fixture_rows[FIXTURE_HOLD], name), "TCPGOON_HOLD_TIME");
}

static void values_are_those_of_flags(void **state)
{
	(void)state;
	struct reading reading = {0};
	apply(&reading,
		(const char *[]){"TCPGOON_CONNECTIONS=5k", "HOME=/", "TCPGOON_DEBUG=1",
			"TCPGOON_ORDER=down", NULL});
	assert_string_equal(reading.error.text, "");
	assert_int_equal(reading.settings.connections, 5000);
	assert_true(reading.settings.debug);
	assert_int_equal(reading.settings.order, 1);
	assert_int_equal(reading.settings.hold_ns, 2 * NSEC_PER_SEC);
	assert_int_equal(reading.origins.options[FIXTURE_CONNECTIONS].kind, ORIGIN_ENVIRONMENT);
	assert_string_equal(
		reading.origins.options[FIXTURE_CONNECTIONS].place, "TCPGOON_CONNECTIONS");
	assert_int_equal(reading.origins.options[FIXTURE_HOLD].kind, ORIGIN_DEFAULT);
	origins_finish(&reading.origins);
}

static void values_of_a_repeatable_option_stand_in_lines(void **state)
{
	(void)state;
	struct reading reading = {0};
	apply(&reading, (const char *[]){"TCPGOON_SOURCE=\n10.0.0.1, 10.0.0.2\n\n::1\n", NULL});
	assert_string_equal(reading.error.text, "");
	assert_int_equal(reading.settings.sources.count, 2);
	assert_string_equal(reading.settings.sources.items[0], "10.0.0.1, 10.0.0.2");
	assert_string_equal(reading.settings.sources.items[1], "::1");
	origins_finish(&reading.origins);
}

static void flags_win(void **state)
{
	(void)state;
	struct reading reading = {0};
	reading.origins.options[FIXTURE_CONNECTIONS].kind = ORIGIN_COMMAND_LINE;
	reading.origins.options[FIXTURE_YES].kind = ORIGIN_COMMAND_LINE;
	apply(&reading, (const char *[]){"TCPGOON_CONNECTIONS=many", "TCPGOON_ASSUME_YES=1", NULL});
	assert_string_equal(reading.error.text, "");
	assert_int_equal(reading.settings.connections, 100);
	assert_int_equal(reading.origins.options[FIXTURE_CONNECTIONS].kind, ORIGIN_COMMAND_LINE);
}

static void an_empty_variable_is_not_set(void **state)
{
	(void)state;
	struct reading reading = {0};
	apply(&reading,
		(const char *[]){"TCPGOON_CONNECTIONS=", "TCPGOON_PORT_RANGE=",
			"TCPGOON_ASSUME_YES=", NULL});
	assert_string_equal(reading.error.text, "");
	assert_null(reading.settings.port_range);
	assert_int_equal(reading.origins.options[FIXTURE_PORT_RANGE].kind, ORIGIN_DEFAULT);
}

static void a_wrong_value_is_refused_by_the_name_of_the_variable(void **state)
{
	(void)state;
	assert_refused("TCPGOON_CONNECTIONS=ten", -EINVAL,
		"TCPGOON_CONNECTIONS: 'ten' is not a whole number from 1 to 16777216");
	assert_refused(
		"TCPGOON_DEBUG=maybe", -EINVAL, "TCPGOON_DEBUG: 'maybe' is neither true nor false");
}

static void what_is_deliberate_is_refused(void **state)
{
	(void)state;
	assert_refused("TCPGOON_ASSUME_YES=1", -EINVAL,
		"TCPGOON_ASSUME_YES: is not taken from the environment, where it could be "
		"forgotten: give --assume-yes");
	assert_refused("TCPGOON_CONFIG=a.json", -EINVAL,
		"TCPGOON_CONFIG: is not taken from the environment, where it could be forgotten: "
		"give --config");
}

static void a_slip_of_the_hand_is_refused(void **state)
{
	(void)state;
	assert_refused("TCPGOON_CONECTIONS=5", -EINVAL,
		"TCPGOON_CONECTIONS in the environment sets nothing; did you mean "
		"'TCPGOON_CONNECTIONS'?");
	assert_refused("TCPGOON_HOLDTIME=5", -EINVAL,
		"TCPGOON_HOLDTIME in the environment sets nothing; did you mean "
		"'TCPGOON_HOLD_TIME'?");
}

static void what_resembles_no_option_is_left_alone(void **state)
{
	(void)state;
	static const char *const variables[] = {"TCPGOON_BUILD=x", "TCPGOON_SERVICE_HOST=x",
		"TCPGOON_SERVICE_PORT=80", "TCPGOON_PORT=tcp://10.0.0.1:80",
		"TCPGOON_=", "TCPGOON_X", "TCPGOON_CONN=5", "TCPGOON_HELP=1",
		"TCPGOON=/usr/bin/tcpgoon", "TCPGOON_CONNECTIONS=tcp://10.0.0.1:80"};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		assert_refused(variables[i], 0, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_options),
		cmocka_unit_test(values_are_those_of_flags),
		cmocka_unit_test(values_of_a_repeatable_option_stand_in_lines),
		cmocka_unit_test(flags_win),
		cmocka_unit_test(an_empty_variable_is_not_set),
		cmocka_unit_test(a_wrong_value_is_refused_by_the_name_of_the_variable),
		cmocka_unit_test(what_is_deliberate_is_refused),
		cmocka_unit_test(a_slip_of_the_hand_is_refused),
		cmocka_unit_test(what_resembles_no_option_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
