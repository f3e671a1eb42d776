/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/pacing.h"
#include "tcpgoon/base/clock.h"

struct fixture {
	struct command_line line;
	struct settings settings;
	struct error error;
};

/* As 'run' has them by default. */
static void begin(struct fixture *fixture)
{
	*fixture =
		(struct fixture){.settings = {.connections = 100, .sleep_ns = 10 * NSEC_PER_MSEC}};
}

static void give(struct fixture *fixture, const char *name)
{
	size_t index;
	assert_true(options_find(&command_run.options, name, strlen(name), &index));
	fixture->line.origins.options[index].kind = ORIGIN_ENVIRONMENT;
}

static int settle(struct fixture *fixture)
{
	fixture->error = (struct error)ERROR_INIT;
	return pacing_settle(&command_run, &fixture->line, &fixture->settings, &fixture->error);
}

static void a_ramp_says_how_many(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.settings.ramps = (struct text_list){.items = {"0:2000:10s"}, .count = 1};
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.connections, 10000);
	give(&fixture, "connections");
	fixture.settings.connections = 9999;
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.connections, 9999);
	fixture.settings.connections = 10001;
	assert_int_equal(settle(&fixture), -ERANGE);
	assert_string_equal(fixture.error.text,
		"--connections: 10,001 are more than the 10,000 that the stages of --ramp dial: "
		"give fewer or none, or a longer ramp");
}

static void a_ramp_has_no_more_than_a_run_can_have(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.settings.ramps = (struct text_list){.items = {"0:1m:1h"}, .count = 1};
	assert_int_equal(settle(&fixture), -ERANGE);
	assert_non_null(strstr(fixture.error.text, "--ramp: its stages dial 1,800,000,000 "));
	give(&fixture, "connections");
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.connections, 100);
}

static void a_sleep_that_was_given_excludes_the_others(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	fixture.settings.rate = "5";
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.connections, 100);
	give(&fixture, "sleep");
	assert_int_equal(settle(&fixture), -EINVAL);
	assert_string_equal(
		fixture.error.text, "--sleep and --rate both set the pace: give one of them");
	fixture.settings.rate = NULL;
	fixture.settings.ramps = (struct text_list){.items = {"0:5:1s"}, .count = 1};
	assert_int_equal(settle(&fixture), -EINVAL);
	assert_string_equal(
		fixture.error.text, "--sleep and --ramp both set the pace: give one of them");
	fixture.settings.ramps.count = 0;
	fixture.settings.burst = 5;
	assert_int_equal(settle(&fixture), 0);
}

static void a_start_is_to_come(void **state)
{
	(void)state;
	struct fixture fixture;
	char soon[32];
	begin(&fixture);
	snprintf(soon, sizeof(soon), "%llu.5",
		(unsigned long long)(clock_wall_ns() / NSEC_PER_SEC + 3600));
	fixture.settings.start_at = soon;
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.start_at_ns % NSEC_PER_SEC, NSEC_PER_SEC / 2);
	assert_in_range(fixture.settings.start_at_ns - clock_wall_ns(), 3590 * NSEC_PER_SEC,
		3601 * NSEC_PER_SEC);
	static const char *const past[] = {"0", "1", "2024-01-31T12:00:00Z"};
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		fixture.settings.start_at = past[i];
		assert_int_equal(settle(&fixture), -ETIME);
		assert_non_null(strstr(fixture.error.text, "ago: give an instant to come"));
	}
	fixture.settings.start_at = "9999-01-01T00:00:00Z";
	assert_int_equal(settle(&fixture), -ERANGE);
	fixture.settings.start_at = "soon";
	assert_int_equal(settle(&fixture), -EINVAL);
	assert_true(strncmp(fixture.error.text, "--start-at: 'soon' is not", 25) == 0);
	fixture.settings.start_at = NULL;
	assert_int_equal(settle(&fixture), 0);
	assert_int_equal(fixture.settings.start_at_ns, 0);
}

static void no_pace_takes_longer_than_a_year(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct settings settings = {.connections = 31537, .rate = "0.001"};
	assert_int_equal(pacing_check_length(&settings, &error), 0);
	settings.connections++; /* a thousand seconds more than a year */
	assert_int_equal(pacing_check_length(&settings, &error), -ERANGE);
	settings.connections = 1000000;
	assert_int_equal(pacing_check_length(&settings, &error), -ERANGE);
	assert_true(strncmp(error.text, "--rate: the last of 1000000", 27) == 0);
	settings = (struct settings){.connections = SETTINGS_CONNECTIONS_MAX,
		.sleep_ns = 3600 * NSEC_PER_SEC,
		.burst = 2000};
	assert_int_equal(pacing_check_length(&settings, &error), 0);
	settings.burst = 1000;
	assert_int_equal(pacing_check_length(&settings, &error), -ERANGE);
	assert_non_null(strstr(error.text, "--sleep: with 1h0m0s between 16778 bursts"));
	settings = (struct settings){.connections = 13,
		.ramps = {.items = {"0.000001:0:720h", "0:0:720h", "0:0:720h", "0:0:720h",
				  "0:0:720h", "0:0:720h", "0:0:720h", "0:0:720h", "0:0:720h",
				  "0:0:720h", "0:0:720h", "0:0:720h", "0:0:720h", "1:1:1h"},
			.count = 14}};
	assert_int_equal(pacing_check_length(&settings, &error), -ERANGE);
	assert_true(strncmp(error.text, "--ramp", 6) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ramp_says_how_many),
		cmocka_unit_test(a_ramp_has_no_more_than_a_run_can_have),
		cmocka_unit_test(a_sleep_that_was_given_excludes_the_others),
		cmocka_unit_test(a_start_is_to_come),
		cmocka_unit_test(no_pace_takes_longer_than_a_year),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
