/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/verdict/threshold.h"

/*
 * A run in which every number differs: 1000 asked for, 900 dialled, 800 established of which 200
 * were dropped and 4 unconfirmed, 90 failed, 10 undecided.
 */
static int setup(void **state)
{
	struct result *result = malloc(sizeof(*result));
	assert_non_null(result);
	assert_int_equal(result_init(result), 0);
	result->at_end = (struct snapshot){.total = 1000,
		.not_initiated = 100,
		.dialing = 10,
		.established = 600,
		.closed = 200,
		.failed = 90};
	result->totals =
		(struct totals){.dialed = 900, .established = 800, .failed = 90, .dropped = 200};
	result->max_concurrent = 700;
	result->unconfirmed = result->unconfirmed_most = 4;
	result->dialing_ns = 2 * NSEC_PER_SEC;
	for (uint64_t us = 1; us <= 1000; us++) {
		histogram_record(&result->times[TIMES_HANDSHAKE], us);
		histogram_record(&result->times[TIMES_CONNECT], 1000 + us);
		histogram_record(&result->times[TIMES_LAG], 5);
	}
	histogram_record_n(&result->times[TIMES_LIFETIME], 60000000, 200);
	*state = result;
	return 0;
}

static int teardown(void **state)
{
	result_finish(*state);
	free(*state);
	return 0;
}

static struct threshold parsed(const char *text)
{
	struct error error = ERROR_INIT;
	struct threshold threshold;
	if (threshold_parse(text, &threshold, &error) < 0) {
		fail_msg("'%s': %s", text, error.text);
	}
	assert_string_equal(threshold.text, text);
	return threshold;
}

static struct threshold_outcome outcome_of(
	const char *text, const struct result *result, bool running)
{
	struct threshold threshold = parsed(text);
	struct threshold_outcome outcome;
	threshold_evaluate(&threshold, result, running, &outcome);
	return outcome;
}

static bool crossed(const char *text, const struct result *result)
{
	struct threshold_outcome outcome = outcome_of(text, result, false);
	assert_string_equal(outcome.not_judged, "");
	return outcome.crossed;
}

/* Each metric, by the exact value it has. */
static void each_metric_reads_its_own_number(void **state)
{
	const struct result *result = *state;
	const struct {
		const char *text;
		const char *actual;
		const char *limit;
	} cases[] = {
		{"errors==90", "90", "90"},
		{"errors==10%", "10%", "10%"}, /* of the 900 dialled */
		{"established==800", "800", "800"},
		{"established==80%", "80%", "80%"}, /* of the 1000 asked for */
		{"unconfirmed==4", "4", "4"},
		{"unconfirmed==0.5%", "0.5%", "0.5%"}, /* of the 800 established */
		{"drops==200", "200", "200"},
		{"drops==25%", "25%", "25%"}, /* of the 800 established */
		{"open==600", "600", "600"},
		{"open==60%", "60%", "60%"},
		{"max-concurrent==700", "700", "700"},
		{"max-concurrent==70%", "70%", "70%"},
		{"dialed==900", "900", "900"},
		{"dialed==90%", "90%", "90%"},
		{"undecided==10", "10", "10"},
		{"undecided==1%", "1%", "1%"},
		{"handshake.min==1us", "1\u00b5s", "1\u00b5s"},
		{"handshake.max==1ms", "1ms", "1ms"},
		{"handshake.p50==500us", "500\u00b5s", "500\u00b5s"},
		{"handshake.p90==900us", "900\u00b5s", "900\u00b5s"},
		{"handshake.p99==990us", "990\u00b5s", "990\u00b5s"},
		{"handshake.p99.9==999us", "999\u00b5s", "999\u00b5s"},
		{"handshake.p999==999us", "999\u00b5s", "999\u00b5s"},
		{"handshake.mean==500.5us", "500.5\u00b5s", "500.5\u00b5s"},
		{"connect.max==2", "2ms", "2ms"},
		{"connect.min==1.001", "1.001ms", "1.001ms"},
		{"lag.stddev==0", "0s", "0s"},
		{"lag.max==5us", "5\u00b5s", "5\u00b5s"},
		{"lifetime.max==1m0s", "1m0s", "1m0s"},
		{"rate==400", "400.0/s", "400/s"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct threshold_outcome outcome = outcome_of(cases[i].text, result, false);
		if (!outcome.crossed) {
			fail_msg("'%s': it is %s", cases[i].text, outcome.actual);
		}
		assert_string_equal(outcome.not_judged, "");
		assert_string_equal(outcome.actual, cases[i].actual);
		assert_string_equal(outcome.limit, cases[i].limit);
	}
	struct threshold_metric metric;
	for (size_t i = 0; threshold_metric_at(i, &metric); i++) {
		bool seen = false;
		for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]) && !seen; j++) {
			seen = strcmp(parsed(cases[j].text).metric.name, metric.name) == 0;
		}
		/* The one without samples here is judged below. */
		assert_true(seen || strcmp(metric.name, "failure") == 0);
	}
}

static void each_operator_compares(void **state)
{
	const struct result *result = *state; /* errors are 90 */
	const struct {
		const char *relation;
		bool at_89, at_90, at_91;
	} cases[] = {
		{">", true, false, false},
		{">=", true, true, false},
		{"<", false, false, true},
		{"<=", false, true, true},
		{"==", false, true, false},
		{"!=", true, false, true},
	};
	assert_int_equal(sizeof(cases) / sizeof(cases[0]), THRESHOLD_RELATIONS);
	for (size_t i = 0; i < THRESHOLD_RELATIONS; i++) {
		char text[32];
		assert_string_equal(
			cases[i].relation, threshold_relation_name((enum threshold_relation)i));
		snprintf(text, sizeof(text), "errors%s89", cases[i].relation);
		assert_int_equal(crossed(text, result), cases[i].at_89);
		snprintf(text, sizeof(text), "errors %s 90", cases[i].relation);
		assert_int_equal(crossed(text, result), cases[i].at_90);
		snprintf(text, sizeof(text), " errors\t%s  91 ", cases[i].relation);
		assert_int_equal(crossed(text, result), cases[i].at_91);
	}
}

/* No rounding decides: 999 of 1000 is 99.9%, and a third is not 33.333333%. */
static void shares_are_exact(void **state)
{
	struct result *result = *state;
	result->totals.established = 999;
	assert_false(crossed("established<99.9%", result));
	assert_false(crossed("established>99.9%", result));
	assert_true(crossed("established<99.900001%", result));
	result->totals.established = 998;
	assert_true(crossed("established<99.9%", result));
	result->at_end.total = UINT64_C(16777216);
	result->totals.established = UINT64_C(16777215);
	assert_true(crossed("established<100%", result));
	result->totals.dialed = 3;
	result->totals.failed = 1;
	assert_true(crossed("errors>33.333333%", result));
	assert_true(crossed("errors<33.333334%", result));
}

static void suffixes_count(void **state)
{
	struct result *result = *state;
	assert_true(crossed("connect.max<1s", result));
	assert_true(crossed("connect.max>=2000us", result));
	assert_true(crossed("connect.max<1m30s", result));
	result->totals.established = 20000;
	assert_true(crossed("established==20k", result));
	assert_true(crossed("rate==10k", result));
	assert_true(crossed("rate==10k/s", result));
}

/* A time of which half is missing could be anything; of what is missing the outcome tells. */
static void times_that_were_measured_of_some(void **state)
{
	struct result *result = *state;
	result->totals.established = 1000;
	struct threshold_outcome outcome = outcome_of("handshake.max>1h", result, false);
	assert_string_equal(outcome.not_judged, "");
	assert_string_equal(outcome.actual, "1ms");
	result->totals.established = 2000;
	outcome = outcome_of("handshake.max>1h", result, false);
	assert_string_equal(outcome.not_judged, "");
	assert_string_equal(outcome.actual, "1ms, measured of 1000 of 2000");
	result->totals.established = 2001;
	outcome = outcome_of("handshake.max>1h", result, false);
	assert_string_equal(outcome.not_judged, "it was measured of less than half of them");
	assert_false(outcome_of("handshake.max>0", result, false).crossed);
	/* While the run goes on, its own samples are all there are. */
	assert_true(outcome_of("handshake.max>0", result, true).crossed);
}

/* That is the best there can be, and no want of a measurement. */
static void no_failure_has_no_time(void **state)
{
	struct result *result = *state;
	assert_string_not_equal(outcome_of("failure.p99>1s", result, false).not_judged, "");
	result->totals.failed = 0;
	struct threshold_outcome outcome = outcome_of("failure.p99>1s", result, false);
	assert_string_equal(outcome.not_judged, "");
	assert_false(outcome.crossed);
	assert_string_equal(outcome.actual, "of none that failed");
	result->totals.dropped = 0;
	histogram_reset(&result->times[TIMES_LIFETIME]);
	outcome = outcome_of("lifetime.min<1h", result, false);
	assert_string_equal(outcome.not_judged, "");
	assert_false(outcome.crossed);
	assert_string_equal(outcome.actual, "of none that was dropped");
}

/* Lifetimes of a run that stalled: most are not known. */
static void times_that_are_set_apart_are_named(void **state)
{
	struct result *result = *state;
	histogram_reset(&result->times[TIMES_LIFETIME]);
	assert_string_equal(
		outcome_of("lifetime.min<1h", result, false).not_judged, "there are no samples");
	result->stalls.lifetime_apart = 200;
	assert_string_equal(outcome_of("lifetime.min<1h", result, false).not_judged,
		"most of them span a stall of this program");
}

static void a_run_without_a_pace_has_no_lag(void **state)
{
	struct result *result = *state;
	histogram_reset(&result->times[TIMES_LAG]);
	assert_string_equal(outcome_of("lag.p99>1ms", result, false).not_judged,
		"a run without a pace has no schedule: give --rate or --sleep");
	result->schedule = schedule_every(1000, 1);
	assert_string_equal(
		outcome_of("lag.p99>1ms", result, false).not_judged, "there are no samples");
}

static void what_cannot_be_known_is_not_judged(void **state)
{
	struct result *result = *state;
	result->unconfirmed = result->unconfirmed_most = RESULT_UNKNOWN;
	result->dialing_ns = RESULT_UNKNOWN;
	result->totals.dialed = 0;
	const char *const texts[] = {"unconfirmed>0", "unconfirmed<5%", "failure.max>0",
		"failure.p99<1h", "errors>=0%", "rate<1k"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct threshold_outcome outcome = outcome_of(texts[i], result, false);
		assert_false(outcome.crossed);
		assert_string_not_equal(outcome.not_judged, "");
		assert_string_equal(outcome.actual, "");
		assert_string_not_equal(outcome.limit, "");
	}
	result->dialing_ns = 0;
	assert_string_not_equal(outcome_of("rate<1k", result, false).not_judged, "");
}

/* What failed is a question of this program, not the connections. */
static void what_the_kernel_did_not_answer_was_not_measured_here(void **state)
{
	struct result *result = *state;
	result->unconfirmed = RESULT_UNKNOWN;
	result->unconfirmed_most = 800;
	assert_false(outcome_of("unconfirmed>0", result, false).unmeasured_here);
	result->kernel.error_number = ENOBUFS;
	struct threshold_outcome outcome = outcome_of("unconfirmed>0", result, false);
	assert_true(outcome.unmeasured_here);
	assert_string_equal(outcome.not_judged, "the kernel gave no answer");
	assert_false(outcome_of("handshake.p99>1s", result, false).unmeasured_here); /* judged */
	histogram_reset(&result->times[TIMES_HANDSHAKE]);
	assert_true(outcome_of("handshake.p99>1s", result, false).unmeasured_here);
	histogram_reset(&result->times[TIMES_LAG]);
	assert_false(outcome_of("lag.p99>1s", result, false).unmeasured_here);
}

/* Of 800 connections, at least 4 and at most 16: only what all of these numbers say counts. */
static void a_count_between_bounds_is_judged_by_both(void **state)
{
	struct result *result = *state;
	result->unconfirmed_most = 16;
	const char *const crossed_by_all[] = {"unconfirmed>3", "unconfirmed>=4", "unconfirmed<17",
		"unconfirmed<=16", "unconfirmed!=3", "unconfirmed!=17", "unconfirmed<=2%",
		"unconfirmed>=0.5%"};
	for (size_t i = 0; i < sizeof(crossed_by_all) / sizeof(crossed_by_all[0]); i++) {
		struct threshold_outcome outcome = outcome_of(crossed_by_all[i], result, false);
		assert_string_equal(outcome.not_judged, "");
		assert_true(outcome.crossed);
	}
	assert_string_equal(outcome_of("unconfirmed>3", result, false).actual, "at least 4");
	assert_string_equal(outcome_of("unconfirmed>=0.5%", result, false).actual, "at least 0.5%");
	const char *const kept_by_all[] = {"unconfirmed>16", "unconfirmed<4", "unconfirmed==3",
		"unconfirmed==17", "unconfirmed>2%"};
	for (size_t i = 0; i < sizeof(kept_by_all) / sizeof(kept_by_all[0]); i++) {
		struct threshold_outcome outcome = outcome_of(kept_by_all[i], result, false);
		assert_string_equal(outcome.not_judged, "");
		assert_false(outcome.crossed);
	}
	const char *const by_some[] = {"unconfirmed>4", "unconfirmed>=16", "unconfirmed<16",
		"unconfirmed<=4", "unconfirmed==4", "unconfirmed==10", "unconfirmed!=16",
		"unconfirmed>1%"};
	for (size_t i = 0; i < sizeof(by_some) / sizeof(by_some[0]); i++) {
		struct threshold_outcome outcome = outcome_of(by_some[i], result, false);
		assert_string_not_equal(outcome.not_judged, "");
		assert_false(outcome.crossed);
	}
	/* Nothing is known of any, but few were in doubt. */
	result->unconfirmed = RESULT_UNKNOWN;
	assert_string_not_equal(outcome_of("unconfirmed>0", result, false).not_judged, "");
	assert_string_equal(outcome_of("unconfirmed>5%", result, false).not_judged, "");
}

/* The same outcome whatever is asked in which words: see below. */
static void assert_judged(const char *text, const struct result *result, bool expected_crossed)
{
	struct threshold threshold = parsed(text);
	struct threshold_outcome outcome;
	threshold_evaluate(&threshold, result, false, &outcome);
	if (outcome.not_judged[0] != '\0' || outcome.crossed != expected_crossed) {
		fail_msg("%s: %s", text, outcome.not_judged[0] != '\0' ? outcome.not_judged : "");
	}
}

static void assert_too_few(const char *text, const struct result *result, const char *why)
{
	struct threshold threshold = parsed(text);
	struct threshold_outcome outcome;
	threshold_evaluate(&threshold, result, false, &outcome);
	assert_false(outcome.crossed);
	assert_false(outcome.unmeasured_here);
	assert_string_equal(outcome.actual, "");
	assert_string_not_equal(outcome.not_judged, "");
	assert_string_equal(outcome.not_judged, why);
}

static void set_outcome(struct result *result, uint64_t dialed, uint64_t failed)
{
	result->at_end.total = dialed;
	result->totals =
		(struct totals){.dialed = dialed, .failed = failed, .established = dialed - failed};
}

/* (1 - 0.00001)^299571 is just above 5%: that many without a failure are one too few. */
static void a_fine_share_takes_many_dials(void **state)
{
	struct result *result = *state;
	const char *const kept[] = {"errors>0.001%", "errors>=0.001%", "established<99.999%",
		"established<=99.999%", "drops>0.001%"};
	const char *const crossed_by_it[] = {
		"errors<0.001%", "errors<=0.001%", "established>99.999%", "established>=99.999%"};
	set_outcome(result, 299572, 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		assert_judged(kept[i], result, false);
	}
	for (size_t i = 0; i < sizeof(crossed_by_it) / sizeof(crossed_by_it[0]); i++) {
		assert_judged(crossed_by_it[i], result, true);
	}
	set_outcome(result, 299571, 0);
	const char *why = "so fine a share cannot be judged with 299571 dials (it takes 299572)";
	for (size_t i = 0; i < 4; i++) {
		assert_too_few(kept[i], result, why);
		assert_too_few(crossed_by_it[i], result, why);
	}
	assert_too_few("drops>0.001%", result,
		"so fine a share cannot be judged with 299571 connections (it takes 299572)");
	set_outcome(result, 0, 0);
	assert_string_equal(outcome_of("errors>0.001%", result, false).not_judged,
		"there is nothing to take a share of");
}

/* What failed has failed, however few were dialled. */
static void a_fine_share_is_crossed_by_any_number(void **state)
{
	struct result *result = *state;
	set_outcome(result, 1000, 1);
	assert_judged("errors>0.001%", result, true);
	assert_judged("established<99.999%", result, true);
	assert_judged("errors<0.001%", result, false);
	assert_judged("established>99.999%", result, false);
}

/* The limits of everyday, and none and all, are about the connections of this run. */
static void other_shares_are_judged_of_any_number(void **state)
{
	struct result *result = *state;
	set_outcome(result, 100, 0);
	const char *const kept[] = {"errors>1%", "errors>0.1%", "errors>0%", "errors>0",
		"established<99%", "established<99.9%", "established<100%", "errors>50%",
		"drops>=0.1%", "errors!=0%"};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		assert_judged(kept[i], result, false);
	}
	assert_judged("errors<1%", result, true);
	assert_judged("errors==0.001%", result, false);
	assert_too_few("errors>0.099999%", result,
		"so fine a share cannot be judged with 100 dials (it takes 2995)");
}

/* --abort-if: what each run begins with must not end it. */
static void a_growing_result_is_judged_with_care(void **state)
{
	struct result *result = *state;
	const char *const low[] = {"established<99.9%", "established<=10k", "errors==90",
		"errors!=1", "open<1k", "rate<1k"};
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		struct threshold_outcome outcome = outcome_of(low[i], result, true);
		assert_false(outcome.crossed);
		assert_string_not_equal(outcome.not_judged, "");
		assert_true(outcome_of(low[i], result, false).crossed);
	}
	const char *const high[] = {"errors>=90", "errors>9%", "drops>0", "connect.p99>1us",
		"connect.p50<1s", "rate>1"};
	for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
		assert_true(outcome_of(high[i], result, true).crossed);
	}

	result->totals.dialed = THRESHOLD_RUNNING_SAMPLES - 1;
	assert_string_not_equal(outcome_of("errors>1%", result, true).not_judged, "");
	assert_true(outcome_of("errors>1", result, true).crossed);
	result->totals.dialed++;
	assert_true(outcome_of("errors>1%", result, true).crossed);
	result->totals.established = THRESHOLD_RUNNING_SAMPLES - 1;
	assert_string_not_equal(outcome_of("rate>1", result, true).not_judged, "");

	histogram_record_n(&result->times[TIMES_FAILURE], 7, THRESHOLD_RUNNING_SAMPLES - 1);
	assert_string_not_equal(outcome_of("failure.mean>1us", result, true).not_judged, "");
	assert_true(outcome_of("failure.max>1us", result, true).crossed);
	assert_true(outcome_of("failure.min>1us", result, true).crossed);
	histogram_record(&result->times[TIMES_FAILURE], 7);
	assert_true(outcome_of("failure.mean>1us", result, true).crossed);
}

/* The column of the caret, from 0, and a word of what is expected there. */
static void each_error_points_at_its_place(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int column;
		const char *expected;
	} cases[] = {
		{"", 0, "unconfirmed, errors"},
		{"   ", 3, "handshake"},
		{">5", 0, "unconfirmed, errors"},
		{"error>5", 0, "unconfirmed, errors"},
		{"errorss>5", 0, "unconfirmed, errors"},
		{" error>5", 1, "unconfirmed, errors"},
		{"ERRORS>5", 0, "unconfirmed, errors"},
		{"errors", 6, "> >= < <= == !="},
		{"errors 5", 7, "> >= < <= == !="},
		{"errors=5", 6, "> >= < <= == !="},
		{"errors=>5", 6, "> >= < <= == !="},
		{"errors<>5", 6, "> >= < <= == !="},
		{"errors.max>5", 6, "operator"},
		{"rate.p99>5", 4, "operator"},
		{"connect>5", 7, ".p99"},
		{"connect.>5", 8, ".p99"},
		{"connect.p9>5", 8, ".p99"},
		{"connect.p99.>5", 8, ".p99"},
		{"connect.P99>5", 8, ".p99"},
		{"errors>", 7, "whole number"},
		{"errors> ", 8, "whole number"},
		{"errors>x", 7, "those dialed"},
		{"drops>-1", 6, "those established"},
		{"errors>1.5", 7, "whole number"},
		{"errors>5ms", 7, "whole number"},
		{"errors>5 6", 7, "whole number"},
		{"errors>%", 7, "0% to 100%"},
		{"errors>101%", 7, "0% to 100%"},
		{"errors>100.000001%", 7, "0% to 100%"},
		{"errors>-1%", 7, "0% to 100%"},
		{"errors>1.%", 7, "0% to 100%"},
		{"errors>.5%", 7, "0% to 100%"},
		{"errors>1..5%", 7, "0% to 100%"},
		{"errors>0.1234567%", 7, "6 decimals"},
		{"errors>99999999999999999999999999%", 7, "0% to 100%"},
		{"connect.p99>", 12, "milliseconds"},
		{"connect.p99 > 5x", 14, "milliseconds"},
		{"connect.p99>5%", 12, "milliseconds"},
		{"rate>fast", 5, "20k/s"},
		{"rate>/s", 5, "20k/s"},
		{"rate>5ms", 5, "20k/s"},
		{"\u00b5errors>5", 0, "unconfirmed, errors"},
		{"connect.p99>\u00b5", 12, "milliseconds"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error error = ERROR_INIT;
		struct threshold threshold = {.text = "untouched"};
		assert_int_equal(threshold_parse(cases[i].text, &threshold, &error), -EINVAL);
		assert_string_equal(threshold.text, "untouched");

		/* What is wrong, then the expression, then the caret. */
		const char *shown = strchr(error.text, '\n');
		assert_non_null(shown);
		assert_true(shown > error.text);
		const char *caret = strchr(shown + 1, '\n');
		assert_non_null(caret);
		size_t length = strlen(cases[i].text);
		assert_int_equal(caret - shown, 3 + (int)length);
		assert_memory_equal(shown + 3, cases[i].text, length);
		int column = (int)strspn(caret + 1, " ") - 2;
		if (column != cases[i].column || caret[column + 3] != '^' ||
			strstr(caret, cases[i].expected) == NULL) {
			fail_msg("'%s': %s", cases[i].text, error.text);
		}
		assert_true(strlen(error.text) < sizeof(error.text) - 1);
	}
}

static void the_message_reads_well(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct threshold threshold;
	assert_int_equal(threshold_parse("connect.p9 > 50ms", &threshold, &error), -EINVAL);
	assert_string_equal(error.text,
		"there is no such statistic\n"
		"  connect.p9 > 50ms\n"
		"          ^ expected one of .min, .mean, .p50, .p90, .p99, .p99.9, .max, .stddev; "
		"did you mean 'p90'?");
	assert_int_equal(threshold_parse("errors\t=>\t1", &threshold, &error), -EINVAL);
	assert_string_equal(error.text,
		"an operator is missing or not known\n"
		"  errors => 1\n"
		"         ^ expected one of > >= < <= == !=");
}

static void too_long_a_text_is_refused(void **state)
{
	(void)state;
	char text[THRESHOLD_TEXT_MAX + 2];
	memset(text, ' ', sizeof(text));
	memcpy(text, "errors>5", 8);
	text[THRESHOLD_TEXT_MAX] = '\0';
	struct threshold threshold;
	struct error error = ERROR_INIT;
	assert_int_equal(threshold_parse(text, &threshold, &error), 0);
	text[THRESHOLD_TEXT_MAX] = ' ';
	text[THRESHOLD_TEXT_MAX + 1] = '\0';
	assert_int_equal(threshold_parse(text, &threshold, &error), -EINVAL);
	assert_non_null(strstr(error.text, "101"));
	/* No message is wanted by some. */
	assert_int_equal(threshold_parse("x", &threshold, NULL), -EINVAL);
}

static void the_table_tells_what_help_needs(void **state)
{
	(void)state;
	size_t count = 0;
	struct threshold_metric metric;
	for (; threshold_metric_at(count, &metric); count++) {
		assert_true(strlen(metric.name) > 0);
		assert_true(strlen(metric.meaning) > 0);
		assert_int_equal(metric.figure == NULL, metric.kind == THRESHOLD_TIME);
		assert_int_equal(metric.whole == NULL, metric.kind == THRESHOLD_TIME);
		if (metric.kind == THRESHOLD_RATE) {
			assert_int_equal(metric.whole->unit, FIGURE_NS);
		} else if (metric.kind == THRESHOLD_COUNT) {
			assert_int_equal(metric.whole->unit, FIGURE_COUNT);
		}
	}
	assert_int_equal(count, 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_metric_reads_its_own_number, setup, teardown),
		cmocka_unit_test_setup_teardown(each_operator_compares, setup, teardown),
		cmocka_unit_test_setup_teardown(shares_are_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(suffixes_count, setup, teardown),
		cmocka_unit_test_setup_teardown(times_that_were_measured_of_some, setup, teardown),
		cmocka_unit_test_setup_teardown(no_failure_has_no_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			times_that_are_set_apart_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_without_a_pace_has_no_lag, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_known_is_not_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_the_kernel_did_not_answer_was_not_measured_here, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_count_between_bounds_is_judged_by_both, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fine_share_takes_many_dials, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_fine_share_is_crossed_by_any_number, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_shares_are_judged_of_any_number, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_growing_result_is_judged_with_care, setup, teardown),
		cmocka_unit_test(each_error_points_at_its_place),
		cmocka_unit_test(the_message_reads_well),
		cmocka_unit_test(too_long_a_text_is_refused),
		cmocka_unit_test(the_table_tells_what_help_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
