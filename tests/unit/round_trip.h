/* SPDX-License-Identifier: MIT */
/* A result written as JSON and read back: the verdict on it is the same, and so is the document. */
#ifndef TCPGOON_TESTS_ROUND_TRIP_H
#define TCPGOON_TESTS_ROUND_TRIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/json.h"
#include "tcpgoon/report/json_read.h"
#include "tcpgoon/verdict/verdict.h"

/* The document, which the caller frees. */
static inline char *write_json(
	const struct result *result, const struct verdict *verdict, size_t *ret_length)
{
	struct report report = REPORT_INIT;
	report.ops = &report_json;
	char *text = NULL;
	assert_int_equal(report_render(&report, result, verdict, &text, ret_length), 0);
	report_finish(&report);
	return text;
}

static inline void assert_same_findings(const struct findings *a, const struct findings *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct finding *before = &a->list[i];
		const struct finding *after = &b->list[i];
		assert_string_equal(before->name, after->name);
		assert_string_equal(before->evidence, after->evidence);
		assert_string_equal(before->hint, after->hint);
		assert_int_equal(before->side, after->side);
		assert_int_equal(before->weight, after->weight);
		assert_int_equal(before->count, after->count);
	}
}

static inline void assert_same_verdict(const struct verdict *a, const struct verdict *b)
{
	assert_int_equal(a->exit_status, b->exit_status);
	assert_int_equal(a->all_well, b->all_well);
	assert_int_equal(a->reason_count, b->reason_count);
	for (size_t i = 0; i < a->reason_count; i++) {
		assert_string_equal(a->reasons[i], b->reasons[i]);
	}
	assert_same_findings(&a->findings, &b->findings);
	for (size_t i = 0; i < a->rules->count; i++) {
		assert_int_equal(a->outcomes[i].crossed, b->outcomes[i].crossed);
		assert_int_equal(a->outcomes[i].unmeasured_here, b->outcomes[i].unmeasured_here);
		assert_int_equal(
			a->outcomes[i].not_judged[0] == '\0', b->outcomes[i].not_judged[0] == '\0');
		assert_string_equal(a->outcomes[i].actual, b->outcomes[i].actual);
		assert_string_equal(a->outcomes[i].limit, b->outcomes[i].limit);
	}
}

/* What is read back of this result, for whoever wants to look at it: to be finished. */
static inline void read_back_as_same(const struct result *result, struct result *ret_again)
{
	static struct threshold_rules rules;
	static struct verdict before;
	static struct verdict after;
	const struct result_settings *settings = &result->settings;
	struct error error = ERROR_INIT;
	assert_int_equal(
		threshold_rules_read(&rules, &settings->fail_if, &settings->abort_if, &error), 0);
	verdict_judge(result, &rules, &before);
	size_t length = 0;
	char *text = write_json(result, &before, &length);
	if (json_read(text, length, ret_again, &error) < 0) {
		fail_msg("%s", error.text);
	}
	verdict_judge(ret_again, &rules, &after);
	assert_same_verdict(&before, &after);
	size_t length_again = 0;
	char *text_again = write_json(ret_again, &after, &length_again);
	assert_string_equal(text, text_again);
	assert_int_equal(length, length_again);
	free(text_again);
	free(text);
}

static inline void assert_survives(const struct result *result)
{
	struct result again;
	read_back_as_same(result, &again);
	result_finish(&again);
}

#endif
