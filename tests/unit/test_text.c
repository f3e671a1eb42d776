/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain_verdict.h"
#include "tcpgoon/report/text.h"

static struct result *make_result(void)
{
	struct result *result = calloc(1, sizeof(*result));
	assert_non_null(result);
	assert_int_equal(result_init(result), 0);
	const struct settings settings = {.host = "host"};
	assert_int_equal(result_set_settings(result, &settings), 0);
	assert_int_equal(address_parse_literal("1.2.3.4", 80, &result->target), 0);
	return result;
}

/* The Go program's lines end in an empty one; ours stand behind it, and the exit status last. */
static void our_lines_stand_behind_those_of_the_go_program(void **state)
{
	(void)state;
	struct result *result = make_result();
	struct verdict verdict = plain_verdict(result);
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_text.end(NULL, out, result, &verdict), 0);
	fclose(out);
	const char *first = "--- host(1.2.3.4):80 tcp test statistics ---\n";
	const char *last = "\nExit status 0.\n";
	assert_memory_equal(text, first, strlen(first));
	assert_ptr_equal(strstr(text, "\n\n"), strstr(text, "\n\nVerdict: "));
	assert_string_equal(text + length - strlen(last), last);
	free(text);
	result_finish(result);
	free(result);
}

/* GitHub reads them anywhere; whoever reads the text finds the status last. */
static void annotations_stand_before_the_exit_status(void **state)
{
	(void)state;
	struct result *result = make_result();
	result->totals.dialed = result->totals.failed = result->at_end.failed = 3;
	result->at_end.total = 3;
	struct verdict verdict = plain_verdict(result);
	char *plain = NULL;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&plain, &length);
	assert_int_equal(report_text.end(NULL, out, result, &verdict), 0);
	fclose(out);
	out = open_memstream(&text, &length);
	assert_int_equal(report_text_for_github.end(NULL, out, result, &verdict), 0);
	fclose(out);
	const char *annotation = "::error title=tcpgoon%3A exit status 2::3 of 3 ";
	const char *last = "Exit status 2.\n";
	size_t before = strlen(plain) - strlen(last);
	assert_memory_equal(text, plain, before);
	assert_memory_equal(text + before, annotation, strlen(annotation));
	assert_string_equal(text + length - strlen(last), last);
	free(plain);
	free(text);
	result_finish(result);
	free(result);
}

static void output_that_fails_is_told(void **state)
{
	(void)state;
	struct result *result = make_result();
	struct verdict verdict = plain_verdict(result);
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_int_equal(report_text.sample(NULL, full, result), -EIO);
	assert_int_equal(report_text.end(NULL, full, result, &verdict), -EIO);
	fclose(full);
	result_finish(result);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_lines_stand_behind_those_of_the_go_program),
		cmocka_unit_test(annotations_stand_before_the_exit_status),
		cmocka_unit_test(output_that_fails_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
