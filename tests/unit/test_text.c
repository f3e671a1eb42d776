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
#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/text.h"

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

/* Prints the report, and cuts off what stands behind the Go program's part: its empty line ends it. */
static int print_final(struct fixture *fixture)
{
	struct verdict verdict = plain_verdict(&fixture->result);
	int r = report_text.final(fixture->out, &fixture->result, &verdict);
	char *end = strstr(fixture->text, "\n\n");
	assert_non_null(end);
	assert_non_null(strstr(end, "\nVerdict: "));
	end[2] = '\0';
	return r;
}

static void set_target(struct result *result, const char *host, const char *address, uint16_t port)
{
	result->host = host;
	assert_int_equal(address_parse_literal(address, port, &result->target), 0);
}

static void set_established(struct result *result, uint64_t count)
{
	result->at_end.total = count;
	result->at_end.established = count;
	result->dialed = count;
	result->established = count;
	result->max_concurrent = count;
}

static void test_status_line(void **state)
{
	struct fixture *fixture = *state;
	const struct snapshot snapshot = {
		.total = 4,
		.dialing = 1,
		.established = 1,
		.closed = 0,
		.failed = 0,
		.not_initiated = 2,
	};
	assert_int_equal(report_text.tick(fixture->out, &snapshot), 0);
	assert_string_equal(fixture->text,
		"Total: 4, Dialing: 1, Established: 1, Closed: 0, Error: 0, NotInitiated: 2\n");
}

static void test_status_line_has_each_count_in_its_place(void **state)
{
	struct fixture *fixture = *state;
	const struct snapshot snapshot = {
		.total = UINT64_C(16777216),
		.dialing = 2,
		.established = 3,
		.closed = 4,
		.failed = 5,
		.not_initiated = 6,
	};
	assert_int_equal(report_text.tick(fixture->out, &snapshot), 0);
	assert_string_equal(fixture->text,
		"Total: 16777216, Dialing: 2, Established: 3, Closed: 4, Error: 5, NotInitiated: 6\n");
}

static void test_all_established(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 4);
	/* Mean 50.205 ms; off by 313, 121, 101 and 535 µs: deviation 319.8 µs. */
	histogram_record(&result->connect, 49892);
	histogram_record(&result->connect, 50084);
	histogram_record(&result->connect, 50104);
	histogram_record(&result->connect, 50740);
	assert_int_equal(print_final(fixture), 0);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 4, Closed: 0, Error: 0, NotInitiated: 0\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 4\n"
		"Max concurrent established connections: 4\n"
		"Number of established connections on closure: 4\n"
		"Response time stats for 4 successful connections min/avg/max/dev = "
		"49.892ms/50.205ms/50.74ms/319µs\n"
		"\n");
}

static void test_all_failed(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "1.2.3.4", "1.2.3.4", 8080);
	result->at_end.total = 4;
	result->at_end.failed = 4;
	result->dialed = 4;
	/* One value four times: the mean is that value, the deviation nothing. */
	histogram_record_n(&result->failure, 1000, 4);
	assert_int_equal(print_final(fixture), 0);
	assert_string_equal(fixture->text,
		"--- 1.2.3.4:8080 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 0, Closed: 0, Error: 4, NotInitiated: 0\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 0\n"
		"Max concurrent established connections: 0\n"
		"Number of established connections on closure: 0\n"
		"Time to error stats for 4 failed connections min/avg/max/dev = 1ms/1ms/1ms/0s\n"
		"\n");
}

static void test_some_of_each(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	result->at_end = (struct snapshot){
		.total = 10,
		.established = 2,
		.closed = 1,
		.failed = 3,
		.not_initiated = 4,
	};
	result->established = 3;
	result->max_concurrent = 2;
	/* Mean 2/3 of 1 µs over: truncated. */
	histogram_record(&result->connect, 1500);
	histogram_record(&result->connect, 1501);
	histogram_record(&result->connect, 1501);
	/* Two of the three failed were really dialled. */
	histogram_record(&result->failure, UINT64_C(5000000));
	histogram_record(&result->failure, UINT64_C(65000000));
	assert_int_equal(print_final(fixture), 0);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 10, Dialing: 0, Established: 2, Closed: 1, Error: 3, NotInitiated: 4\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 3\n"
		"Max concurrent established connections: 2\n"
		"Number of established connections on closure: 2\n"
		"Response time stats for 3 successful connections min/avg/max/dev = "
		"1.5ms/1.5ms/1.501ms/0s\n"
		"Time to error stats for 2 failed connections min/avg/max/dev = "
		"5s/35s/1m5s/30s\n"
		"\n");
}

static void test_none_dialled(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	result->at_end.total = 4;
	result->at_end.not_initiated = 4;
	assert_int_equal(print_final(fixture), 0);
	assert_string_equal(fixture->text,
		"--- host(1.2.3.4):80 tcp test statistics ---\n"
		"Total: 4, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 4\n"
		"--- tcpgoon execution statistics ---\n"
		"Total established connections: 0\n"
		"Max concurrent established connections: 0\n"
		"Number of established connections on closure: 0\n"
		"\n");
}

static void test_target_forms(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *host;
		const char *address;
		const char *line;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", "--- 127.0.0.1:80 tcp test statistics ---\n"},
		{"localhost", "127.0.0.1", "--- localhost(127.0.0.1):80 tcp test statistics ---\n"},
		{"localhost", "::1", "--- localhost(::1):80 tcp test statistics ---\n"},
		{"::1", "::1", "--- [::1]:80 tcp test statistics ---\n"},
		{"[::1]", "::1", "--- [::1]:80 tcp test statistics ---\n"},
		{"[0::1]", "::1", "--- [0::1](::1):80 tcp test statistics ---\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rewind(fixture->out);
		set_target(&fixture->result, cases[i].host, cases[i].address, 80);
		assert_int_equal(print_final(fixture), 0);
		size_t length = strlen(cases[i].line);
		assert_true(fixture->size > length);
		fixture->text[length] = '\0';
		assert_string_equal(fixture->text, cases[i].line);
	}
}

/* The line that begins so, without its end; NULL where there is none. */
static const char *line_of(struct fixture *fixture, const char *beginning)
{
	struct verdict verdict = plain_verdict(&fixture->result);
	rewind(fixture->out);
	assert_int_equal(report_text.final(fixture->out, &fixture->result, &verdict), 0);
	char *line = strstr(fixture->text, beginning);
	if (line != NULL) {
		assert_int_equal(line[-1], '\n');
		line[strcspn(line, "\n")] = '\0';
	}
	return line;
}

static void test_verdict_is_a_paragraph_of_one_line(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	assert_string_equal(line_of(fixture, "Verdict:"), "Verdict: All went well. Exit status 0.");
	result->at_end = (struct snapshot){.total = 4, .failed = 4};
	result->established = 0;
	result->causes[CAUSE_REFUSED].count = 4;
	assert_string_equal(line_of(fixture, "Verdict:"),
		"Verdict: 4 of 4 connections failed. All 4 connections that were answered were "
		"refused. Nothing listens on that address and port, or a firewall rejects with a "
		"reset: start the server, or correct the port. Exit status 2.");
}

static void test_verdict_has_the_weightiest_findings(void **state)
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
	const char *line = line_of(fixture, "Verdict:");
	assert_non_null(line);
	assert_non_null(strstr(line, cause_hint(CAUSE_NOT_PERMITTED)));
	assert_null(strstr(line, cause_hint(CAUSE_SOURCE_INVALID)));
	assert_non_null(line_of(fixture, "Finding: source_unusable (local): "));
}

static void test_findings_without_failure(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->unconfirmed = 1;
	const char *line = line_of(fixture, "Verdict:");
	const char *beginning = "Verdict: Nothing counted as a failure. 1 of 10 connections are ";
	assert_non_null(line);
	assert_memory_equal(line, beginning, strlen(beginning));
}

static void test_unconfirmed_where_it_is_not_known(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 10);
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .missing = 10};
	result->unconfirmed = RESULT_UNKNOWN;
	result->unconfirmed_most = 10;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: not known (10 were not known to the kernel)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .too_young = 7};
	result->unconfirmed_most = 7;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at most 7 (7 were established too shortly before to "
		"tell: --hold 2s)");
	result->unconfirmed = 3;
	result->unconfirmed_most = 10;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at least 3 (7 were established too shortly before to "
		"tell: --hold 2s)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .doubtful = 2};
	result->unconfirmed_most = 5;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: at least 3 (2 may have had their SYN-ACK repeated, and "
		"whether the peer completed them does not show)");
	result->kernel = (struct kernel_view){.possible = true, .asked = 10, .repeated_once = 7};
	result->unconfirmed_most = 3;
	assert_string_equal(line_of(fixture, "Unconfirmed"),
		"Unconfirmed by the peer: 3 (7 may have been completed a second late: "
		"TCP_DEFER_ACCEPT, or a lost ACK)");
}

static void test_why_the_kernel_was_not_asked(void **state)
{
	struct fixture *fixture = *state;
	struct kernel_view *view = &fixture->result.kernel;
	set_target(&fixture->result, "host", "1.2.3.4", 80);
	set_established(&fixture->result, 10);
	*view = (struct kernel_view){0};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: not asked, as it chose the ports of the connections");
	view->error_number = EMFILE;
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: not asked, as sock_diag failed with EMFILE (Too many open files)");
	*view = (struct kernel_view){.possible = true,
		.error_number = ENOBUFS,
		.asked = 6,
		.agreed = 6,
		.unanswered = 4};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on 6 of 6 connections asked about (no answer about 4 more: "
		"ENOBUFS); 0 SYNs sent again");
	*view = (struct kernel_view){
		.possible = true, .asked = 10, .agreed = 10, .syn_retransmits = 5, .stale_syns = 4};
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on 10 of 10 connections asked about; 5 SYNs sent again (4 of them "
		"at once: the peer still held an earlier connection of that 4-tuple)");
	view->stale_syns = 0;
	view->slow_syns = 3;
	assert_string_equal(line_of(fixture, "Kernel:"),
		"Kernel: agrees on 10 of 10 connections asked about; 5 SYNs sent again (3 of them "
		"needlessly: the answer to the first takes longer than a second)");
}

static void test_stalls(void **state)
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

static void test_fate_of_the_fins(void **state)
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
	assert_string_equal(line_of(fixture, "Closing"), "Closing: 10 by FIN, 10 acknowledged");
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

static void test_what_idle_connections_cannot_tell(void **state)
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
		"exchanged until their FINs were acknowledged");
}

static void test_rate_is_of_the_time_between_the_dials(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	set_target(result, "host", "1.2.3.4", 80);
	set_established(result, 101);
	result->dialed = 101;
	result->dialing_ns = 1500 * NSEC_PER_MSEC; /* most of it a wait for answers */
	result->generator.last_dial_ns = 10 * NSEC_PER_MSEC;
	assert_string_equal(line_of(fixture, "Generator:"),
		"Generator: 0% of a CPU while dialling, 10000 dials a second");
	result->generator.last_dial_ns = GENERATOR_RATE_LEAST_NS - 1;
	assert_string_equal(
		line_of(fixture, "Generator:"), "Generator: 0% of a CPU while dialling");
	result->generator.last_dial_ns = 10 * NSEC_PER_MSEC;
	result->dialed = 1;
	assert_string_equal(
		line_of(fixture, "Generator:"), "Generator: 0% of a CPU while dialling");
}

static void test_survival_where_any_was_dropped(void **state)
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
	series_add(&result->series, &later);
	assert_string_equal(line_of(fixture, "Survival:"),
		"Survival: 100% after 1s, 100% after 10s, 82.4% after 1m0s, 82.4% after 1m30s "
		"(since the last dial)");
	result->at_end.closed = 1;
	assert_non_null(strstr(line_of(fixture, "Survival:"), "99.9% after 1m30s"));
}

static void test_groups_of_failures(void **state)
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

static void test_output_that_fails(void **state)
{
	struct fixture *fixture = *state;
	set_target(&fixture->result, "host", "1.2.3.4", 80);
	FILE *full = fopen("/dev/full", "w");
	struct verdict verdict = plain_verdict(&fixture->result);
	assert_non_null(full);
	assert_int_equal(report_text.tick(full, &fixture->result.at_end), -EIO);
	assert_int_equal(report_text.final(full, &fixture->result, &verdict), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_status_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_status_line_has_each_count_in_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_established, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_some_of_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none_dialled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_target_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_verdict_is_a_paragraph_of_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_verdict_has_the_weightiest_findings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_findings_without_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_unconfirmed_where_it_is_not_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stalls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fate_of_the_fins, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_idle_connections_cannot_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(test_why_the_kernel_was_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_rate_is_of_the_time_between_the_dials, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_survival_where_any_was_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups_of_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_that_fails, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
