/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"
#include "options_fixture.h"

/* A file, and what came of it. */
struct reading {
	int r;
	char path[32];
	struct fixture_settings settings;
	struct origins origins;
	struct error error;
};

static void read_text(struct reading *reading, const char *text, size_t length)
{
	strcpy(reading->path, "/tmp/test_config.XXXXXX");
	int fd = mkstemp(reading->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), (ssize_t)length);
	close(fd);
	reading->error = (struct error)ERROR_INIT;
	reading->origins.file = reading->path;
	options_set_defaults(&fixture_options, &reading->settings);
	size_t config;
	assert_true(options_find(&fixture_options, "config", strlen("config"), &config));
	reading->origins.options[config].kind = ORIGIN_COMMAND_LINE; /* where the path is from */
	reading->r = config_apply(
		&fixture_options, true, &reading->settings, &reading->origins, &reading->error);
	unlink(reading->path);
}

static void accept_text(struct reading *reading, const char *text)
{
	read_text(reading, text, strlen(text));
	assert_string_equal(reading->error.text, "");
	assert_int_equal(reading->r, 0);
}

/* The message has the path of the file before `message`. */
static void assert_refused(const char *text, const char *message)
{
	struct reading reading = {0};
	read_text(&reading, text, strlen(text));
	char wanted[300];
	snprintf(wanted, sizeof(wanted), "%s%s", reading.path, message);
	assert_string_equal(reading.error.text, wanted);
	assert_int_equal(reading.r < 0, 1);
	origins_finish(&reading.origins);
}

static void each_kind_has_its_type(void **state)
{
	(void)state;
	struct reading reading = {0};
	accept_text(&reading,
		"{\"connections\": 5000, \"hold-time\": \"250ms\", \"debug\": true,\n"
		" \"assume-yes\": true, \"port-range\": \"1-2\", \"order\": \"down\",\n"
		" \"source\": [\"10.0.0.1\", \"::1\"]}");
	assert_int_equal(reading.settings.connections, 5000);
	assert_int_equal(reading.settings.hold_ns, 250 * NSEC_PER_MSEC);
	assert_true(reading.settings.debug);
	assert_true(reading.settings.yes);
	assert_string_equal(reading.settings.port_range, "1-2");
	assert_int_equal(reading.settings.order, 1);
	assert_int_equal(reading.settings.sources.count, 2);
	assert_string_equal(reading.settings.sources.items[1], "::1");
	for (size_t i = 0; i <= FIXTURE_ORDER; i++) {
		assert_int_equal(reading.origins.options[i].kind, ORIGIN_FILE);
		assert_string_equal(reading.origins.options[i].place, reading.path);
	}
	origins_finish(&reading.origins);
}

static void numbers_and_suffixes_are_those_of_flags(void **state)
{
	(void)state;
	struct reading reading = {0};
	accept_text(&reading,
		"{\"connections\": \"5k\", \"hold-time\": 1.5, \"source\": \"::1\", "
		"\"debug\": false}");
	assert_int_equal(reading.settings.connections, 5000);
	assert_int_equal(reading.settings.hold_ns, 1500 * NSEC_PER_MSEC);
	assert_int_equal(reading.settings.sources.count, 1);
	assert_false(reading.settings.debug);
	origins_finish(&reading.origins);
}

static void what_is_set_already_wins(void **state)
{
	(void)state;
	struct reading reading = {0};
	reading.origins.options[FIXTURE_SOURCE].kind = ORIGIN_ENVIRONMENT;
	accept_text(&reading, "{\"source\": [\"::1\"], \"order\": \"down\"}");
	assert_int_equal(reading.settings.sources.count, 0);
	assert_int_equal(reading.origins.options[FIXTURE_SOURCE].kind, ORIGIN_ENVIRONMENT);
	assert_int_equal(reading.settings.order, 1);
	origins_finish(&reading.origins);
}

static void the_target_may_stand_in_it(void **state)
{
	(void)state;
	struct reading reading = {0};
	accept_text(&reading, "{\"host\": \"example.org\", \"port\": 443}");
	assert_string_equal(reading.origins.target[0], "example.org");
	assert_string_equal(reading.origins.target[1], "443");
	origins_finish(&reading.origins);
	assert_refused("{\"host\": 5}", ":1: host: expected a string, and not a number");
	assert_refused("{\n\"port\": 1.5}",
		":2: port: expected a string or a whole number, and not a number");
}

static void a_wrong_value_is_named_with_its_line(void **state)
{
	(void)state;
	assert_refused("{\"debug\": true,\n \"connections\": \"ten\"}",
		":2: connections: 'ten' is not a whole number from 1 to 16777216");
	assert_refused("{\"connections\": 2e10}",
		":1: connections: '20000000000' is not in the range from 1 to 16777216");
	assert_refused("{\"connections\": 0}",
		":1: connections: '0' is not in the range from 1 to 16777216");
	assert_refused(
		"{\"debug\": \"true\"}", ":1: debug: expected true or false, and not a string");
	assert_refused("{\"hold-time\": null}",
		":1: hold-time: expected a string or a number, and not null");
	assert_refused("{\"order\": 1}", ":1: order: expected a string, and not a number");
	assert_refused(
		"{\"source\": [\"::1\", [1]]}", ":1: source: expected a string, and not an array");
	assert_refused("{\"config\": \"other.json\"}",
		":1: config: may be given on the command line only");
	assert_refused("{\"help\": true}", ":1: help: may be given on the command line only");
}

static void an_unknown_name_is_refused(void **state)
{
	(void)state;
	assert_refused("{\n\n\"conections\": 5}",
		":3: there is no setting 'conections'; did you mean 'connections'?");
	assert_refused("{\"nonsense\": 5}", ":1: there is no setting 'nonsense'");
	/* The text of a value is not its name, and a name with escapes has no line. */
	assert_refused("{\"port-range\": \"y\\\"x\",\n\"y\": 1}", ":2: there is no setting 'y'");
	assert_refused("{\"port-range\": \"zz\", \"\\u007az\": 1}", ": there is no setting 'zz'");
}

static void only_an_object_is_accepted(void **state)
{
	(void)state;
	assert_refused("[]", ": expected an object such as {\"hold\": \"5s\"}, and not an array");
	assert_refused("{\"debug\": true,\n  }", ":2:3: string or '}' expected near '}'");
	assert_refused("", ":1:0: '[' or '{' expected near end of file");
	assert_refused("{\"debug\": true, \"debug\": true}",
		":1:23: duplicate object key near '\"debug\"'");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	struct fixture_settings settings;
	struct origins origins = {.file = "/nonexistent/a.json"};
	struct error error = ERROR_INIT;
	assert_int_equal(
		config_apply(&fixture_options, true, &settings, &origins, &error), -ENOENT);
	assert_string_equal(error.text,
		"--config: '/nonexistent/a.json' cannot be read: No such file or directory");
	origins.file = "/tmp";
	assert_int_equal(config_apply(&fixture_options, true, &settings, &origins, &error), -EIO);
	assert_string_equal(error.text, "--config: '/tmp' cannot be read: Is a directory");
	origins.file = "/dev/zero";
	assert_int_equal(config_apply(&fixture_options, true, &settings, &origins, &error), -EFBIG);
	assert_string_equal(error.text, "--config: '/dev/zero' is longer than 1048576 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_type),
		cmocka_unit_test(numbers_and_suffixes_are_those_of_flags),
		cmocka_unit_test(what_is_set_already_wins),
		cmocka_unit_test(the_target_may_stand_in_it),
		cmocka_unit_test(a_wrong_value_is_named_with_its_line),
		cmocka_unit_test(an_unknown_name_is_refused),
		cmocka_unit_test(only_an_object_is_accepted),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
