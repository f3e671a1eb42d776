/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/report/formats.h"
#include "tcpgoon/report/report.h"

/*
 * open_memstream() grows by realloc(), and shrinks its buffer by it in fclose(). Those of this
 * program come here, the C library's own included.
 */
static volatile bool fails_to_grow; /* the compiler knows realloc(), and not ours */
static volatile bool fails_to_shrink;

#if defined(__SANITIZE_ADDRESS__)
#define REALLOC_IS_OURS 0
#else
#define REALLOC_IS_OURS 1
void *__libc_realloc(void *memory, size_t size);

void *realloc(void *memory, size_t size)
{
	if ((size > 5000 && fails_to_grow) || (size <= 5000 && fails_to_shrink)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(memory, size);
}
#endif

static int careless_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)verdict;
	for (uint64_t i = 0; i < result->totals.dialed; i++) {
		fputc('x', out);
	}
	return 0; /* as one that forgets to look */
}

static int failing_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)out;
	(void)result;
	(void)verdict;
	return -EIO;
}

static int names_end_many(const void *state, FILE *out, const struct report_part *parts,
	size_t count, const struct verdict *verdict)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s %d; ", parts[i].name, (int)parts[i].verdict->exit_status);
	}
	fprintf(out, "all %d\n", (int)verdict->exit_status);
	return 0;
}

static const struct report_ops several = {
	.name = "several", .end = failing_end, .end_many = names_end_many};
static const struct report_ops careless = {.name = "careless", .end = careless_end};
static const struct report_ops failing = {.name = "failing", .end = failing_end};

static int render(uint64_t length, char **ret_text, size_t *ret_length)
{
	struct result *result = calloc(1, sizeof(*result));
	struct verdict *verdict = calloc(1, sizeof(*verdict));
	assert_non_null(result);
	assert_non_null(verdict);
	result->totals.dialed = length;
	struct report report = {.ops = &careless};
	int r = report_render(&report, result, verdict, ret_text, ret_length);
	report_finish(&report);
	free(result);
	free(verdict);
	return r;
}

static void all_of_it_is_in_memory(void **state)
{
	(void)state;
	static const uint64_t lengths[] = {0, 1, 8191, 8192, 100000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *text = NULL;
		size_t length = 0;
		assert_int_equal(render(lengths[i], &text, &length), 0);
		assert_int_equal(length, lengths[i]);
		assert_int_equal(strlen(text), lengths[i]);
		free(text);
	}
}

/* Valgrind puts its own realloc() in the place of the C library's. */
static bool realloc_is_reached(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded == NULL || strstr(preloaded, "vgpreload") == NULL;
}

/* In the middle, and in the last step, after which fclose() still returns 0. */
static void memory_that_runs_out_is_noticed(void **state)
{
	(void)state;
	if (!REALLOC_IS_OURS || !realloc_is_reached()) {
		skip();
	}
	volatile bool *const ways[] = {&fails_to_grow, &fails_to_shrink};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char *text = (char *)"untouched";
		size_t length = 1;
		*ways[i] = true;
		int r = render(i == 0 ? 100000 : 100, &text, &length);
		*ways[i] = false;
		assert_int_equal(r, -ENOMEM);
		assert_string_equal(text, "untouched");
		assert_int_equal(length, 1);
	}
}

static void a_failure_of_the_format_is_passed_on(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	struct report report = {.ops = &failing};
	assert_int_equal(report_render(&report, NULL, NULL, &text, &length), -EIO);
	assert_null(text);
}

/* A format with all phases: a line for each, and at the end what it remembers. */
struct tally {
	uint64_t samples;
	uint64_t events;
};

static int tally_begin(void *state, FILE *out, const struct settings *settings)
{
	(void)state;
	fprintf(out, "begin %s\n", settings->host);
	return 0;
}

static int tally_sample(void *state, FILE *out, const struct result *result)
{
	((struct tally *)state)->samples++;
	fprintf(out, "sample %d\n", (int)result->at_end.established);
	return 0;
}

static int tally_event(void *state, FILE *out, const struct event *event)
{
	((struct tally *)state)->events++;
	fprintf(out, "event %d\n", (int)event->count);
	return event->count == 0 ? -EIO : 0;
}

static int tally_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	const struct tally *tally = state;
	(void)result;
	fprintf(out, "end %d %d, status %d\n", (int)tally->samples, (int)tally->events,
		(int)verdict->exit_status);
	return 0;
}

static const struct report_ops tally_format = {
	.name = "tally",
	.extension = "txt",
	.mode = REPORT_STREAM,
	.state_size = sizeof(struct tally),
	.begin = tally_begin,
	.sample = tally_sample,
	.event = tally_event,
	.end = tally_end,
};

static void assert_rendered(struct report *report, enum exit_status status, const char *expected)
{
	struct verdict *verdict = calloc(1, sizeof(*verdict));
	char *text = NULL;
	size_t length = 0;
	assert_non_null(verdict);
	verdict->exit_status = status;
	assert_int_equal(report_render(report, NULL, verdict, &text, &length), 0);
	assert_string_equal(text, expected);
	free(text);
	free(verdict);
}

static void go_through_a_run(struct report *report, FILE *live)
{
	const struct settings settings = {.host = "example"};
	assert_int_equal(report_begin(report, live, &settings), 0);
	report_sample(report, &(struct result){.at_end.established = 1});
	report_event(report, &(struct event){.kind = EVENT_HOLDING, .count = 2});
	report_sample(report, &(struct result){.at_end.established = 2});
}

/* Twice, as the second report that cannot be written makes another status. */
static void lines_of_the_run_are_kept_for_the_end(void **state)
{
	(void)state;
	struct report report = {.ops = &tally_format};
	go_through_a_run(&report, NULL);
	assert_rendered(&report, EXIT_STATUS_OK,
		"begin example\nsample 1\nevent 2\nsample 2\nend 2 1, status 0\n");
	assert_rendered(&report, EXIT_STATUS_INCOMPLETE,
		"begin example\nsample 1\nevent 2\nsample 2\nend 2 1, status 1\n");
	report_finish(&report);
}

static void live_lines_leave_at_once_and_are_not_repeated(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	FILE *live = open_memstream(&text, &length);
	struct report report = {.ops = &tally_format};
	assert_non_null(live);
	go_through_a_run(&report, live);
	assert_int_equal(fclose(live), 0);
	assert_string_equal(text, "begin example\nsample 1\nevent 2\nsample 2\n");
	assert_rendered(&report, EXIT_STATUS_OK, "end 2 1, status 0\n");
	report_finish(&report);
	free(text);
}

/* Its state is all zero. */
static void a_report_that_was_not_begun_has_an_end(void **state)
{
	(void)state;
	struct report report = {.ops = &tally_format};
	report_sample(&report, &(struct result){.at_end.established = 1});
	report_event(&report, &(struct event){.count = 1});
	assert_rendered(&report, EXIT_STATUS_INCOMPLETE, "end 0 0, status 1\n");
	report_finish(&report);
}

static void a_line_that_fails_makes_the_report_fail(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	struct report report = {.ops = &tally_format};
	go_through_a_run(&report, NULL);
	report_event(&report, &(struct event){.count = 0});
	assert_int_equal(report_render(&report, NULL, NULL, &text, &length), -EIO);
	assert_null(text);
	report_finish(&report);
}

/* Names are what -o takes, and what messages list. */
static void each_format_has_a_name_and_an_end(void **state)
{
	(void)state;
	assert_non_null(report_formats[0]);
	for (size_t i = 0; report_formats[i] != NULL; i++) {
		assert_non_null(report_formats[i]->name);
		assert_non_null(report_formats[i]->extension);
		assert_non_null(report_formats[i]->end);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(report_formats[i]->name, report_formats[j]->name);
		}
	}
}

static void several_results_are_told_by_formats_that_can(void **state)
{
	(void)state;
	struct result *result = calloc(1, sizeof(*result));
	assert_non_null(result);
	const struct verdict well = {.exit_status = EXIT_STATUS_OK};
	const struct verdict ill = {.exit_status = EXIT_STATUS_FAILURES};
	const struct report_part parts[] = {{"a", result, &well}, {"b", result, &ill}};
	struct report report = {.ops = &careless};
	assert_int_equal(report_set_parts(&report, parts, 2), -EINVAL);
	assert_null(report.parts);
	report.ops = &several;
	assert_int_equal(report_set_parts(&report, parts, 2), 0);
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(report_render(&report, result, &ill, &text, &length), 0);
	assert_string_equal(text, "a 0; b 2; all 2\n");
	free(text);
	report_finish(&report);
	free(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_in_memory),
		cmocka_unit_test(memory_that_runs_out_is_noticed),
		cmocka_unit_test(a_failure_of_the_format_is_passed_on),
		cmocka_unit_test(lines_of_the_run_are_kept_for_the_end),
		cmocka_unit_test(live_lines_leave_at_once_and_are_not_repeated),
		cmocka_unit_test(a_report_that_was_not_begun_has_an_end),
		cmocka_unit_test(a_line_that_fails_makes_the_report_fail),
		cmocka_unit_test(each_format_has_a_name_and_an_end),
		cmocka_unit_test(several_results_are_told_by_formats_that_can),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
