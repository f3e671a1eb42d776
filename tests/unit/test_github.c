/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain_verdict.h"
#include "tcpgoon/report/github.h"

static char *write_annotations(const struct result *result, const struct verdict *verdict)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	github_annotations_write(out, result, verdict);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void check(const struct result *result, const struct verdict *verdict, const char *expected)
{
	char *text = write_annotations(result, verdict);
	assert_string_equal(text, expected);
	free(text);
}

static struct verdict make_verdict(struct threshold_rules *rules)
{
	static const struct text_list fail_if = {
		.items = {"errors>1%", "connect.p99>1s", "drops>0"}, .count = 3};
	static const struct text_list none = {.count = 0};
	assert_int_equal(threshold_rules_read(rules, &fail_if, &none, NULL), 0);
	struct verdict verdict = {
		.exit_status = EXIT_STATUS_THRESHOLD,
		.reasons = {"100% of\nthese failed.", "One, and: two."},
		.reason_count = 2,
		.rules = rules,
	};
	verdict.outcomes[0] = (struct threshold_outcome){.crossed = true, .actual = "12%"};
	verdict.outcomes[1] = (struct threshold_outcome){.not_judged = "there are no samples"};
	verdict.outcomes[2] = (struct threshold_outcome){.actual = "0"};
	return verdict;
}

static void all_is_well_and_nothing_is_said(void **state)
{
	(void)state;
	struct threshold_rules rules;
	struct verdict verdict = make_verdict(&rules);
	verdict.exit_status = EXIT_STATUS_OK;
	verdict.outcomes[0].crossed = false;
	verdict.outcomes[1].not_judged[0] = '\0';
	check(NULL, &verdict, "");
}

static void each_is_a_line_with_its_characters_escaped(void **state)
{
	(void)state;
	struct threshold_rules rules;
	struct verdict verdict = make_verdict(&rules);
	verdict.findings.count = 1;
	verdict.findings.list[0] = (struct finding){
		.name = "a:b,c", .evidence = "50% of: them,\r\n::error::x", .hint = "Do."};
	check(NULL, &verdict,
		"::error title=tcpgoon%3A exit status 3::100%25 of\\nthese failed. One, and: "
		"two.\n"
		"::error title=errors>1%25::This threshold was crossed: 12%25.\n"
		"::error title=connect.p99>1s::This threshold was not judged: there are no "
		"samples.\n"
		"::warning title=a%3Ab%2Cc::50%25 of: them,\\r\\n::error::x Do.\n");
}

static void a_run_that_did_not_begin_says_why(void **state)
{
	(void)state;
	static const struct threshold_rules no_rules;
	struct verdict *verdict = calloc(1, sizeof(*verdict));
	struct result *result = calloc(1, sizeof(*result));
	assert_non_null(verdict);
	assert_non_null(result);
	verdict_decline(EXIT_STATUS_LOCAL_LIMIT, &no_rules, verdict);
	error_set(&result->error, -1, "no room");
	check(result, verdict,
		"::error title=tcpgoon%3A exit status 4::Nothing was dialled. no room\n");
	free(result);
	free(verdict);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;
	for (; *text != '\0'; text++) {
		count += *text == '\n';
	}
	return count;
}

static void there_are_at_most_ten(void **state)
{
	(void)state;
	struct threshold_rules rules;
	struct verdict verdict = make_verdict(&rules);
	verdict.findings.count = FINDINGS_MAX;
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		verdict.findings.list[i] = (struct finding){.name = "x"};
	}
	char *text = write_annotations(NULL, &verdict);
	assert_int_equal(count_lines(text), 10);
	free(text);
	rules.count = VERDICT_THRESHOLDS_MAX;
	for (size_t i = 1; i < VERDICT_THRESHOLDS_MAX; i++) {
		rules.list[i] = rules.list[0];
		verdict.outcomes[i] = verdict.outcomes[0];
	}
	text = write_annotations(NULL, &verdict);
	assert_int_equal(count_lines(text), 10);
	assert_null(strstr(text, "::warning"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well_and_nothing_is_said),
		cmocka_unit_test(each_is_a_line_with_its_characters_escaped),
		cmocka_unit_test(a_run_that_did_not_begin_says_why),
		cmocka_unit_test(there_are_at_most_ten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
