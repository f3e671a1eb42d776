/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expected.h"
#include "report/markdown.h"

/* As much as there can be of all that a report has. */
static struct expected_sample *make_longest(void)
{
	struct expected_sample *sample = expected_make("full");
	const size_t length = (size_t)1 << 18;
	char *host = malloc(length + 1);
	assert_non_null(host);
	memset(host, '\\', length);
	host[length] = '\0';
	free(sample->result.settings.host);
	sample->result.settings.host = host;
	memset(sample->result.error.text, '\\', sizeof(sample->result.error.text) - 1);
	struct verdict *verdict = &sample->verdict;
	verdict->findings.count = FINDINGS_MAX;
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *finding = &verdict->findings.list[i];
		*finding = verdict->findings.list[0];
		memset(finding->evidence, '&', sizeof(finding->evidence) - 1);
		memset(finding->hint, '&', sizeof(finding->hint) - 1);
	}
	sample->rules.count = VERDICT_THRESHOLDS_MAX;
	for (size_t i = 1; i < VERDICT_THRESHOLDS_MAX; i++) {
		sample->rules.list[i] = sample->rules.list[0];
		verdict->outcomes[i] = verdict->outcomes[0];
	}
	verdict->reason_count = VERDICT_REASONS_MAX;
	for (size_t i = 0; i < VERDICT_REASONS_MAX; i++) {
		memset(verdict->reasons[i], '&', VERDICT_REASON_MAX - 1);
	}
	return sample;
}

/* GitHub shows none that has more. One result never has; of many, the rest is left out. */
static void none_has_more_than_a_mebibyte(void **state)
{
	(void)state;
	struct expected_sample *sample = make_longest();
	char *text = expected_render(&report_markdown, sample);
	assert_in_range(strlen(text), 1, (1 << 20) - 1);
	assert_null(strstr(text, "left out"));
	assert_non_null(strstr(text, "\n### Causes\n"));
	free(text);

	struct report_part parts[20];
	for (size_t i = 0; i < 20; i++) {
		parts[i] = (struct report_part){"x", &sample->result, &sample->verdict};
	}
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_markdown.end_many(NULL, out, parts, 20, &sample->verdict), 0);
	fclose(out);
	assert_in_range(length, (1 << 20) - (1 << 16), 1 << 20);
	const char *note = "\n\n_The rest is left out: there is no room for more._\n";
	assert_string_equal(text + length - strlen(note), note);
	free(text);
	result_finish(&sample->result);
	free(sample);
}

static void several_results_follow_each_other(void **state)
{
	(void)state;
	struct expected_sample *sample = expected_make("full");
	struct report_part parts[] = {{"a.json", &sample->result, &sample->verdict},
		{"b.json", &sample->result, &sample->verdict}};
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_markdown.end_many(NULL, out, parts, 2, &sample->verdict), 0);
	fclose(out);
	assert_ptr_equal(strstr(text, "**Exit status 1** of 2 results.\n\n## tcpgoon: "), text);
	assert_non_null(strstr(strstr(text, "\n## ") + 1, "\n\n## tcpgoon: "));
	free(text);
	result_finish(&sample->result);
	free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_has_more_than_a_mebibyte),
		cmocka_unit_test(several_results_follow_each_other),
	};
	int failed = expected_run(&report_markdown);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
