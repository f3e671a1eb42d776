/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a stored report. What json_read() takes must be a result that can be judged, told in
 * every format, and written so that it is read again as the same.
 *
 * The unit suite feeds it documents with one thing wrong (test_json_mutations.c). libFuzzer's own,
 * with clang:
 *
 *   CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false \
 *       -Dc_args=-fsanitize=fuzzer-no-link
 *   ninja -C build-fuzz tests/fuzz/fuzz_result
 *   build-fuzz/tests/fuzz/fuzz_result -max_len=65536 CORPUS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/json.h"
#include "tcpgoon/report/formats.h"
#include "tcpgoon/report/json_read.h"
#include "tcpgoon/verdict/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth, const char *what)
{
	if (!truth) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

/* The whole report, which the caller frees. */
static char *render(const struct report_ops *format, const struct result *result,
	const struct verdict *verdict, size_t *ret_length)
{
	struct report report = REPORT_INIT;
	report.ops = format;
	char *text = NULL;
	expect(report_render(&report, result, verdict, &text, ret_length) == 0, "not rendered");
	report_finish(&report);
	return text;
}

/* Thresholds of the document are foreign as well: those that cannot be read are left out. */
static void judge(
	const struct result *result, struct threshold_rules *rules, struct verdict *verdict)
{
	const struct result_settings *settings = &result->settings;
	struct error error = ERROR_INIT;
	if (threshold_rules_read(rules, &settings->fail_if, &settings->abort_if, &error) < 0) {
		expect(error.text[0] != '\0', "thresholds are refused without a word");
		rules->count = 0;
	}
	verdict_judge(result, rules, verdict);
}

static void check(const struct result *result)
{
	static struct threshold_rules rules;
	static struct verdict verdict;
	static struct verdict verdict_again;
	struct result again;
	size_t length = 0;
	size_t length_again = 0;
	judge(result, &rules, &verdict);
	for (size_t i = 0; report_formats[i] != NULL; i++) {
		free(render(report_formats[i], result, &verdict, &length));
	}
	char *text = render(&report_json, result, &verdict, &length);
	expect(json_read(text, length, &again, NULL) == 0, "what was written is not read");
	judge(&again, &rules, &verdict_again);
	char *text_again = render(&report_json, &again, &verdict_again, &length_again);
	expect(length == length_again && memcmp(text, text_again, length) == 0,
		"what was read again is not the same");
	free(text_again);
	free(text);
	result_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result result;
	struct error error = ERROR_INIT;
	/* A copy of exactly that size: what is read beyond its end is found. */
	char *copy = malloc(size > 0 ? size : 1);
	expect(copy != NULL, "no memory");
	memcpy(copy, data, size);
	int r = json_read(copy, size, &result, &error);
	free(copy);
	if (r < 0) {
		expect(error.text[0] != '\0', "refused without a word");
		return 0;
	}
	check(&result);
	result_finish(&result);
	return 0;
}
