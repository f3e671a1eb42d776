/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "compare/contents.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/compare/comparison.h"
#include "tcpgoon/compare/table.h"

enum { RUNS = 20, CONNECTIONS = 2000 };

/* Runs to fill: those of A have even numbers, those of B odd ones, as if made in turns. */
struct fixture {
	struct result results[RUNS];
	const struct result *of_a[RUNS / 2];
	const struct result *of_b[RUNS / 2];
	const char *names[RUNS / 2];
	struct change_rules rules;
	struct comparison *comparison;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	for (size_t i = 0; i < RUNS; i++) {
		assert_int_equal(result_init(&fixture->results[i]), 0);
		(i % 2 == 0 ? fixture->of_a : fixture->of_b)[i / 2] = &fixture->results[i];
		fixture->results[i].started_at_ns = (i + 1) * NSEC_PER_SEC;
		fixture->names[i / 2] = "run.json";
	}
	srand48(20261125);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	comparison_destroy(fixture->comparison);
	for (size_t i = 0; i < RUNS; i++) {
		result_finish(&fixture->results[i]);
	}
	free(fixture);
	return 0;
}

static void compare(struct fixture *fixture, size_t a_count, size_t b_count)
{
	comparison_destroy(fixture->comparison);
	fixture->comparison = NULL;
	assert_int_equal(comparison_create(&fixture->comparison,
				 &(struct comparison_side){fixture->names, fixture->of_a, a_count},
				 &(struct comparison_side){fixture->names, fixture->of_b, b_count},
				 &fixture->rules, NULL),
		0);
}

static void set_rule(struct fixture *fixture, const char *text)
{
	struct text_list list = {.items = {text}, .count = text == NULL ? 0 : 1};
	assert_int_equal(change_rules_read(&fixture->rules, &list, NULL), 0);
}

static const struct row *row_of(const struct fixture *fixture, const char *wanted)
{
	for (size_t i = 0; i < fixture->comparison->row_count; i++) {
		char name[MEASURE_NAME_MAX];
		const struct row *row = &fixture->comparison->rows[i];
		if (strcmp(measure_name(&row->measure, name), wanted) == 0) {
			return row;
		}
	}
	fail_msg("there is no row %s", wanted);
	return NULL;
}

static size_t count_proven(const struct fixture *fixture)
{
	size_t proven = 0;
	for (size_t i = 0; i < fixture->comparison->row_count; i++) {
		proven += fixture->comparison->rows[i].proven;
	}
	return proven;
}

static double normal_number(void)
{
	return sqrt(-2 * log(1 - drand48())) * cos(2 * M_PI * drand48());
}

/*
 * As runs are: each has its own level, batches of 32 share theirs, a few of a hundred batches meet
 * something else on the CPU, and failures come in bursts.
 */
static void make_run(struct result *result, double slower)
{
	double level = exp(0.25 * normal_number());
	uint64_t failed = 0;
	for (int i = 0; i < TIMES_MAX; i++) {
		histogram_reset(&result->times[i]);
	}
	for (int i = 0; i < CONNECTIONS; i += 32) {
		double batch = exp(0.3 * normal_number());
		double other = drand48() < 0.03 ? 8000 * drand48() : 0;
		bool burst = drand48() < 0.02;
		for (int j = 0; j < 32; j++) {
			double us =
				slower * (50 * level * batch * exp(0.2 * normal_number())) + other;
			if (burst && drand48() < 0.5) {
				failed++;
				continue;
			}
			histogram_record(&result->times[TIMES_CONNECT], (uint64_t)us);
			histogram_record(&result->times[TIMES_HANDSHAKE], (uint64_t)(us / 10));
			histogram_record(&result->times[TIMES_LAG],
				(uint64_t)(40 * level * exp(0.3 * normal_number()) + other));
		}
	}
	result->schedule = schedule_every(NSEC_PER_MSEC, 1);
	result->at_end.total = result->totals.dialed = CONNECTIONS;
	result->totals.failed = failed;
	result->totals.established = CONNECTIONS - failed;
	result->at_end.established = result->totals.established;
	result->dialing_ns = (uint64_t)(2e9 * exp(0.1 * normal_number()));
	result->generator.cpu_ns = (uint64_t)(1e8 * level);
}

static void make_runs(struct fixture *fixture, size_t a_side, double b_slower)
{
	for (size_t i = 0; i < 2 * a_side; i++) {
		make_run(&fixture->results[i], i % 2 == 0 ? 1 : b_slower);
	}
}

/* What the method promises: of 100 comparisons of equals at most 5 call anything changed. */
static void equals_rarely_look_changed(void **state)
{
	struct fixture *fixture = *state;
	const size_t sides[] = {1, 6, 10};
	for (size_t i = 0; i < 3; i++) {
		size_t alarms = 0;
		for (int trial = 0; trial < 100; trial++) {
			make_runs(fixture, sides[i], 1);
			compare(fixture, sides[i], sides[i]);
			assert_true(fixture->comparison->judged > 10);
			alarms += count_proven(fixture) > 0;
		}
		if (alarms > 5) {
			fail_msg("%zu alarms with %zu runs a side", alarms, sides[i]);
		}
	}
}

/* The same for what --fail-if names. */
static void a_gate_is_rarely_crossed_by_equals(void **state)
{
	struct fixture *fixture = *state;
	size_t crossed = 0;
	set_rule(fixture, "connect.p99>+0%");
	for (int trial = 0; trial < 100; trial++) {
		make_runs(fixture, 4, 1);
		compare(fixture, 4, 4);
		assert_int_equal(fixture->comparison->judged, 1);
		assert_null(fixture->comparison->outcomes[0].not_judged);
		crossed += comparison_status(fixture->comparison) == EXIT_STATUS_THRESHOLD;
	}
	assert_true(crossed <= 5);
}

static void a_change_of_several_runs_is_found(void **state)
{
	struct fixture *fixture = *state;
	make_runs(fixture, 6, 4);
	compare(fixture, 6, 6);
	const struct row *row = row_of(fixture, "connect.p50");
	assert_true(row->proven);
	assert_true(row->change > 1.5 && row->change < 8);
	assert_true(row->p < 0.0022);
	assert_false(row_of(fixture, "lag.p50")->proven);
	assert_true(row->a.low <= row->a.middle && row->a.middle <= row->a.high);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_OK);
	set_rule(fixture, "connect.p50>+50%");
	compare(fixture, 4, 4);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_THRESHOLD);
	/* Beyond the limit is not enough, nor is a change in the other direction. */
	set_rule(fixture, "connect.p50>+1000%");
	compare(fixture, 4, 4);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_OK);
	set_rule(fixture, "connect.p50<-10%");
	compare(fixture, 4, 4);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_OK);
}

/* A gate that can never close must not look open. */
static void too_few_runs_are_not_judged(void **state)
{
	struct fixture *fixture = *state;
	make_runs(fixture, 6, 4);
	set_rule(fixture, "connect.p50>+50%");
	compare(fixture, 3, 3);
	assert_string_equal(
		fixture->comparison->outcomes[0].not_judged, "so few runs cannot prove a change");
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_FAILURES);
	assert_int_equal(contents_runs_needed(fixture->comparison), 4);
	set_rule(fixture, NULL);
	compare(fixture, 4, 4);
	assert_int_equal(count_proven(fixture), 0);
	assert_int_equal(row_of(fixture, "connect.p50")->doubt, ROW_FEW_RUNS);
	assert_int_equal(contents_runs_needed(fixture->comparison), 6);
}

static void one_run_a_side_shows_what_is_gross(void **state)
{
	struct fixture *fixture = *state;
	make_runs(fixture, 1, 4);
	compare(fixture, 1, 1); /* 150 us more are within what runs differ by */
	assert_int_equal(count_proven(fixture), 0);
	make_runs(fixture, 1, 1000);
	compare(fixture, 1, 1);
	assert_true(row_of(fixture, "connect.p50")->proven);
	assert_true(row_of(fixture, "connect.p90")->proven);
	assert_false(row_of(fixture, "lag.p50")->proven);
	/* Of 2000 connections a p99.9 has no upper end. */
	assert_int_equal(row_of(fixture, "connect.p99.9")->doubt, ROW_FEW_VALUES);
	assert_int_equal(row_of(fixture, "rate")->doubt, ROW_ONE_RUN);
	assert_int_equal(row_of(fixture, "lag.p50")->doubt, ROW_ONE_RUN);
	/* The program may have been so late itself. */
	histogram_record(&fixture->results[1].times[TIMES_LAG], 2000000);
	compare(fixture, 1, 1);
	assert_int_equal(count_proven(fixture), 0);
	fixture->results[0].schedule = fixture->results[1].schedule = schedule_every(0, 1);
	compare(fixture, 1, 1);
	assert_true(row_of(fixture, "connect.p50")->proven);
	fixture->results[0].generator.cpu_wait_ns = 2 * NSEC_PER_SEC;
	compare(fixture, 1, 1);
	assert_int_equal(count_proven(fixture), 0);
	set_rule(fixture, "rate<-5%");
	compare(fixture, 1, 1);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_FAILURES);
}

static void set_failed(struct result *result, uint64_t failed)
{
	result->totals.failed = failed;
	result->totals.established = CONNECTIONS - failed;
}

static void shares_of_one_run_a_side(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		uint64_t of_a, of_b;
		bool proven;
	} cases[] = {
		{0, 400, true},
		{0, 100, false}, /* three bursts of 63 */
		{300, 901, true},
		{301, 900, false}, /* less than three times */
		{2000, 0, true},
		{0, 0, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_runs(fixture, 1, 1);
		set_failed(&fixture->results[0], cases[i].of_a);
		set_failed(&fixture->results[1], cases[i].of_b);
		compare(fixture, 1, 1);
		assert_int_equal(row_of(fixture, "errors")->proven, cases[i].proven);
		assert_int_equal(row_of(fixture, "established")->proven, cases[i].proven);
	}
}

static void what_is_not_known_is_not_judged(void **state)
{
	struct fixture *fixture = *state;
	make_runs(fixture, 6, 1);
	set_rule(fixture, "failure.p99>+10%");
	compare(fixture, 6, 6); /* nothing failed: the best there can be */
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_OK);
	histogram_record(&fixture->results[1].times[TIMES_FAILURE], 100);
	compare(fixture, 6, 6);
	assert_int_equal(comparison_status(fixture->comparison), EXIT_STATUS_FAILURES);
	set_rule(fixture, "unconfirmed>+10%");
	for (size_t i = 0; i < 12; i++) {
		fixture->results[i].unconfirmed_most = 5;
	}
	compare(fixture, 6, 6);
	assert_string_equal(fixture->comparison->outcomes[0].not_judged, "no run knows it");
}

static char *printed(const struct fixture *fixture)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	table_print(out, fixture->comparison, comparison_status(fixture->comparison));
	fclose(out);
	return text;
}

static void assert_printed(const struct fixture *fixture, const char *wanted)
{
	char *text = printed(fixture);
	if (strstr(text, wanted) == NULL) {
		fail_msg("'%s' is not in:\n%s", wanted, text);
	}
	free(text);
}

/* A pair of which every number is known. */
static void make_plain(struct result *result, uint64_t us)
{
	make_run(result, 1);
	for (int i = 0; i < TIMES_MAX; i++) {
		histogram_reset(&result->times[i]);
	}
	histogram_record_n(&result->times[TIMES_CONNECT], us, CONNECTIONS);
	result->schedule = schedule_every(0, 1);
	set_failed(result, us > 1000 ? 400 : 0);
	result->at_end.established = 0;
	result->dialing_ns = 2 * NSEC_PER_SEC;
	result->generator.cpu_ns = 100 * NSEC_PER_MSEC;
}

static void the_table_is_for_people(void **state)
{
	struct fixture *fixture = *state;
	make_plain(&fixture->results[0], 100);
	make_plain(&fixture->results[1], 50000);
	set_rule(fixture, "connect.p99>+10%");
	compare(fixture, 1, 1);
	char *text = printed(fixture);
	assert_string_equal(text,
		"A: 1 run: run.json\n"
		"B: 1 run: run.json\n"
		"\n"
		"                                          A                           B    change\n"
		"connect.p50            100µs (100µs..100µs)     50.0ms (50.0ms..50.0ms)\n"
		"connect.p90            100µs (100µs..100µs)     50.0ms (50.0ms..50.0ms)\n"
		"connect.p99            100µs (100µs..100µs)     50.0ms (50.0ms..50.0ms)      x500\n"
		"connect.p99.9              100µs (100µs..?)          50.0ms (50.0ms..?)\n"
		"established             100% (99.82%..100%)        80% (78.18%..81.73%)\n"
		"errors                     0% (0%..0.1843%)        20% (18.27%..21.82%)\n"
		"rate                                 1000/s                       800/s\n"
		"The same in all runs: dialed 100%, drops 0%, open 0%, undecided 0%, cpu 50\u00b5s\n"
		"\n"
		"One run a side, each number with its 95% interval within the run. A change is "
		"shown where the\n"
		"intervals are apart and it is a factor of 3 or more, and 20 ms beyond what this "
		"program was\n"
		"late by, or 1% of the connections; ~ may be a change that several runs a side "
		"would show.\n"
		"Only what --fail-if names is judged.\n"
		"Threshold connect.p99>+10%: CROSSED, the change was x500\n"
		"Exit status 3.\n");
	free(text);
}

static void what_was_not_the_same_is_said(void **state)
{
	struct fixture *fixture = *state;
	make_runs(fixture, 6, 1);
	for (size_t i = 0; i < 12; i++) {
		fixture->results[i].settings.connections = i == 2 ? 500 : i % 2 == 0 ? 1000 : 5000;
	}
	compare(fixture, 6, 6);
	assert_int_equal(fixture->comparison->differences.count, 1);
	assert_printed(fixture, "\nNot the same: connections: A 1000, 500; B 5000\n");
	assert_true(fixture->comparison->in_turns);
	for (size_t i = 1; i < 12; i += 2) {
		fixture->results[i].started_at_ns += 100 * NSEC_PER_SEC;
	}
	compare(fixture, 6, 6);
	assert_printed(fixture, "Make them in turns.\n");
	compare(fixture, 3, 3);
	assert_printed(fixture, "together it takes 6 a side. --fail-if names fewer rows.\n");
}

/* Of a long host, as of many sources, the end may be what differs. */
static void long_values_differ_by_their_end(void **state)
{
	struct fixture *fixture = *state;
	char host[200];
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	fixture->results[0].settings.host = strdup(host);
	host[sizeof(host) - 2] = 'x';
	fixture->results[1].settings.host = strdup(host);
	compare(fixture, 1, 1);
	assert_int_equal(fixture->comparison->differences.count, 1);
	assert_string_equal(fixture->comparison->differences.list[0].b, host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equals_rarely_look_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_gate_is_rarely_crossed_by_equals, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_of_several_runs_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(too_few_runs_are_not_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_run_a_side_shows_what_is_gross, setup, teardown),
		cmocka_unit_test_setup_teardown(shares_of_one_run_a_side, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_not_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(the_table_is_for_people, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_the_same_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(long_values_differ_by_their_end, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
