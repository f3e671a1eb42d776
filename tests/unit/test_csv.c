/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/csv.h"

static void assert_csv(const struct result *result, const char *expected)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_csv.end(NULL, out, result, NULL), 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

#define HEADER "elapsed_ns,not_dialed,dialing,open,closed_by_peer,failed,due,queued\n"

static void a_sample_is_a_line_and_what_is_not_known_is_empty(void **state)
{
	(void)state;
	struct result result;
	assert_int_equal(result_init(&result), 0);
	assert_csv(&result, HEADER);
	series_add(&result.series,
		&(struct snapshot){.elapsed_ns = 1, .total = 9, .not_initiated = 9, .due = 1});
	series_end(&result.series,
		&(struct snapshot){.elapsed_ns = 12345678901,
			.total = 9,
			.not_initiated = 1,
			.dialing = 2,
			.established = 3,
			.closed = 1,
			.failed = 2,
			.due = RESULT_UNKNOWN,
			.queued = RESULT_UNKNOWN});
	assert_csv(&result, HEADER "1,9,0,0,0,0,1,0\n12345678901,1,2,3,1,2,,\n");
	result_finish(&result);
}

static void one_that_cannot_be_written_is_told(void **state)
{
	(void)state;
	struct result result;
	assert_int_equal(result_init(&result), 0);
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_true(report_csv.end(NULL, full, &result, NULL) < 0);
	fclose(full);
	result_finish(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_is_a_line_and_what_is_not_known_is_empty),
		cmocka_unit_test(one_that_cannot_be_written_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
