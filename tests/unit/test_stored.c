/* SPDX-License-Identifier: MIT */
/* Stored results: read from files of all kinds, and judged by other thresholds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/stored.h"
#include "json_samples.h"
#include "round_trip.h"

#define PATH_TEMPLATE "/tmp/test_stored.XXXXXX"

struct fixture {
	char path[sizeof(PATH_TEMPLATE)];
	struct result result;
	struct threshold_rules rules;
	struct verdict verdict;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	memcpy(fixture->path, PATH_TEMPLATE, sizeof(PATH_TEMPLATE));
	int fd = mkstemp(fixture->path);
	assert_true(fd >= 0);
	close(fd);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	unlink(fixture->path);
	free(fixture);
	return 0;
}

static void write_file(const struct fixture *fixture, const char *text, size_t length)
{
	FILE *file = fopen(fixture->path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* A run of ten connections of which one failed, judged by `fail_if`. */
static void write_result(struct fixture *fixture, const char *fail_if)
{
	struct result result;
	struct verdict verdict = {.rules = &fixture->rules};
	struct settings settings = {.host = "::1", .connections = 10};
	settings.fail_if.items[0] = fail_if;
	settings.fail_if.count = 1;
	assert_int_equal(result_init(&result), 0);
	assert_int_equal(result_set_settings(&result, &settings), 0);
	result.totals = (struct totals){.dialed = 10, .established = 9, .failed = 1};
	result.at_end = (struct snapshot){.total = 10, .established = 9, .failed = 1};
	result.causes[CAUSE_REFUSED].count = 1;
	size_t length;
	char *text = write_json(&result, &verdict, &length);
	write_file(fixture, text, length);
	free(text);
	result_finish(&result);
}

static int judge(struct fixture *fixture, const struct text_list *fail_if)
{
	return stored_judge(
		&fixture->result, fail_if, &fixture->rules, &fixture->verdict, &fixture->error);
}

static void thresholds_are_those_of_the_run_or_those_given(void **state)
{
	struct fixture *fixture = *state;
	const struct text_list none = {.count = 0};
	const struct text_list given = {.items = {"errors>5%", "lag.max>1s"}, .count = 2};
	write_result(fixture, "errors>50%");
	assert_int_equal(stored_read(fixture->path, &fixture->result, &fixture->error), 0);
	assert_int_equal(judge(fixture, &none), 0);
	assert_int_equal(fixture->verdict.exit_status, EXIT_STATUS_OK);
	assert_int_equal(judge(fixture, &given), 0);
	assert_int_equal(fixture->verdict.exit_status, EXIT_STATUS_THRESHOLD);
	/* They stay with the result. */
	assert_int_equal(fixture->result.settings.fail_if.count, 2);
	assert_string_equal(fixture->result.settings.fail_if.items[1], "lag.max>1s");
	assert_int_equal(judge(fixture, &none), 0);
	assert_int_equal(fixture->verdict.exit_status, EXIT_STATUS_THRESHOLD);
	result_finish(&fixture->result);
}

static void a_run_that_did_not_begin_stays_declined(void **state)
{
	struct fixture *fixture = *state;
	const struct text_list none = {.count = 0};
	assert_int_equal(sample_declined(&fixture->result, &fixture->verdict), 0);
	assert_int_equal(judge(fixture, &none), 0);
	assert_int_equal(fixture->verdict.exit_status, EXIT_STATUS_INCOMPLETE);
	assert_string_equal(fixture->verdict.reasons[0], "Nothing was dialled.");
	result_finish(&fixture->result);
}

static void assert_refused(struct fixture *fixture, int code, const char *part)
{
	struct result before;
	memset(&fixture->result, 0x5a, sizeof(fixture->result));
	memcpy(&before, &fixture->result, sizeof(before));
	fixture->error = (struct error)ERROR_INIT;
	assert_int_equal(stored_read(fixture->path, &fixture->result, &fixture->error), code);
	assert_memory_equal(&before, &fixture->result, sizeof(before));
	assert_non_null(strstr(fixture->error.text, fixture->path));
	if (strstr(fixture->error.text, part) == NULL) {
		fail_msg("'%s' is missing in: %s", part, fixture->error.text);
	}
}

static void what_is_no_result_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	assert_refused(fixture, -EINVAL, "it is empty");
	write_file(fixture, "[1, 2", 5);
	assert_refused(fixture, -EINVAL, "line 1, column 5");
	write_file(fixture, "{\"schema\": \"x\"}", 15);
	assert_refused(fixture, -EINVAL, "schema: expected 'tcpgoon-result/2'");
	char *blanks = malloc(STORED_SIZE_MAX + 1);
	assert_non_null(blanks);
	memset(blanks, ' ', STORED_SIZE_MAX + 1);
	write_file(fixture, blanks, STORED_SIZE_MAX + 1);
	free(blanks);
	assert_refused(fixture, -EFBIG, "larger than 16 MiB");
	unlink(fixture->path);
	assert_refused(fixture, -ENOENT, "No such file");
	memcpy(fixture->path, "/tmp", sizeof("/tmp"));
	assert_refused(fixture, -EISDIR, "Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			thresholds_are_those_of_the_run_or_those_given, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_run_that_did_not_begin_stays_declined, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_no_result_is_refused_by_name, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
