/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json_samples.h"
#include "report/ndjson.h"

struct fixture {
	void *state;
	struct result result;
	char *text; /* of the lines so far */
	size_t length;
	FILE *out;
	json_t *line; /* the latest */
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	fixture->state = calloc(1, report_ndjson.state_size);
	assert_non_null(fixture->state);
	assert_int_equal(result_init(&fixture->result), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->line);
	result_finish(&fixture->result);
	free(fixture->state);
	free(fixture);
	return 0;
}

static FILE *open_line(struct fixture *fixture)
{
	fixture->out = open_memstream(&fixture->text, &fixture->length);
	assert_non_null(fixture->out);
	return fixture->out;
}

/* It is one line, and an object. */
static const json_t *close_line(struct fixture *fixture, int r)
{
	assert_int_equal(r, 0);
	fclose(fixture->out);
	assert_ptr_equal(strchr(fixture->text, '\n'), fixture->text + fixture->length - 1);
	json_decref(fixture->line);
	fixture->line = json_loads(fixture->text, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_object(fixture->line));
	free(fixture->text);
	return fixture->line;
}

static const json_t *sample(struct fixture *fixture, uint64_t elapsed_ns)
{
	fixture->result.at_end.elapsed_ns = elapsed_ns;
	return close_line(fixture,
		report_ndjson.sample(fixture->state, open_line(fixture), &fixture->result));
}

static const json_t *member(const json_t *object, const char *path)
{
	char copy[64];
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *rest = copy, *name; (name = strsep(&rest, ".")) != NULL;) {
		object = json_object_get(object, name);
	}
	return object;
}

static json_int_t count_of(const json_t *object, const char *path)
{
	const json_t *value = member(object, path);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void it_begins_with_what_was_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct settings settings;
	sample_settings(&settings);
	const json_t *line = close_line(
		fixture, report_ndjson.begin(fixture->state, open_line(fixture), &settings));
	assert_string_equal(json_string_value(member(line, "type")), "begin");
	assert_string_equal(json_string_value(member(line, "schema")), "tcpgoon-lines/1");
	assert_string_equal(json_string_value(member(line, "host")), "example.org");
	assert_int_equal(count_of(line, "settings.connections"), 1000);
	assert_int_equal(count_of(line, "settings.sleep_ns"), 2500500);
}

static void a_sample_has_the_whole_and_the_interval(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	const json_t *line = sample(fixture, 0);
	assert_int_equal(count_of(line, "interval_ns"), 0);
	assert_true(json_is_null(member(line, "dialed_per_s")));
	assert_true(json_is_null(member(line, "due")));
	assert_true(json_is_null(member(line, "connect_us.so_far")));
	result->totals = (struct totals){.dialed = 30, .established = 20, .failed = 5};
	result->at_end.established = 20;
	result->at_end.due = 31;
	result->causes[CAUSE_REFUSED].count = 5;
	histogram_record_n(&result->times[TIMES_CONNECT], 100, 20);
	line = sample(fixture, 2 * NSEC_PER_SEC);
	assert_true(json_real_value(member(line, "dialed_per_s")) == 15);
	assert_true(json_real_value(member(line, "failed_per_s")) == 2.5);
	assert_int_equal(count_of(line, "open"), 20);
	assert_int_equal(count_of(line, "due"), 31);
	assert_int_equal(json_object_size(member(line, "causes")), 1);
	assert_int_equal(count_of(line, "causes.refused"), 5);
	assert_int_equal(count_of(line, "connect_us.interval.p99"), 100);
	result->totals.established += 10;
	histogram_record_n(&result->times[TIMES_CONNECT], 1000, 10);
	line = sample(fixture, 3 * NSEC_PER_SEC);
	assert_int_equal(count_of(line, "elapsed_ns"), 3 * NSEC_PER_SEC);
	assert_int_equal(count_of(line, "interval_ns"), NSEC_PER_SEC);
	assert_true(json_real_value(member(line, "established_per_s")) == 10);
	assert_true(json_real_value(member(line, "dialed_per_s")) == 0);
	assert_int_equal(count_of(line, "connect_us.so_far.count"), 30);
	assert_int_equal(count_of(line, "connect_us.so_far.p50"), 100);
	assert_int_equal(count_of(line, "connect_us.interval.count"), 10);
	assert_int_equal(count_of(line, "connect_us.interval.p50"), 1000);
	assert_true(json_real_value(member(line, "connect_us.interval.mean")) == 1000);
}

static void a_step_is_a_line(void **state)
{
	struct fixture *fixture = *state;
	const struct event event = {
		.kind = EVENT_CLOSING, .elapsed_ns = 7 * NSEC_PER_SEC, .count = 600};
	const json_t *line = close_line(
		fixture, report_ndjson.event(fixture->state, open_line(fixture), &event));
	assert_string_equal(json_string_value(member(line, "type")), "event");
	assert_string_equal(json_string_value(member(line, "event")), "closing");
	assert_int_equal(count_of(line, "elapsed_ns"), 7 * NSEC_PER_SEC);
	assert_int_equal(count_of(line, "connections"), 600);
	assert_true(json_is_null(member(line, "duration_ns")));
}

static void it_ends_with_the_whole_report(void **state)
{
	struct fixture *fixture = *state;
	struct threshold_rules rules;
	struct verdict verdict;
	result_finish(&fixture->result);
	assert_int_equal(sample_full(&fixture->result), 0);
	assert_int_equal(sample_verdict(&fixture->result, &rules, &verdict), 0);
	const json_t *line = close_line(fixture,
		report_ndjson.end(fixture->state, open_line(fixture), &fixture->result, &verdict));
	assert_string_equal(json_string_value(member(line, "type")), "end");
	assert_int_equal(count_of(line, "exit_status"), verdict.exit_status);
	assert_int_equal(count_of(line, "result.verdict.exit_status"), verdict.exit_status);
	assert_int_equal(count_of(line, "result.connections.established"), 800);
	assert_string_equal(json_string_value(member(line, "result.schema")), "tcpgoon-result/2");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_begins_with_what_was_asked_for),
		CASE(a_sample_has_the_whole_and_the_interval),
		CASE(a_step_is_a_line),
		CASE(it_ends_with_the_whole_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
