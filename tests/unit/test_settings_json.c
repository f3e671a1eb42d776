/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/option_value.h"
#include "cli/settings_json.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"

#define FIELD(name) OPTION_FIELD(struct settings, name)

static const struct option_row rows[] = {
	{OPT_COUNT("connections", 'c', FIELD(connections), "N", "100", 1, 1000, "Connections")},
	{OPT_DURATION("hold", 0, FIELD(hold_ns), "2s", NSEC_PER_SEC, 0, 60 * NSEC_PER_SEC, "Hold")},
	{OPT_CHOICE("close", 0, FIELD(close_mode), settings_close_names, "fin", "Close")},
	{OPT_FLAG("force", 0, FIELD(force), "Force")},
	{OPT_TEXT("source-port", 0, FIELD(source_port), "LOW-HIGH", "Ports")},
	{OPT_TEXTS("fail-if", 0, FIELD(fail_if), "EXPRESSION", "Fail")},
};

static const struct command command = {
	.name = "test",
	.options = {.own = rows, .own_count = 6, .configurable = true},
};

/* The settings as compact JSON; the caller frees it. */
static char *dump(const struct command_line *line, const struct settings *settings)
{
	json_t *array = settings_json_make(&command, line, settings);
	assert_non_null(array);
	char *text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	assert_non_null(text);
	return text;
}

static void each_value_has_its_type_and_its_origin(void **state)
{
	(void)state;
	struct settings settings = {.host = "h\xff", .ports = "80"};
	options_set_defaults(&command.options, &settings);
	settings.connections = 7;
	settings.close_mode = CLOSE_RST;
	settings.force = true;
	settings.fail_if = (struct text_list){{"errors>1%", "drops>1"}, 2};
	struct command_line line = {0};
	line.origins.host.kind = ORIGIN_COMMAND_LINE;
	line.origins.port = (struct origin){ORIGIN_FILE, "a.json"};
	line.origins.options[0] = (struct origin){ORIGIN_ENVIRONMENT, "TCPGOON_CONNECTIONS"};
	line.origins.file = "a.json";
	line.origins.options[6].kind = ORIGIN_COMMAND_LINE;
	char *text = dump(&line, &settings);
	static const char expected[] =
		"[{\"name\":\"host\",\"value\":\"h\\\\xff\",\"unit\":null,"
		"\"from\":\"command_line\",\"place\":null},"
		"{\"name\":\"port\",\"value\":\"80\",\"unit\":null,"
		"\"from\":\"file\",\"place\":\"a.json\"},"
		"{\"name\":\"connections\",\"value\":7,\"unit\":null,"
		"\"from\":\"environment\",\"place\":\"TCPGOON_CONNECTIONS\"},"
		"{\"name\":\"hold\",\"value\":2000000000,\"unit\":\"ns\","
		"\"from\":\"default\",\"place\":null},"
		"{\"name\":\"close\",\"value\":\"rst\",\"unit\":null,"
		"\"from\":\"default\",\"place\":null},"
		"{\"name\":\"force\",\"value\":true,\"unit\":null,"
		"\"from\":\"default\",\"place\":null},"
		"{\"name\":\"source-port\",\"value\":null,\"unit\":null,"
		"\"from\":\"default\",\"place\":null},"
		"{\"name\":\"fail-if\",\"value\":[\"errors>1%\",\"drops>1\"],\"unit\":null,"
		"\"from\":\"default\",\"place\":null},"
		"{\"name\":\"config\",\"value\":\"a.json\",\"unit\":null,"
		"\"from\":\"command_line\",\"place\":null}]";
	assert_string_equal(text, expected);
	free(text);
}

static void numbers_that_json_does_not_have_are_null(void **state)
{
	(void)state;
	json_t *number = json_value_count(UINT64_MAX);
	assert_true(json_is_null(number));
	json_decref(number);
	number = json_value_count(INT64_MAX);
	assert_true(json_integer_value(number) == INT64_MAX);
	json_decref(number);
	assert_true(json_is_null(json_value_text(NULL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_has_its_type_and_its_origin),
		cmocka_unit_test(numbers_that_json_does_not_have_are_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
