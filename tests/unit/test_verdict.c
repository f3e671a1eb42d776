/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plain_verdict.h"

static void exit_status_follows_from_the_numbers(void **state)
{
	(void)state;
	static const struct {
		struct snapshot at_end;
		enum result_end end;
		bool held;
		enum exit_status status;
	} cases[] = {
		{{.total = 5, .established = 5}, RESULT_COMPLETED, false, EXIT_STATUS_OK},
		{{.total = 5, .established = 5}, RESULT_COMPLETED, true, EXIT_STATUS_OK},
		/* Without --hold the peer may close as it likes, */
		{{.total = 5, .established = 3, .closed = 2}, RESULT_COMPLETED, false,
			EXIT_STATUS_OK},
		/* with it, one that was dropped is one too many. */
		{{.total = 5, .established = 4, .closed = 1}, RESULT_COMPLETED, true,
			EXIT_STATUS_FAILURES},
		{{.total = 5, .established = 4, .failed = 1}, RESULT_COMPLETED, false,
			EXIT_STATUS_FAILURES},
		{{.total = 5, .failed = 5}, RESULT_COMPLETED, true, EXIT_STATUS_FAILURES},
		/* Interrupted comes before all else. */
		{{.total = 5, .established = 5}, RESULT_INTERRUPTED, true, EXIT_STATUS_INCOMPLETE},
		{{.total = 5, .failed = 1, .not_initiated = 4}, RESULT_INTERRUPTED, false,
			EXIT_STATUS_INCOMPLETE},
		/* And so does what was left undone, for whatever reason. */
		{{.total = 5, .failed = 1, .not_initiated = 4}, RESULT_COMPLETED, false,
			EXIT_STATUS_INCOMPLETE},
		{{.total = 5, .established = 4, .dialing = 1}, RESULT_COMPLETED, false,
			EXIT_STATUS_INCOMPLETE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct result result = {
			.at_end = cases[i].at_end,
			.totals = {.failed = cases[i].at_end.failed,
				.dropped = cases[i].at_end.closed},
			.end = cases[i].end,
			.held = cases[i].held,
		};
		assert_int_equal(plain_verdict(&result).exit_status, cases[i].status);
	}
}

static void exit_statuses_are_the_numbers_that_scripts_know(void **state)
{
	(void)state;
	assert_int_equal(EXIT_STATUS_OK, 0);
	assert_int_equal(EXIT_STATUS_INCOMPLETE, 1);
	assert_int_equal(EXIT_STATUS_FAILURES, 2);
	assert_int_equal(EXIT_STATUS_THRESHOLD, 3);
	assert_int_equal(EXIT_STATUS_LOCAL_LIMIT, 4);
}

static void fail_with(struct result *result, enum cause cause, uint64_t count)
{
	result->causes[cause].count = count;
	result->totals.failed += count;
	result->at_end.total += count;
	result->totals.dialed += count;
}

static struct threshold_rules rules_of(const char *text, bool aborts)
{
	struct threshold_rules rules = {.count = 1};
	rules.list[0].aborts = aborts;
	assert_int_equal(threshold_parse(text, &rules.list[0].threshold, NULL), 0);
	return rules;
}

static void a_finding_can_put_failures_on_this_machine(void **state)
{
	(void)state;
	struct result result = {.tables = {.conntrack_used = 100, .conntrack_max = 100}};
	netstat_init(&result.network);
	fail_with(&result, CAUSE_TIMED_OUT, 3);
	struct verdict verdict = plain_verdict(&result);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_LOCAL_LIMIT);
	assert_string_equal(verdict.reasons[0],
		"This machine was the limit: 3 connections failed because of it (conntrack_full).");
	result.tables.conntrack_used = 50;
	assert_int_equal(plain_verdict(&result).exit_status, EXIT_STATUS_FAILURES);
}

static void local_failures_say_nothing_of_the_target(void **state)
{
	(void)state;
	struct result result = {0};
	fail_with(&result, CAUSE_REFUSED, 3);
	assert_int_equal(plain_verdict(&result).exit_status, EXIT_STATUS_FAILURES);
	fail_with(&result, CAUSE_PORTS_EXHAUSTED, 1);
	struct verdict verdict = plain_verdict(&result);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_LOCAL_LIMIT);
	assert_string_equal(verdict.reasons[0],
		"This machine was the limit: 1 connection failed here (no free local port).");
	result.end = RESULT_INTERRUPTED;
	assert_int_equal(plain_verdict(&result).exit_status, EXIT_STATUS_INCOMPLETE);
}

static void thresholds_replace_the_rule_on_failures(void **state)
{
	(void)state;
	struct result result = {0};
	struct verdict verdict;
	fail_with(&result, CAUSE_REFUSED, 3);
	struct threshold_rules lenient = rules_of("errors>3", false);
	verdict_judge(&result, &lenient, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_OK);
	assert_false(verdict.outcomes[0].crossed);
	struct threshold_rules strict = rules_of("errors>2", false);
	verdict_judge(&result, &strict, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_THRESHOLD);
	assert_true(verdict.outcomes[0].crossed);
	assert_string_equal(verdict.reasons[0], "The threshold errors>2 was crossed: 3.");
	/* This machine's limits come before, and so does an interruption. */
	fail_with(&result, CAUSE_MEMORY, 1);
	verdict_judge(&result, &strict, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_LOCAL_LIMIT);
}

static void what_cannot_be_judged_replaces_nothing(void **state)
{
	(void)state;
	struct result result;
	struct verdict verdict;
	struct threshold_rules rules = rules_of("connect.p99>50ms", false);
	assert_int_equal(result_init(&result), 0);
	/* Nothing failed: but what was asked was not found out. */
	verdict_judge(&result, &rules, &verdict);
	assert_string_not_equal(verdict.outcomes[0].not_judged, "");
	assert_int_equal(verdict.exit_status, EXIT_STATUS_FAILURES);
	assert_int_equal(verdict.reason_count, 1);
	assert_string_equal(verdict.reasons[0],
		"The threshold connect.p99>50ms does not count as kept: there are no samples.");

	fail_with(&result, CAUSE_REFUSED, 3);
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_FAILURES);
	assert_int_equal(verdict.reason_count, 2);
	assert_string_equal(verdict.reasons[1], "3 of 3 connections failed.");

	/* One that can be judged beside it does not speak for it, */
	rules.count = 2;
	assert_int_equal(threshold_parse("errors>3", &rules.list[1].threshold, NULL), 0);
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_FAILURES);
	/* and one that is crossed counts before. */
	assert_int_equal(threshold_parse("errors>2", &rules.list[1].threshold, NULL), 0);
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_THRESHOLD);

	/* With a sample it has its word again, whatever failed. */
	rules.count = 1;
	histogram_record(&result.times[TIMES_CONNECT], 10);
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_OK);
	result_finish(&result);
}

static void what_was_not_known_is_no_success(void **state)
{
	(void)state;
	struct result result;
	struct verdict verdict;
	struct threshold_rules rules = rules_of("unconfirmed>0", false);
	assert_int_equal(result_init(&result), 0);
	result.totals.established = result.totals.dialed = 5;
	result.at_end = (struct snapshot){.total = 5, .established = 4, .closed = 1};
	result.totals.dropped = 1;
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_FAILURES);
	assert_int_equal(
		verdict.reason_count, 1); /* it was not held: the drop counts for nothing */
	result.held = true;
	verdict_judge(&result, &rules, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_FAILURES);
	assert_int_equal(verdict.reason_count, 2);
	result_finish(&result);
}

static void only_rules_that_abort_end_a_run(void **state)
{
	(void)state;
	struct result result = {0};
	fail_with(&result, CAUSE_REFUSED, 3);
	struct threshold_rules fail_if = rules_of("errors>2", false);
	struct threshold_rules abort_if = rules_of("errors>2", true);
	struct threshold_rules not_yet = rules_of("errors>3", true);
	assert_false(verdict_aborts(&result, &fail_if));
	assert_true(verdict_aborts(&result, &abort_if));
	assert_false(verdict_aborts(&result, &not_yet));
	result.end = RESULT_ABORTED;
	result.at_end.not_initiated = 7;
	struct verdict verdict;
	verdict_judge(&result, &abort_if, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_THRESHOLD);
	/* What held for a moment has ended the run all the same. */
	verdict_judge(&result, &not_yet, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_THRESHOLD);
	assert_string_equal(verdict.reasons[0], "The run was ended early by --abort-if.");
}

static void a_failure_after_the_run_comes_before_all(void **state)
{
	(void)state;
	const struct result well = {.at_end = {.total = 5, .established = 5}};
	struct verdict verdict = plain_verdict(&well);
	assert_string_equal(verdict.reasons[0], "All went well.");
	verdict_fail(&verdict, "The report was lost.");
	verdict_fail(&verdict, "The text was lost.");
	assert_int_equal(verdict.exit_status, EXIT_STATUS_INCOMPLETE);
	assert_int_equal(verdict.reason_count, 2);
	assert_string_equal(verdict.reasons[0], "The report was lost.");
	assert_string_equal(verdict.reasons[1], "The text was lost.");

	const struct result failed = {.at_end = {.total = 5, .failed = 5}, .totals.failed = 5};
	verdict = plain_verdict(&failed);
	for (size_t i = 0; i < VERDICT_REASONS_MAX; i++) {
		verdict_fail(&verdict, i == VERDICT_REASONS_MAX - 1 ? "last" : "more");
	}
	assert_int_equal(verdict.exit_status, EXIT_STATUS_INCOMPLETE);
	assert_int_equal(verdict.reason_count, VERDICT_REASONS_MAX);
	assert_string_equal(verdict.reasons[0], "5 of 5 connections failed.");
	assert_string_equal(verdict.reasons[VERDICT_REASONS_MAX - 1], "last");
}

static void a_run_that_did_not_begin(void **state)
{
	(void)state;
	static const struct threshold_rules none = {.count = 0};
	struct verdict verdict;
	verdict_decline(EXIT_STATUS_LOCAL_LIMIT, &none, &verdict);
	assert_int_equal(verdict.exit_status, EXIT_STATUS_LOCAL_LIMIT);
	assert_int_equal(verdict.reason_count, 1);
	assert_string_equal(verdict.reasons[0], "Nothing was dialled.");
	assert_int_equal(verdict.findings.count, 0);
}

static void a_run_that_broke_off_is_incomplete(void **state)
{
	(void)state;
	const struct result result = {
		.at_end = {.total = 5, .established = 5}, .end = RESULT_FAILED};
	assert_int_equal(plain_verdict(&result).exit_status, EXIT_STATUS_INCOMPLETE);
}

static void several_are_judged_by_the_one_that_outweighs(void **state)
{
	(void)state;
	const struct result well = {.at_end = {.total = 5, .established = 5}};
	const struct result failed = {.at_end = {.total = 5, .failed = 5}, .totals = {.failed = 5}};
	const struct result cut = {.at_end = {.total = 5, .established = 5}, .end = RESULT_FAILED};
	const struct verdict one[] = {
		plain_verdict(&well), plain_verdict(&failed), plain_verdict(&cut)};
	static const char *const names[] = {"a", "b", "c"};
	const struct verdict *const verdicts[] = {&one[0], &one[1], &one[2]};
	struct verdict all;
	verdict_unite(names, verdicts, 1, &all);
	assert_true(all.all_well);
	assert_int_equal(all.exit_status, EXIT_STATUS_OK);
	assert_string_equal(all.reasons[0], "All went well.");
	struct verdict noted = one[0];
	noted.findings.count = 1;
	verdict_unite(names, (const struct verdict *const[]){&noted}, 1, &all);
	assert_string_equal(all.reasons[0], "Nothing counted as a failure.");
	verdict_unite(names, verdicts, 3, &all);
	assert_false(all.all_well);
	assert_int_equal(all.exit_status, EXIT_STATUS_INCOMPLETE);
	assert_int_equal(all.reason_count, 2);
	assert_string_equal(all.reasons[0], "b: 5 of 5 connections failed.");
	assert_string_equal(all.reasons[1], "c: The run could not be completed.");
}

static void reasons_without_room_are_counted(void **state)
{
	(void)state;
	struct verdict bad = {.exit_status = EXIT_STATUS_FAILURES, .reason_count = 1};
	const char *names[VERDICT_REASONS_MAX + 2];
	const struct verdict *verdicts[VERDICT_REASONS_MAX + 2];
	for (size_t i = 0; i < VERDICT_REASONS_MAX + 2; i++) {
		names[i] = "x";
		verdicts[i] = &bad;
	}
	struct verdict all;
	verdict_unite(names, verdicts, VERDICT_REASONS_MAX, &all);
	assert_string_equal(all.reasons[VERDICT_REASONS_MAX - 1], "x: ");
	verdict_unite(names, verdicts, VERDICT_REASONS_MAX + 2, &all);
	assert_int_equal(all.reason_count, VERDICT_REASONS_MAX);
	assert_string_equal(all.reasons[VERDICT_REASONS_MAX - 1], "3 more reasons are left out.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status_follows_from_the_numbers),
		cmocka_unit_test(exit_statuses_are_the_numbers_that_scripts_know),
		cmocka_unit_test(a_finding_can_put_failures_on_this_machine),
		cmocka_unit_test(local_failures_say_nothing_of_the_target),
		cmocka_unit_test(thresholds_replace_the_rule_on_failures),
		cmocka_unit_test(what_cannot_be_judged_replaces_nothing),
		cmocka_unit_test(what_was_not_known_is_no_success),
		cmocka_unit_test(only_rules_that_abort_end_a_run),
		cmocka_unit_test(a_failure_after_the_run_comes_before_all),
		cmocka_unit_test(a_run_that_did_not_begin),
		cmocka_unit_test(a_run_that_broke_off_is_incomplete),
		cmocka_unit_test(several_are_judged_by_the_one_that_outweighs),
		cmocka_unit_test(reasons_without_room_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
