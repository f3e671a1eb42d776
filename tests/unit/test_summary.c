/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain_verdict.h"
#include "report/summary.h"
#include "tcpgoon/base/clock.h"

struct fixture {
	struct result result;
	FILE *out;
	char *text;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(result_init(&fixture->result), 0);
	fixture->out = open_memstream(&fixture->text, &fixture->size);
	assert_non_null(fixture->out);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	fclose(fixture->out);
	free(fixture->text);
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

static void set_target(struct result *result, const char *host, const char *address, uint16_t port)
{
	const struct settings settings = {.host = host};
	assert_int_equal(result_set_settings(result, &settings), 0);
	assert_int_equal(address_parse_literal(address, port, &result->target), 0);
}

static void set_established(struct result *result, uint64_t count)
{
	result->at_end.total = count;
	result->at_end.established = count;
	result->totals.dialed = count;
	result->totals.established = count;
	result->max_concurrent = count;
}

/* Until the next call. */
static char *print(struct fixture *fixture)
{
	struct verdict verdict = plain_verdict(&fixture->result);
	rewind(fixture->out);
	summary_print(fixture->out, &fixture->result, &verdict);
	assert_int_equal(fflush(fixture->out), 0);
	return fixture->text;
}

/* The line that begins so, without its end; NULL where there is none. */
static const char *line_of(struct fixture *fixture, const char *beginning)
{
	char *text = print(fixture);
	char *line = strstr(text, beginning);
	if (line != NULL) {
		assert_true(line == text || line[-1] == '\n');
		line[strcspn(line, "\n")] = '\0';
	}
	return line;
}

/* Its message was on the standard error; a stored result is told without that. */
static void a_run_that_did_not_begin_says_why_and_nothing_about_connections(void **state)
{
	struct fixture *fixture = *state;
	struct verdict verdict;
	fixture->result.end = RESULT_NOT_STARTED;
	error_set(&fixture->result.error, -ENOENT, "no such name");
	verdict_decline(EXIT_STATUS_INCOMPLETE, &(struct threshold_rules){.count = 0}, &verdict);
	summary_print(fixture->out, &fixture->result, &verdict);
	assert_int_equal(fflush(fixture->out), 0);
	assert_string_equal(fixture->text,
		"Verdict: Nothing was dialled.\n"
		"The reason: no such name\n"
		"\n"
		"Exit status 1.\n");
}

/* The whole of it: a run of which all is well, and one that failed. */
static void the_report_of_a_good_run(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 1000);
	histogram_record_n(&result->times[TIMES_HANDSHAKE], 319, 1000);
	histogram_record_n(&result->times[TIMES_CONNECT], 49892, 500);
	histogram_record_n(&result->times[TIMES_CONNECT], UINT64_C(3002367), 500);
	histogram_record_n(&result->times[TIMES_LAG], 5, 1000);
	result->generator.resolution_us = 37;
	result->unconfirmed = result->unconfirmed_most = 0;
	result->schedule = schedule_every(NSEC_PER_MSEC, 1);
	result->kernel = (struct kernel_view){.possible = true, .asked = 1000, .agreed = 1000};
	result->closing = (struct closing_view){.closed = 1000, .acknowledged = 1000};
	result->listener.known_at_end = true;
	assert_string_equal(print(fixture),
		"Verdict: All went well.\n"
		"\n"
		"               p50      p90      p99    p99.9      max  count  measured by\n"
		"handshake    319µs    319µs    319µs    319µs    319µs   1000  kernel: SYN to "
		"SYN-ACK\n"
		"connect    49.92ms   3.002s   3.002s   3.002s   3.002s   1000  clock: dial to "
		"established, within 37µs on average\n"
		"lag            5µs      5µs      5µs      5µs      5µs   1000  clock: due to "
		"dialed\n"
		"\n"
		"Kernel: agrees on all 1000 connections asked about; no SYN was retransmitted\n"
		"Unconfirmed by the peer: 0\n"
		"Closing: 1000 by FIN, all acknowledged\n"
		"Exit status 0.\n");
}

static void the_report_of_a_run_that_failed(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	result->kernel.possible = true;
	result->at_end = (struct snapshot){.total = 4, .failed = 4};
	result->totals.failed = 4;
	result->causes[CAUSE_REFUSED] =
		(struct cause_tally){.count = 4, .first_ns = NSEC_PER_MSEC, .last_ns = 2345678901};
	histogram_record_n(&result->times[TIMES_FAILURE], UINT64_C(90) * 1000 * 1000, 4);
	assert_string_equal(print(fixture),
		"Verdict: 4 of 4 connections failed.\n"
		"Finding: no_listener (remote): All 4 connections that were answered were "
		"refused.\n"
		"  Nothing listens on that address and port, or a firewall rejects with a reset: "
		"start the server, or correct the port.\n"
		"\n"
		"               p50      p90      p99    p99.9      max  count  measured by\n"
		"failure      1m30s    1m30s    1m30s    1m30s    1m30s      4  clock: dial to "
		"error\n"
		"\n"
		"Cause: refused (remote): 4 connections, from 1ms to 2.345s of the run\n"
		"Exit status 2.\n");
}

/* Each digit below its like, whatever the unit and the count. */
static void times_stand_below_each_other(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	static const struct {
		uint64_t us;
		const char *shown;
	} cases[] = {
		{0, "      0µs"},
		{999, "    999µs"},
		{1000, "  1.000ms"},
		{12345, "  12.35ms"},
		{999999, " 1000.0ms"},
		{UINT64_C(1000000), "   1.000s"},
		{UINT64_C(12345678), "   12.35s"},
		{UINT64_C(3661000000), "   1h1m1s"},
	};
	set_target(result, "host", "1.2.3.4", 80);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		histogram_reset(&result->times[TIMES_LIFETIME]);
		histogram_record_n(&result->times[TIMES_LIFETIME], cases[i].us, 100);
		const char *line = line_of(fixture, "lifetime ");
		assert_non_null(line);
		const char *end = strstr(line, "    100  clock: established to dropped");
		assert_non_null(end);
		size_t length = strlen(cases[i].shown);
		assert_memory_equal(end - length, cases[i].shown, length);
	}
}

static void each_finding_is_told_once(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	static const enum cause causes[] = {CAUSE_PORTS_EXHAUSTED, CAUSE_DESCRIPTORS, CAUSE_MEMORY,
		CAUSE_NOT_PERMITTED, CAUSE_SOURCE_INVALID};
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		result->causes[causes[i]].count = 1;
	}
	result->at_end = (struct snapshot){.total = 5, .failed = 5};
	result->totals.failed = 5;
	const char *text = print(fixture);
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		const char *hint = strstr(text, cause_hint(causes[i]));
		assert_non_null(hint);
		assert_null(strstr(hint + 1, cause_hint(causes[i])));
	}
}

static void findings_without_failure(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->unconfirmed = 1;
	assert_string_equal(line_of(fixture, "Verdict:"), "Verdict: Nothing counted as a failure.");
	assert_non_null(line_of(fixture, "Finding: unconfirmed (remote): 1 of 10 connections "));
}

static void unconfirmed_where_it_is_not_known(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .missing = 10};
	result->unconfirmed = RESULT_UNKNOWN;
	result->unconfirmed_most = 10;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: not known (10 not known to the kernel)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .too_young = 7};
	result->unconfirmed_most = 7;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at most 7 (7 too young to tell: --hold 2s)");
	result->unconfirmed = 3;
	result->unconfirmed_most = 10;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at least 3 (7 too young to tell: --hold "
		"2s)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .doubtful = 2};
	result->unconfirmed_most = 5;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at least 3 (2 may have had their SYN-ACK "
		"repeated; whether the peer completed them does not show)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .repeated_once = 7};
	result->unconfirmed_most = 3;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: 3 (7 may have been completed a second late: "
		"TCP_DEFER_ACCEPT, or a lost ACK)");
}

static void why_the_kernel_was_not_asked(void **state)
{
	struct fixture *fixture = *state;
	struct kernel_view *view = &fixture->result.kernel;
	set_target(&fixture->result, "host", "1.2.3.4", 80);
	set_established(&fixture->result, 10);
	*view = (struct kernel_view){0};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: not asked, because it chose the ports of the connections");
	view->error_number = EMFILE;
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: not asked, because sock_diag failed with EMFILE (Too many open "
		"files)");
	*view = (struct kernel_view){.possible = true,
		.error_number = ENOBUFS,
		.asked = 6,
		.agreed = 6,
		.unanswered = 4};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on 6 of 6 connections asked about (no answer about 4 more: "
		"ENOBUFS); no SYN was retransmitted");
	*view = (struct kernel_view){
		.possible = true, .asked = 10, .agreed = 10, .syn_retransmits = 5, .stale_syns = 4};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on all 10 connections asked about; 5 SYNs were retransmitted (4 of "
		"them at once: the peer still had an earlier connection of that 4-tuple)");
	view->stale_syns = 0;
	view->slow_syns = 3;
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on all 10 connections asked about; 5 SYNs were retransmitted (3 of "
		"them needlessly: the answer to the first takes longer than a second)");
}

static void stalls(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	assert_null(line_of(fixture, "Stalls"));
	result->stalls = (struct stall_view){.count = 1, .total_ns = 2001 * NSEC_PER_MSEC};
	assert_string_equal(line_of(fixture, "Stalls"), "Stalls: 1 of this program, 2.001s in all");
	result->stalls.connect_apart = 3;
	result->stalls.lifetime_apart = 4;
	assert_string_equal(line_of(fixture, "Stalls"),
		"Stalls: 1 of this program, 2.001s in all; set apart: 3 connect times, 4 lifetimes");
}

static void fate_of_the_fins(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->held = true;
	result->closing.closed = 10;
	assert_string_equal(line_of(fixture, "Closing"),
		"Closing: 10 by FIN, whether the peer still had them is not known");
	result->closing = (struct closing_view){.closed = 10, .acknowledged = 10};
	assert_string_equal(line_of(fixture, "Closing"), "Closing: 10 by FIN, all acknowledged");
	result->closing = (struct closing_view){.closed = 10,
		.acknowledged = 1,
		.unanswered = 4,
		.reset = 3,
		.undetermined = 2,
		.waited_ns = 2001 * NSEC_PER_MSEC};
	assert_string_equal(line_of(fixture, "Closing"),
		"Closing: 10 by FIN, 1 acknowledged, 4 unanswered, 3 reset, 2 not known (looked at "
		"for 2.001s)");
}

static void what_idle_connections_cannot_tell(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->received_from = 4;
	assert_string_equal(line_of(fixture, "Not known: whether the"),
		"Not known: whether the server's program, or only its kernel, accepted 6 idle "
		"connections");
	result->held = true;
	assert_string_equal(line_of(fixture, "Not known: whether 6"),
		"Not known: whether 6 idle connections were alive all the time; nothing was "
		"exchanged");
	result->closing = (struct closing_view){.closed = 10, .acknowledged = 10};
	assert_string_equal(line_of(fixture, "Not known: whether 6"),
		"Not known: whether 6 idle connections were alive all the time; nothing was "
		"exchanged before their FINs");
}

static void rate_is_of_the_time_between_the_dials(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 101);
	result->totals.dialed = 101;
	result->dialing_ns = 1500 * NSEC_PER_MSEC; /* most of it a wait for answers */
	result->generator.last_dial_ns = 10 * NSEC_PER_MSEC;
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 0% of a CPU while dialing, 10000 dials a second");
	result->generator.last_dial_ns = GENERATOR_RATE_MIN_NS - 1;
	assert_string_equal(line_of(fixture, "Generator:"), "Generator: 0% of a CPU while dialing");
	result->generator.last_dial_ns = 10 * NSEC_PER_MSEC;
	result->totals.dialed = 1;
	assert_string_equal(line_of(fixture, "Generator:"), "Generator: 0% of a CPU while dialing");
}

static void survival_where_any_was_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10000);
	result->duration_ns = 90 * NSEC_PER_SEC;
	assert_null(line_of(fixture, "Survival:"));
	const struct snapshot later = {
		.elapsed_ns = 20 * NSEC_PER_SEC,
		.established = 8249,
		.closed = 1751,
	};
	result->at_end = later;
	result->totals.dropped = later.closed;
	series_add(&result->series, &later);
	assert_string_equal(line_of(fixture, "Survival:"),
		"Survival: 100% after 1s, 100% after 10s, 82.4% after 1m0s, 82.4% after 1m30s "
		"(since the last dial)");
	result->totals.dropped = 1;
	assert_non_null(strstr(line_of(fixture, "Survival:"), "99.9% after 1m30s"));
}

static void groups_of_failures(void **state)
{
	struct fixture *fixture = *state;
	struct failure_groups *sources = &fixture->result.groups[GROUP_SOURCE];
	struct failure_groups *ports = &fixture->result.groups[GROUP_PORT];
	set_target(&fixture->result, "host", "1.2.3.4", 80);
	assert_null(line_of(fixture, "Failed or ended by"));
	for (unsigned i = 0; i < 5; i++) {
		struct failure_group *group = &sources->list[sources->count++];
		*group = (struct failure_group){.address = fixture->result.target, .dialed = 25};
		group->causes[CAUSE_TIMED_OUT] = 20 + i;
		group->causes[CAUSE_CLOSED_BY_PEER] = 1;
	}
	assert_string_equal(line_of(fixture, "Failed or ended by source:"),
		"Failed or ended by source: 1.2.3.4 21 of 25, 1.2.3.4 22 of 25, 1.2.3.4 23 of 25, "
		"1.2.3.4 24 of 25, ...");
	ports->list[0] = sources->list[0];
	ports->count = 1;
	assert_string_equal(line_of(fixture, "Failed or ended by port:"),
		"Failed or ended by port: 80 21 of 25");
}

/* Where the pace is not the same all the time, averages are told, and what was asked. */
static void the_pace_is_told_by_its_shape(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 101);
	result->dialing_ns = NSEC_PER_SEC;
	result->generator.cpu_ns = 10 * NSEC_PER_MSEC;
	result->generator.last_dial_ns = NSEC_PER_SEC;
	result->schedule = schedule_at_pace(100 * SCHEDULE_PER_S);
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 1% of a CPU while dialing, 100.0 dials a second asked and 100.0 kept");
	result->schedule = (struct schedule){0};
	assert_true(
		schedule_add_stage(&result->schedule, 0, 200 * SCHEDULE_PER_S, 2 * NSEC_PER_SEC));
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 1% of a CPU while dialing, 70.7 dials a second asked on average and "
		"100.0 kept (asked: from 0 to 200 a second in 2s)");
	result->schedule = schedule_every(NSEC_PER_SEC / 2, 50);
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 1% of a CPU while dialing, 100.0 dials a second asked on average and "
		"100.0 kept (asked: 50 at once every 500ms)");
	result->schedule = schedule_every(NSEC_PER_SEC, 200);
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 1% of a CPU while dialing, 100.0 dials a second (asked: 200 at once "
		"every 1s)");
	/* Slow ones have the digits to be told apart. */
	result->schedule = schedule_at_pace(SCHEDULE_PER_S / 1000);
	set_established(result, 2);
	result->generator.last_dial_ns = 1000 * NSEC_PER_SEC;
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 1% of a CPU while dialing, 0.001 dials a second asked and 0.001 kept");
}

/* The CPU was the limit of a run that had no pace: that is told, and is no finding. */
static void as_fast_as_it_goes_is_told_in_the_line_of_the_generator(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10001);
	result->dialing_ns = NSEC_PER_SEC;
	result->generator.cpu_ns = 990 * NSEC_PER_MSEC;
	result->generator.last_dial_ns = NSEC_PER_SEC;
	assert_null(line_of(fixture, "Finding:"));
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 99% of a CPU while dialing, 10000 dials a second; the rate and the "
		"connect times are this machine's, not the target's");
	result->schedule = schedule_every(NSEC_PER_MSEC / 10, 1);
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 99% of a CPU while dialing, 10000.0 dials a second asked and 10000.0 "
		"kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_run_that_did_not_begin_says_why_and_nothing_about_connections, setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_report_of_a_good_run, setup, teardown),
		cmocka_unit_test_setup_teardown(the_report_of_a_run_that_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(times_stand_below_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(each_finding_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(the_pace_is_told_by_its_shape, setup, teardown),
		cmocka_unit_test_setup_teardown(
			as_fast_as_it_goes_is_told_in_the_line_of_the_generator, setup, teardown),
		cmocka_unit_test_setup_teardown(findings_without_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(unconfirmed_where_it_is_not_known, setup, teardown),
		cmocka_unit_test_setup_teardown(stalls, setup, teardown),
		cmocka_unit_test_setup_teardown(fate_of_the_fins, setup, teardown),
		cmocka_unit_test_setup_teardown(what_idle_connections_cannot_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(why_the_kernel_was_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rate_is_of_the_time_between_the_dials, setup, teardown),
		cmocka_unit_test_setup_teardown(survival_where_any_was_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_of_failures, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
