/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/replay.h"
#include "json_samples.h"

static int lines_begin(void *state, FILE *out, const struct settings *settings)
{
	(void)state;
	fprintf(out, "begin %s %d %s\n", settings->host, (int)settings->connections,
		settings->fail_if.items[0]);
	return 0;
}

static int lines_sample(void *state, FILE *out, const struct result *result)
{
	(void)state;
	const struct totals *totals = &result->totals;
	fprintf(out, "%d: dialed %d established %d failed %d dropped %d open %d times %d of %s\n",
		(int)result->at_end.elapsed_ns, (int)totals->dialed, (int)totals->established,
		(int)totals->failed, (int)totals->dropped, (int)result->at_end.established,
		(int)result->times[TIMES_CONNECT].count, result->settings.host);
	return 0;
}

static int lines_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)result;
	(void)verdict;
	fputs("end\n", out);
	return 0;
}

static const struct report_ops lines = {
	.name = "lines",
	.mode = REPORT_STREAM,
	.begin = lines_begin,
	.sample = lines_sample,
	.end = lines_end,
};

static void samples_have_the_counts_and_no_more(void **state)
{
	(void)state;
	struct result result;
	struct error error = ERROR_INIT;
	const struct settings settings = {
		.host = "h", .connections = 9, .fail_if = {.items = {"errors>1%"}, .count = 1}};
	assert_int_equal(result_init(&result), 0);
	assert_int_equal(result_set_settings(&result, &settings), 0);
	histogram_record(&result.times[TIMES_CONNECT], 5);
	result.series.count = 2;
	result.series.samples[0] =
		(struct snapshot){.elapsed_ns = 1, .total = 9, .not_initiated = 9};
	result.series.samples[1] = (struct snapshot){.elapsed_ns = 2,
		.total = 9,
		.not_initiated = 1,
		.dialing = 1,
		.established = 3,
		.closed = 2,
		.failed = 2};
	struct report report = {.ops = &lines};
	assert_int_equal(replay(&report, &result, &error), 0);
	char *text = NULL;
	size_t length = 0;
	struct verdict verdict = {.exit_status = EXIT_STATUS_OK};
	assert_int_equal(report_render(&report, &result, &verdict, &text, &length), 0);
	assert_string_equal(text,
		"begin h 9 errors>1%\n"
		"1: dialed 0 established 0 failed 0 dropped 0 open 0 times 0 of h\n"
		"2: dialed 8 established 5 failed 2 dropped 2 open 3 times 0 of h\n"
		"end\n");
	free(text);
	report_finish(&report);
	result_finish(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_have_the_counts_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
