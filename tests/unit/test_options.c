/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/option_parse.h"
#include "cli/option_value.h"
#include "tcpgoon/base/clock.h"

enum order {
	ORDER_UP,
	ORDER_DOWN,
};

struct values {
	uint64_t connections;
	uint16_t port;
	int backlog;
	uint64_t sleep_ns;
	uint64_t hold_ns;
	uint64_t interval_ns;
	bool yes;
	bool debug;
	const char *listen;
	enum order order;
};

#define FIELD(name) OPTION_FIELD(struct values, name)

static const struct option_row shared_rows[] = {
	{OPT_DURATION("hold", 0, FIELD(hold_ns), "2s", NSEC_PER_SEC, 0, 60 * NSEC_PER_SEC, "Hold")},
	{OPT_FLAG("debug", 'd', FIELD(debug), "Debug")},
};

static const struct options shared = {.own = shared_rows, .own_count = 2};

static const char *const orders[] = {[ORDER_UP] = "up", [ORDER_DOWN] = "down", NULL};

static const struct option_row own_rows[] = {
	{OPT_COUNT("connections", 'c', FIELD(connections), "N", "100", 1, 16777216, "Connections")},
	{OPT_COUNT("port", 'p', FIELD(port), "PORT", "54321", 1024, 65535, "Port")},
	{OPT_COUNT("backlog", 0, FIELD(backlog), "N", "0", 0, INT32_MAX, "Backlog")},
	{OPT_DURATION("sleep", 's', FIELD(sleep_ns), "10ms", NSEC_PER_MSEC, 0, 3600 * NSEC_PER_SEC,
		"Sleep")},
	{OPT_FLAG("assume-yes", 'y', FIELD(yes), "Yes")},
	{OPT_TEXT("listen", 0, FIELD(listen), "ADDRESS", "Listen")},
	{OPT_DURATION("interval", 0, FIELD(interval_ns), "1s", NSEC_PER_SEC, 10 * NSEC_PER_MSEC,
		 3600 * NSEC_PER_SEC, "Interval"),
		.or_zero = true},
	{OPT_CHOICE("order", 'o', FIELD(order), orders, "down", "Order")},
};

static const struct options options = {.own = own_rows, .own_count = 8, .shared = &shared};

#define ARGS_MAX 16

/* One command line, and what came of it. */
struct reading {
	int r;
	struct values values;
	struct arguments arguments;
	struct origins origins;
	struct error error;
	char words[ARGS_MAX][40];
	char *argv[ARGS_MAX];
};

/* Reads the words of `line`, parted by single blanks, over the defaults. */
static void read_line(struct reading *reading, const char *line)
{
	memset(reading, 0, sizeof(*reading));
	int argc = 0;
	while (*line != '\0') {
		assert_true(argc < ARGS_MAX);
		size_t length = strcspn(line, " ");
		assert_true(length < sizeof(reading->words[0]));
		memcpy(reading->words[argc], line, length);
		reading->argv[argc] = reading->words[argc];
		argc++;
		line += length + (line[length] == ' ');
	}
	options_set_defaults(&options, &reading->values);
	reading->r = options_parse(&options, argc, reading->argv, &reading->values,
		&reading->origins, &reading->arguments, &reading->error);
}

static void accept_line(struct reading *reading, const char *line)
{
	read_line(reading, line);
	assert_string_equal(reading->error.text, "");
	assert_int_equal(reading->r, 0);
}

static void assert_refused(const char *line, int code, const char *message)
{
	struct reading reading;
	read_line(&reading, line);
	assert_string_equal(reading.error.text, message);
	assert_int_equal(reading.r, code);
}

static void defaults_overwrite_every_field(void **state)
{
	(void)state;
	struct values values;
	memset(&values, 0x5a, sizeof(values));
	options_set_defaults(&options, &values);
	assert_int_equal(values.connections, 100);
	assert_int_equal(values.port, 54321);
	assert_int_equal(values.backlog, 0);
	assert_int_equal(values.sleep_ns, 10 * NSEC_PER_MSEC);
	assert_int_equal(values.hold_ns, 2 * NSEC_PER_SEC);
	assert_false(values.yes);
	assert_false(values.debug);
	assert_null(values.listen);
	assert_int_equal(values.order, ORDER_DOWN);
}

static void rows_end_with_help(void **state)
{
	(void)state;
	assert_string_equal(options_at(&options, 0)->name, "connections");
	assert_string_equal(options_at(&options, 8)->name, "hold");
	assert_string_equal(options_at(&options, 10)->name, "help");
	assert_null(options_at(&options, 11));
	const struct options none = {0};
	assert_string_equal(options_at(&none, 0)->name, "help");
	assert_null(options_at(&none, 1));
}

static void values_are_read_in_every_form(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"-c 5",
		"-c5",
		"-c=5",
		"--connections 5",
		"--connections=5",
		"-yc5",
		"-ydc 5",
		"-dc=5",
		"-c 7 -c 5",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct reading reading;
		accept_line(&reading, lines[i]);
		assert_int_equal(reading.values.connections, 5);
		assert_int_equal(reading.arguments.count, 0);
	}
}

static void each_kind_is_read_in_its_unit(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "-c 20k -p 8080 --backlog 2147483647 -s 3 --hold 4 --listen ::1");
	assert_int_equal(reading.values.connections, 20000);
	assert_int_equal(reading.values.port, 8080);
	assert_int_equal(reading.values.backlog, INT32_MAX);
	assert_int_equal(reading.values.sleep_ns, 3 * NSEC_PER_MSEC);
	assert_int_equal(reading.values.hold_ns, 4 * NSEC_PER_SEC);
	assert_string_equal(reading.values.listen, "::1");

	accept_line(&reading, "-s 250us --hold=1m --listen=");
	assert_int_equal(reading.values.sleep_ns, 250 * NSEC_PER_USEC);
	assert_int_equal(reading.values.hold_ns, 60 * NSEC_PER_SEC);
	assert_string_equal(reading.values.listen, "");
}

static void flags_need_no_value(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		bool yes;
		bool debug;
	} cases[] = {
		{"-y", true, false},
		{"-yd", true, true},
		{"-y=true", true, false},
		{"-y=false", false, false},
		{"-y -y=false", false, false},
		{"-dy=0", false, true},
		{"--assume-yes", true, false},
		{"--assume-yes=false", false, false},
		{"--assume-yes=T --debug=1", true, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading reading;
		accept_line(&reading, cases[i].line);
		assert_int_equal(reading.values.yes, cases[i].yes);
		assert_int_equal(reading.values.debug, cases[i].debug);
	}
}

static void arguments_stand_anywhere(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"host 80 -c 5 -y",
		"-c 5 -y host 80",
		"-y host -c=5 80",
		"-y -c5 -- host 80",
		"-c 5 host -y -- 80",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct reading reading;
		accept_line(&reading, lines[i]);
		assert_int_equal(reading.arguments.count, 2);
		assert_string_equal(reading.arguments.list[0], "host");
		assert_string_equal(reading.arguments.list[1], "80");
		assert_int_equal(reading.values.connections, 5);
		assert_true(reading.values.yes);
	}
}

static void some_words_with_dashes_are_arguments(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "- -- -y --nonsense --");
	assert_int_equal(reading.arguments.count, 4);
	assert_string_equal(reading.arguments.list[0], "-");
	assert_string_equal(reading.arguments.list[1], "-y");
	assert_string_equal(reading.arguments.list[2], "--nonsense");
	assert_string_equal(reading.arguments.list[3], "--");
	assert_false(reading.values.yes);

	/* A flag takes no value from the next word. */
	accept_line(&reading, "-y false");
	assert_true(reading.values.yes);
	assert_string_equal(reading.arguments.list[0], "false");

	/* A value may look like an option. */
	accept_line(&reading, "--listen --assume-yes");
	assert_string_equal(reading.values.listen, "--assume-yes");
	assert_false(reading.values.yes);
}

static void help_ends_the_reading(void **state)
{
	(void)state;
	static const char *const lines[] = {"-h", "--help", "-yh", "host -h --nonsense"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct reading reading;
		accept_line(&reading, lines[i]);
		assert_true(reading.arguments.help);
	}
	struct reading reading;
	accept_line(&reading, "-- -h");
	assert_false(reading.arguments.help);
}

static void a_wrong_value_is_refused(void **state)
{
	(void)state;
	assert_refused("--connections ten", -EINVAL,
		"--connections: 'ten' is not a whole number from 1 to 16777216");
	assert_refused("-c ten", -EINVAL,
		"-c, --connections: 'ten' is not a whole number from 1 to 16777216");
	assert_refused(
		"-c=", -EINVAL, "-c, --connections: '' is not a whole number from 1 to 16777216");
	assert_refused(
		"-c -5", -ERANGE, "-c, --connections: '-5' is not in the range from 1 to 16777216");
	assert_refused("--connections=0", -ERANGE,
		"--connections: '0' is not in the range from 1 to 16777216");
	assert_refused(
		"-yp 80", -ERANGE, "-p, --port: '80' is not in the range from 1024 to 65535");
	assert_refused("--hold 61", -ERANGE,
		"--hold: '61' is not in the range from 0s to 1m0s (units ns, us, ms, s, m, h)");
	assert_refused("-s soon", -EINVAL,
		"-s, --sleep: 'soon' is not a duration such as 250ms, 1.5s or 1m30s "
		"(units ns, us, ms, s, m, h; a bare 1 is 1ms)");
	assert_refused("--assume-yes=perhaps", -EINVAL,
		"--assume-yes: 'perhaps' is neither true nor false");
	assert_refused("-y=", -EINVAL, "-y, --assume-yes: '' is neither true nor false");
}

static void zero_may_stand_below_the_least(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "--interval 0");
	assert_int_equal(reading.values.interval_ns, 0);
	accept_line(&reading, "--interval 10ms");
	assert_int_equal(reading.values.interval_ns, 10 * NSEC_PER_MSEC);
	assert_refused(
		"--interval 1ns", -ERANGE, "--interval: '1ns' is neither 0 nor at least 10ms");
	assert_refused("--interval 9999us", -ERANGE,
		"--interval: '9999us' is neither 0 nor at least 10ms");
	assert_refused("--interval=-1s", -ERANGE,
		"--interval: '-1s' is not in the range from 0s to 1h0m0s "
		"(units ns, us, ms, s, m, h)");
}

static void a_missing_value_is_named(void **state)
{
	(void)state;
	assert_refused("--hold", -EINVAL, "--hold: needs a value: DURATION");
	assert_refused("host 80 -yc", -EINVAL, "-c, --connections: needs a value: N");
}

static void an_unknown_name_is_refused(void **state)
{
	(void)state;
	assert_refused("--nonsense", -EINVAL, "unknown flag '--nonsense'");
	assert_refused("--nonsense=5", -EINVAL, "unknown flag '--nonsense'");
	assert_refused("--=5", -EINVAL, "unknown flag '--'");
	assert_refused("-x", -EINVAL, "unknown flag '-x' in '-x'");
	assert_refused("-yx5", -EINVAL, "unknown flag '-x' in '-yx5'");
	assert_refused("-5", -EINVAL, "unknown flag '-5' in '-5'");
	assert_refused("--conections=5", -EINVAL,
		"unknown flag '--conections'; did you mean '--connections'?");
	assert_refused("--assume_yes", -EINVAL,
		"unknown flag '--assume_yes'; did you mean '--assume-yes'?");
	/* No abbreviations, as an option to come would break them. */
	assert_refused("--con 5", -EINVAL, "unknown flag '--con'; did you mean '--connections'?");
	assert_refused("--a-name-longer-than-any-that-there-is", -EINVAL,
		"unknown flag '--a-name-longer-than-any-that-there-is'");
}

static void a_choice_is_one_of_its_words(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "-o up");
	assert_int_equal(reading.values.order, ORDER_UP);
	accept_line(&reading, "--order=up --order down");
	assert_int_equal(reading.values.order, ORDER_DOWN);
	assert_refused("-o u", -EINVAL, "-o, --order: 'u' is not one of up|down");
	assert_refused("-o donw", -EINVAL,
		"-o, --order: 'donw' is not one of up|down; did you mean 'down'?");
	assert_refused("--order=", -EINVAL, "--order: '' is not one of up|down");
	assert_refused("--order", -EINVAL, "--order: needs a value: up|down");
}

static void what_was_given_is_noted(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "-c 5 host --assume-yes=false --hold=1");
	for (size_t i = 0; i < 11; i++) {
		const char *name = options_at(&options, i)->name;
		bool given = strcmp(name, "connections") == 0 || strcmp(name, "assume-yes") == 0 ||
			strcmp(name, "hold") == 0;
		assert_int_equal(reading.origins.options[i].kind,
			given ? ORIGIN_COMMAND_LINE : ORIGIN_DEFAULT);
		assert_null(reading.origins.options[i].place);
	}
	assert_null(reading.origins.file);
}

static void a_file_is_named_only_where_one_is_read(void **state)
{
	(void)state;
	struct options configurable = options;
	configurable.configurable = true;
	assert_string_equal(options_at(&configurable, 10)->name, "config");
	assert_string_equal(options_at(&configurable, 11)->name, "help");
	assert_null(options_at(&configurable, 12));

	char word[] = "--config=a.json";
	char last[] = "--config";
	char name[] = "b.json";
	char *argv[] = {word, last, name};
	struct values values;
	struct origins origins = {0};
	struct arguments arguments;
	struct error error = ERROR_INIT;
	assert_int_equal(
		options_parse(&configurable, 3, argv, &values, &origins, &arguments, &error), 0);
	assert_string_equal(origins.file, "b.json");
	assert_int_equal(origins.options[10].kind, ORIGIN_COMMAND_LINE);
	assert_refused("--config=a", -EINVAL, "unknown flag '--config'");
}

static void a_field_is_read_back(void **state)
{
	(void)state;
	struct reading reading;
	accept_line(&reading, "-c 20k -p 8080 --backlog 7 --hold 4 --listen ::1 -o up -y");
	static const struct {
		size_t index;
		uint64_t number;
	} numbers[] = {{0, 20000}, {1, 8080}, {2, 7}, {7, ORDER_UP}, {8, 4 * NSEC_PER_SEC}};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_int_equal(
			option_number(options_at(&options, numbers[i].index), &reading.values),
			numbers[i].number);
	}
	assert_true(option_is_true(options_at(&options, 4), &reading.values));
	assert_false(option_is_true(options_at(&options, 9), &reading.values));
	assert_string_equal(option_text(options_at(&options, 5), &reading.values), "::1");
}

static void a_row_has_a_head_and_a_tail(void **state)
{
	(void)state;
	char head[OPTION_HEAD_MAX];
	char tail[OPTION_TAIL_MAX];
	assert_string_equal(options_format_head(&own_rows[0], head), "-c, --connections N");
	assert_string_equal(options_format_tail(&own_rows[0], tail), " (default 100)");
	assert_string_equal(options_format_head(&own_rows[4], head), "-y, --assume-yes");
	assert_string_equal(options_format_tail(&own_rows[4], tail), "");
	assert_string_equal(options_format_head(&own_rows[5], head), "    --listen ADDRESS");
	assert_string_equal(options_format_tail(&own_rows[5], tail), "");
	assert_string_equal(options_format_head(&own_rows[7], head), "-o, --order up|down");
	assert_string_equal(options_format_tail(&own_rows[7], tail), " (default down)");
	assert_string_equal(options_format_tail(&own_rows[3], tail),
		" (default 10ms; bare numbers are milliseconds)");
	assert_string_equal(options_format_tail(&shared_rows[0], tail),
		" (default 2s; bare numbers are seconds)");
}

static void rows_stand_in_groups(void **state)
{
	(void)state;
	static const struct option_row rows[] = {
		{OPT_FLAG("first", 0, FIELD(yes), "First"), .group = GROUP_OUTPUT},
		{OPT_FLAG("second", 0, FIELD(debug), "Second"), .group = GROUP_TARGET},
		{OPT_FLAG("third", 0, FIELD(debug), "Third"), .group = GROUP_OUTPUT},
	};
	const struct options grouped = {.own = rows, .own_count = 3};
	enum option_group group = GROUP_LIFE;
	assert_true(options_group_at(&grouped, 0, &group));
	assert_int_equal(group, GROUP_TARGET);
	assert_true(options_group_at(&grouped, 1, &group));
	assert_int_equal(group, GROUP_OUTPUT);
	/* --help has none of its own. */
	assert_true(options_group_at(&grouped, 2, &group));
	assert_int_equal(group, GROUP_GENERAL);
	assert_false(options_group_at(&grouped, 3, &group));
	assert_string_equal(options_at_in(&grouped, GROUP_OUTPUT, 0)->name, "first");
	assert_string_equal(options_at_in(&grouped, GROUP_OUTPUT, 1)->name, "third");
	assert_null(options_at_in(&grouped, GROUP_OUTPUT, 2));
	for (int i = 0; i < OPTION_GROUPS; i++) {
		assert_non_null(options_group_title((enum option_group)i));
	}
}

static const char *format_at(size_t index)
{
	static const char *const names[] = {"json", "csv"};
	return index < 2 ? names[index] : NULL;
}

static void formats_stand_in_the_tail(void **state)
{
	(void)state;
	const struct option_row row = {
		OPT_TEXT("output", 0, FIELD(listen), "FORMAT=PATH", "Output"),
		.format_at = format_at};
	char tail[OPTION_TAIL_MAX];
	assert_string_equal(options_format_tail(&row, tail), " (formats: json, csv)");
	const struct option_row words = {
		OPT_TEXTS("behave", 0, FIELD(listen), "WORD", "Behave"), .word_at = format_at};
	assert_string_equal(options_format_tail(&words, tail), " (words: json, csv)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_overwrite_every_field),
		cmocka_unit_test(rows_end_with_help),
		cmocka_unit_test(values_are_read_in_every_form),
		cmocka_unit_test(each_kind_is_read_in_its_unit),
		cmocka_unit_test(flags_need_no_value),
		cmocka_unit_test(arguments_stand_anywhere),
		cmocka_unit_test(some_words_with_dashes_are_arguments),
		cmocka_unit_test(help_ends_the_reading),
		cmocka_unit_test(a_wrong_value_is_refused),
		cmocka_unit_test(zero_may_stand_below_the_least),
		cmocka_unit_test(a_missing_value_is_named),
		cmocka_unit_test(an_unknown_name_is_refused),
		cmocka_unit_test(a_choice_is_one_of_its_words),
		cmocka_unit_test(what_was_given_is_noted),
		cmocka_unit_test(a_file_is_named_only_where_one_is_read),
		cmocka_unit_test(a_field_is_read_back),
		cmocka_unit_test(a_row_has_a_head_and_a_tail),
		cmocka_unit_test(rows_stand_in_groups),
		cmocka_unit_test(formats_stand_in_the_tail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
