/* SPDX-License-Identifier: MIT */
#include "cli/view.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"

/* A view into a pipe, 40 columns by 10 rows. */
struct fixture {
	int ends[2];
	struct stream stream;
	struct view view;
	struct result result;
	char text[1 << 16];
};

static int setup(void **state)
{
	static const struct terminal_look look = {.live = true, .utf8 = true};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	setenv("COLUMNS", "40", 1);
	setenv("LINES", "10", 1);
	assert_int_equal(pipe2(fixture->ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fixture->ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(stream_init(&fixture->stream, fixture->ends[1]), 0);
	assert_int_equal(result_init(&fixture->result), 0);
	assert_int_equal(address_parse_literal("127.0.0.1", 80, &fixture->result.target), 0);
	fixture->result.at_end = (struct snapshot){.total = 100,
		.not_initiated = 100,
		.queued = RESULT_UNKNOWN,
		.due = RESULT_UNKNOWN};
	view_begin(&fixture->view, &fixture->stream, fixture->ends[1], false, &look);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	view_leave(&fixture->view);
	result_finish(&fixture->result);
	stream_finish(&fixture->stream);
	close(fixture->ends[0]);
	close(fixture->ends[1]);
	free(fixture);
	return 0;
}

/* What came through the pipe since the last call. */
static const char *received(struct fixture *fixture)
{
	ssize_t length = read(fixture->ends[0], fixture->text, sizeof(fixture->text) - 1);
	fixture->text[length > 0 ? length : 0] = '\0';
	return fixture->text;
}

static const char *frame(struct fixture *fixture, uint64_t elapsed_ns)
{
	view_frame(&fixture->view, &fixture->result, elapsed_ns);
	return received(fixture);
}

static size_t count(const char *text, const char *word)
{
	size_t found = 0;
	for (; (text = strstr(text, word)) != NULL; text++) {
		found++;
	}
	return found;
}

static bool begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void a_short_run_has_no_frame(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(frame(fixture, 200 * NSEC_PER_MSEC), "");
	view_end(&fixture->view, &fixture->result);
	assert_string_equal(received(fixture), "");
}

/* Nine rows: the cursor is hidden, comes back to the first, and nothing was erased before. */
static void the_first_frame_has_all_rows(void **state)
{
	struct fixture *fixture = *state;
	const char *text = frame(fixture, 300 * NSEC_PER_MSEC);
	assert_true(begins_with(text, "\033[?2026h\033[?25l\r"));
	assert_true(ends_with(text, "\r\033[8A\033[?2026l"));
	assert_int_equal(count(text, "\n"), 8);
	assert_int_equal(count(text, "\033[K"), 9);
	assert_int_equal(count(text, "J"), 0);
}

static void a_further_frame_has_the_rows_that_changed(void **state)
{
	struct fixture *fixture = *state;
	frame(fixture, 300 * NSEC_PER_MSEC);
	assert_string_equal(frame(fixture, 310 * NSEC_PER_MSEC), "");
	fixture->result.at_end.failed = 1; /* a row of the counts */
	const char *text = frame(fixture, 320 * NSEC_PER_MSEC);
	assert_int_equal(count(text, "\n"), 8);
	assert_true(count(text, "\033[K") < 9);
	assert_non_null(strstr(text, "failed"));
	assert_null(strstr(text, "connect"));
	assert_int_equal(count(text, "\033[?25l"), 0);
}

static void each_fourth_frame_has_all_rows(void **state)
{
	struct fixture *fixture = *state;
	unsigned whole = 0;
	for (uint64_t i = 0; i < 160; i++) {
		fixture->result.at_end.failed = i % 2;
		const char *text = frame(fixture, NSEC_PER_SEC + i * VIEW_FRAME_NS);
		whole += count(text, "\033[K") == 9;
	}
	assert_int_equal(whole, 40);
}

static void where_others_write_each_frame_has_all_rows(void **state)
{
	struct fixture *fixture = *state;
	fixture->view.is_shared = true;
	for (uint64_t i = 0; i < 10; i++) {
		fixture->result.at_end.failed = i;
		assert_int_equal(
			count(frame(fixture, NSEC_PER_SEC + i * VIEW_FRAME_NS), "\033[K"), 9);
	}
}

/* The rows below the cursor are erased, as they may be broken; never what is above. */
static void another_size_begins_anew(void **state)
{
	struct fixture *fixture = *state;
	frame(fixture, 300 * NSEC_PER_MSEC);
	setenv("COLUMNS", "30", 1);
	const char *text = frame(fixture, 310 * NSEC_PER_MSEC);
	assert_true(begins_with(text, "\033[?2026h\r\033[J"));
	assert_int_equal(count(text, "\033[K"), 9);
}

static void a_line_takes_the_place_of_the_view(void **state)
{
	struct fixture *fixture = *state;
	view_make_way(&fixture->view);
	assert_string_equal(received(fixture), "");
	frame(fixture, 300 * NSEC_PER_MSEC);
	view_make_way(&fixture->view);
	view_make_way(&fixture->view);
	fputs("line\n", fixture->stream.file);
	assert_string_equal(received(fixture), "\r\033[Jline\n");
	assert_int_equal(count(frame(fixture, 310 * NSEC_PER_MSEC), "\033[K"), 9);
}

static void the_last_frame_stays_and_the_cursor_is_shown(void **state)
{
	struct fixture *fixture = *state;
	frame(fixture, 300 * NSEC_PER_MSEC);
	fixture->result.end = RESULT_INTERRUPTED;
	view_end(&fixture->view, &fixture->result);
	const char *text = received(fixture);
	assert_int_equal(count(text, "\n"), 9);
	assert_true(ends_with(text, "\033[J\033[0m\033[?25h\n"));
	assert_non_null(strstr(text, "interrupted"));
}

/* A terminal that was stopped: frames are dropped, and the first one that is taken is whole. */
static void a_terminal_that_takes_nothing_is_not_waited_for(void **state)
{
	struct fixture *fixture = *state;
	frame(fixture, 300 * NSEC_PER_MSEC);
	char filling[4096] = "";
	while (write(fixture->stream.writer.fd, filling, sizeof(filling)) > 0) {
	}
	for (uint64_t i = 0; i < 1000; i++) {
		fixture->result.at_end.failed = i % 7;
		view_frame(&fixture->view, &fixture->result, NSEC_PER_SEC + i * VIEW_FRAME_NS);
	}
	assert_true(stream_waiting(&fixture->stream) < sizeof(fixture->view.text));
	assert_int_equal(fixture->stream.dropped, 0);
	while (read(fixture->ends[0], fixture->text, sizeof(fixture->text)) > 0) {
	}
	stream_push(&fixture->stream);
	received(fixture); /* the one that was waiting */
	assert_int_equal(count(frame(fixture, 100 * NSEC_PER_SEC), "\033[K"), 9);
}

/* Handlers are those of before when the view is gone. */
static void signals_are_as_they_were_afterwards(void **state)
{
	struct fixture *fixture = *state;
	struct sigaction action;
	sigaction(SIGTSTP, NULL, &action);
	assert_true(action.sa_handler != SIG_DFL);
	view_leave(&fixture->view);
	sigaction(SIGTSTP, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_short_run_has_no_frame),
		CASE(the_first_frame_has_all_rows),
		CASE(a_further_frame_has_the_rows_that_changed),
		CASE(each_fourth_frame_has_all_rows),
		CASE(where_others_write_each_frame_has_all_rows),
		CASE(another_size_begins_anew),
		CASE(a_line_takes_the_place_of_the_view),
		CASE(the_last_frame_stays_and_the_cursor_is_shown),
		CASE(a_terminal_that_takes_nothing_is_not_waited_for),
		CASE(signals_are_as_they_were_afterwards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
