/* SPDX-License-Identifier: MIT */
/* What scripts read: each byte of these lines is fixed for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/go_lines.h"

struct fixture {
	struct result result;
	FILE *out;
	char *text;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(result_init(&fixture->result), 0);
	fixture->out = open_memstream(&fixture->text, &fixture->size);
	assert_non_null(fixture->out);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	fclose(fixture->out);
	free(fixture->text);
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

static void print_result(struct fixture *fixture)
{
	rewind(fixture->out);
	go_lines_result(fixture->out, &fixture->result);
	assert_int_equal(fflush(fixture->out), 0);
}

static void print_status(struct fixture *fixture, const struct snapshot *snapshot)
{
	go_lines_status(fixture->out, snapshot);
	assert_int_equal(fflush(fixture->out), 0);
}

static void set_target(struct result *result, const char *host, const char *address, uint16_t port)
{
	const struct settings settings = {.host = host};
	assert_int_equal(result_set_settings(result, &settings), 0);
	assert_int_equal(address_parse_literal(address, port, &result->target), 0);
}

static void set_established(struct result *result, uint64_t count)
{
	result->at_end.total = count;
	result->at_end.established = count;
	result->totals.dialed = count;
	result->totals.established = count;
	result->max_concurrent = count;
}

static void the_status_line(void **state)
{
	struct fixture *fixture = *state;
	const struct snapshot snapshot = {
		.total = 4,
		.dialing = 1,
		.established = 1,
		.closed = 0,
		.failed = 0,
		.not_initiated = 2,
	};
	print_status(fixture, &snapshot);
	assert_string_equal(fixture->text,
		"Total: 4, Dialing: 1, Established: 1, Closed: 0, Error: 0, NotInitiated: 2\n");
}

static void the_status_line_has_each_count_in_its_place(void **state)
{
	struct fixture *fixture = *state;
	const struct snapshot snapshot = {
		.total = UINT64_C(16777216),
		.dialing = 2,
		.established = 3,
		.closed = 4,
		.failed = 5,
		.not_initiated = 6,
	};
	print_status(fixture, &snapshot);
	assert_string_equal(fixture->text,
		"Total: 16777216, Dialing: 2, Established: 3, Closed: 4, Error: 5, NotInitiated: 6\n");
}

static void all_are_established(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 4);
	/* Mean 50.205 ms; off by 313, 121, 101 and 535 µs: deviation 319.8 µs. */
	histogram_record(&result->times[TIMES_CONNECT], 49892);
	histogram_record(&result->times[TIMES_CONNECT], 50084);
	histogram_record(&result->times[TIMES_CONNECT], 50104);
	histogram_record(&result->times[TIMES_CONNECT], 50740);
	print_result(fixture);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 4, Closed: 0, Error: 0, NotInitiated: 0\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 4\n"
		"Max concurrent established connections: 4\n"
		"Number of established connections on closure: 4\n"
		"Response time stats for 4 successful connections min/avg/max/dev = "
		"49.892ms/50.205ms/50.74ms/319µs\n"
		"\n");
}

static void all_failed(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "1.2.3.4", "1.2.3.4", 8080);
	result->at_end.total = 4;
	result->at_end.failed = 4;
	result->totals.dialed = 4;
	/* One value four times: the mean is that value, the deviation nothing. */
	histogram_record_n(&result->times[TIMES_FAILURE], 1000, 4);
	print_result(fixture);
	assert_string_equal(fixture->text,
		"--- 1.2.3.4:8080 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 0, Closed: 0, Error: 4, NotInitiated: 0\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 0\n"
		"Max concurrent established connections: 0\n"
		"Number of established connections on closure: 0\n"
		"Time to error stats for 4 failed connections min/avg/max/dev = 1ms/1ms/1ms/0s\n"
		"\n");
}

static void there_are_some_of_each(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	result->at_end = (struct snapshot){
		.total = 10,
		.established = 2,
		.closed = 1,
		.failed = 3,
		.not_initiated = 4,
	};
	result->totals.established = 3;
	result->max_concurrent = 2;
	/* Mean 2/3 of 1 µs over: truncated. */
	histogram_record(&result->times[TIMES_CONNECT], 1500);
	histogram_record(&result->times[TIMES_CONNECT], 1501);
	histogram_record(&result->times[TIMES_CONNECT], 1501);
	/* Two of the three failed were really dialled. */
	histogram_record(&result->times[TIMES_FAILURE], UINT64_C(5000000));
	histogram_record(&result->times[TIMES_FAILURE], UINT64_C(65000000));
	print_result(fixture);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 10, Dialing: 0, Established: 2, Closed: 1, Error: 3, NotInitiated: 4\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 3\n"
		"Max concurrent established connections: 2\n"
		"Number of established connections on closure: 2\n"
		"Response time stats for 3 successful connections min/avg/max/dev = "
		"1.5ms/1.5ms/1.501ms/0s\n"
		"Time to error stats for 2 failed connections min/avg/max/dev = "
		"5s/35s/1m5s/30s\n"
		"\n");
}

static void none_was_dialed(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	result->at_end.total = 4;
	result->at_end.not_initiated = 4;
	print_result(fixture);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 4\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 0\n"
		"Max concurrent established connections: 0\n"
		"Number of established connections on closure: 0\n"
		"\n");
}

static void the_target_is_as_it_was_given(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *host;
		const char *address;
		const char *line;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", "--- 127.0.0.1:80 tcp test statistics ---\n"},
		{"localhost", "127.0.0.1", "--- localhost(127.0.0.1):80 tcp test statistics ---\n"},
		{"localhost", "::1", "--- localhost(::1):80 tcp test statistics ---\n"},
		{"::1", "::1", "--- [::1]:80 tcp test statistics ---\n"},
		{"[::1]", "::1", "--- [::1]:80 tcp test statistics ---\n"},
		{"[0::1]", "::1", "--- [0::1](::1):80 tcp test statistics ---\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_target(&fixture->result, cases[i].host, cases[i].address, 80);
		print_result(fixture);
		size_t length = strlen(cases[i].line);
		assert_true(fixture->size > length);
		fixture->text[length] = '\0';
		assert_string_equal(fixture->text, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_status_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_status_line_has_each_count_in_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(all_are_established, setup, teardown),
		cmocka_unit_test_setup_teardown(all_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_some_of_each, setup, teardown),
		cmocka_unit_test_setup_teardown(none_was_dialed, setup, teardown),
		cmocka_unit_test_setup_teardown(the_target_is_as_it_was_given, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
