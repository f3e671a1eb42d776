/* SPDX-License-Identifier: MIT */
/* The numbers of a plan in its JSON; tests/system/test_config.py has it checked by its schema. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "cli/commands.h"
#include "cli/plan_json.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"

/* A plan of a host that is a script, and what is printed of it. */
struct telling {
	struct plan *plan;
	struct checks checks;
	struct engine_choice choice;
	struct command_line line;
	json_t *root;
};

static void tell(struct telling *telling, struct scripted_run *run, const struct settings *settings)
{
	static const char *const host[] = {"192.0.2.9", NULL};
	run->host->names = host;
	assert_int_equal(plan_create(settings, NULL, &telling->plan, &run->error), 0);
	telling->choice.transport = engine_transport(ENGINE_EPOLL);
	const struct plan_view view = {
		.plan = telling->plan,
		.checks = &telling->checks,
		.choice = &telling->choice,
		.command = &command_plan,
		.line = &telling->line,
		.conclusion = "The run is possible.",
		.status = telling->choice.code == 0 ? EXIT_STATUS_OK : EXIT_STATUS_INCOMPLETE,
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(plan_json_print(out, &view, &run->error), 0);
	assert_int_equal(fclose(out), 0);
	telling->root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(telling->root);
	free(text);
}

static void telling_finish(struct telling *telling)
{
	json_decref(telling->root);
	plan_destroy(telling->plan);
}

/* The member of a member of the root, as compact JSON. */
static void assert_member(
	const struct telling *telling, const char *outer, const char *inner, const char *expected)
{
	json_t *value = json_object_get(json_object_get(telling->root, outer), inner);
	assert_non_null(value);
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(text, expected);
	free(text);
}

static void the_numbers_are_those_of_the_plan(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {.host = "name",
		.ports = "80-82",
		.connections = 11,
		.sleep_ns = 5,
		.source_port = "20000-20009"};
	struct telling telling = {0};
	tell(&telling, run, &settings);
	assert_string_equal(
		json_string_value(json_object_get(telling.root, "schema")), "tcpgoon-plan/1");
	assert_true(json_is_true(json_object_get(telling.root, "possible")));
	assert_member(&telling, "targets", "count", "3");
	assert_member(&telling, "targets", "first", "\"192.0.2.9:80\"");
	assert_member(&telling, "targets", "last", "\"192.0.2.9:82\"");
	assert_member(&telling, "sources", "for_each_target", "1");
	assert_member(&telling, "sources", "ranges", "[{\"first\":\"192.0.2.9\",\"count\":1}]");
	assert_member(&telling, "ports", "count", "10");
	assert_member(&telling, "ports", "first", "20000");
	assert_member(&telling, "schedule", "pace", "\"one every 5ns\"");
	assert_member(&telling, "schedule", "average_per_s", "200000000.0");
	assert_member(&telling, "schedule", "period_ns", "5");
	assert_member(&telling, "schedule", "burst", "1");
	assert_member(&telling, "schedule", "stages", "null");
	assert_member(&telling, "schedule", "start_at_ns", "null");
	assert_member(&telling, "schedule", "last_ns", "50");
	assert_member(&telling, "engine", "name", "\"epoll\"");
	assert_member(&telling, "engine", "works", "true");
	assert_member(&telling, "engine", "why", "null");
	assert_true(
		json_object_size(json_array_get(json_object_get(telling.root, "settings"), 0)) > 0);
	telling_finish(&telling);
}

static void ports_that_the_kernel_chooses_are_null(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {
		.host = "name", .ports = "80", .connections = 1, .source_port = "auto"};
	struct telling telling = {0};
	tell(&telling, run, &settings);
	assert_true(json_is_null(json_object_get(telling.root, "ports")));
	telling_finish(&telling);
}

static void limits_and_refusals_are_told(void **state)
{
	struct scripted_run *run = *state;
	const struct settings settings = {.host = "name", .ports = "80", .connections = 1};
	struct telling telling = {0};
	for (int i = 0; i < CHECK_KIND_MAX; i++) {
		telling.checks.list[i] = (struct check){
			.have = LIMITS_NONE, .need = 5, .left = LIMITS_NONE, .ok = true};
	}
	telling.checks.list[CHECK_OPEN_FILES] =
		(struct check){.have = 3, .need = 5, .left = 2, .fix = "ulimit -n 5"};
	telling.checks.list[CHECK_TCP_MEMORY].unknown = true;
	telling.choice.code = -EPERM;
	strcpy(telling.choice.why.text, "a filter refuses it");
	tell(&telling, run, &settings);
	assert_true(json_is_false(json_object_get(telling.root, "possible")));
	assert_int_equal(json_integer_value(json_object_get(telling.root, "exit_status")), 1);
	assert_member(&telling, "engine", "works", "false");
	assert_member(&telling, "engine", "why", "\"a filter refuses it\"");
	json_t *limits = json_object_get(telling.root, "limits");
	assert_int_equal(json_array_size(limits), CHECK_KIND_MAX);
	char *text = json_dumps(json_array_get(limits, CHECK_OPEN_FILES), JSON_COMPACT);
	assert_string_equal(text,
		"{\"name\":\"open files\",\"unit\":\"count\",\"have\":3,\"need\":5,\"left\":2,"
		"\"enough\":false,\"fix\":\"ulimit -n 5\"}");
	free(text);
	text = json_dumps(json_array_get(limits, CHECK_MEMORY), JSON_COMPACT);
	assert_string_equal(text,
		"{\"name\":\"memory\",\"unit\":\"bytes\",\"have\":null,\"need\":5,\"left\":null,"
		"\"enough\":true,\"fix\":null}");
	free(text);
	text = json_dumps(json_array_get(limits, CHECK_TCP_MEMORY), JSON_COMPACT);
	assert_string_equal(text,
		"{\"name\":\"tcp_mem pages\",\"unit\":\"count\",\"have\":null,\"need\":5,"
		"\"left\":null,\"enough\":null,\"fix\":null}");
	free(text);
	telling_finish(&telling);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scripted_run_setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_numbers_are_those_of_the_plan),
		CASE(ports_that_the_kernel_chooses_are_null),
		CASE(limits_and_refusals_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
