/* SPDX-License-Identifier: MIT */
/* A format whose lines leave while the run goes on, from its beginning to the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/outcome.h"

/* More lines than a pipe and a stream that drops would take. */
#define LINES 100000

static int lines_begin(void *state, FILE *out, const struct settings *settings)
{
	(void)state;
	fprintf(out, "begin %s\n", settings->host);
	return 0;
}

static int lines_sample(void *state, FILE *out, const struct result *result)
{
	++*(uint64_t *)state;
	fprintf(out, "sample %07d of many\n", (int)result->at_end.established);
	return 0;
}

static int lines_event(void *state, FILE *out, const struct event *event)
{
	(void)state;
	fprintf(out, "event %d\n", (int)event->count);
	return 0;
}

static int lines_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)result;
	fprintf(out, "end after %d, status %d\n", (int)*(const uint64_t *)state,
		(int)verdict->exit_status);
	return 0;
}

static const struct report_ops lines = {
	.name = "lines",
	.extension = "txt",
	.mode = REPORT_STREAM,
	.state_size = sizeof(uint64_t),
	.begin = lines_begin,
	.sample = lines_sample,
	.event = lines_event,
	.end = lines_end,
};

struct fixture {
	struct console console;
	struct outcome outcome;
	struct result result;
	struct verdict verdict;
	int read_fd;
	size_t length; /* of what was read */
	char text[1 << 22];
};

static int setup(void **state)
{
	int ends[2];
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct settings settings = {.host = "example"};
	struct error error = ERROR_INIT;
	assert_non_null(fixture);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	fixture->read_fd = ends[0];
	assert_int_equal(outcome_init(&fixture->outcome, &settings, &error), 0);
	fixture->outcome.outputs[0] = (struct output)OUTPUT_INIT;
	fixture->outcome.outputs[0].report.ops = &lines;
	fixture->outcome.outputs[0].kind = OUTPUT_STREAM;
	fixture->outcome.outputs[0].name = "pipe";
	fixture->outcome.outputs[0].fd = ends[1];
	fixture->outcome.output_count = 1;
	assert_int_equal(console_init(&fixture->console, false), 0);
	assert_int_equal(outcome_begin(&fixture->outcome, &fixture->console, &settings, &error), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	console_finish(&fixture->console);
	outcome_finish(&fixture->outcome);
	if (fixture->read_fd >= 0) {
		close(fixture->read_fd);
	}
	free(fixture);
	return 0;
}

static void read_all(struct fixture *fixture)
{
	ssize_t count;
	while ((count = read(fixture->read_fd, fixture->text + fixture->length,
			sizeof(fixture->text) - 1 - fixture->length)) > 0) {
		fixture->length += (size_t)count;
	}
	fixture->text[fixture->length] = '\0';
}

static void lines_leave_before_the_end(void **state)
{
	struct fixture *fixture = *state;
	outcome_sample(&fixture->outcome, &(struct result){.at_end.established = 1});
	outcome_event(&fixture->outcome, &(struct event){.kind = EVENT_ASKING, .count = 2});
	read_all(fixture);
	assert_string_equal(fixture->text, "begin example\nsample 0000001 of many\nevent 2\n");
	outcome_end_lines(&fixture->outcome, &fixture->console);
	console_finish(&fixture->console);
	assert_int_equal(
		outcome_tell_reports(&fixture->outcome, &fixture->result, &fixture->verdict),
		EXIT_STATUS_OK);
	read_all(fixture);
	assert_string_equal(fixture->text,
		"begin example\nsample 0000001 of many\nevent 2\nend after 1, status 0\n");
}

/* A report that lacks lines would not be one. */
static void none_is_dropped_for_a_reader_that_is_slow(void **state)
{
	struct fixture *fixture = *state;
	struct report *report = &fixture->outcome.outputs[0].report; /* the text is not for here */
	for (uint64_t i = 0; i < LINES; i++) {
		report_sample(report, &(struct result){.at_end.established = i});
	}
	assert_true(console_push(&fixture->console));
	while (console_push(&fixture->console)) {
		read_all(fixture);
	}
	outcome_end_lines(&fixture->outcome, &fixture->console);
	read_all(fixture);
	assert_int_equal(fixture->length,
		strlen("begin example\n") + LINES * strlen("sample 0000000 of many\n"));
}

/* As for each other report: the exit status is 1, and the text and the others can say so. */
static void a_reader_that_is_gone_makes_the_status_one(void **state)
{
	struct fixture *fixture = *state;
	close(fixture->read_fd);
	fixture->read_fd = -1;
	outcome_sample(&fixture->outcome, &(struct result){.at_end.established = 1});
	outcome_end_lines(&fixture->outcome, &fixture->console);
	console_finish(&fixture->console);
	assert_int_equal(
		outcome_tell_reports(&fixture->outcome, &fixture->result, &fixture->verdict),
		EXIT_STATUS_INCOMPLETE);
	assert_string_equal(
		fixture->verdict.reasons[0], "The report 'pipe' cannot be written: Broken pipe.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_leave_before_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			none_is_dropped_for_a_reader_that_is_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_reader_that_is_gone_makes_the_status_one, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
