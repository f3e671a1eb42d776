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
	result->dialed = count;
	result->established = count;
	result->max_concurrent = count;
}

/* The line that begins so, without its end; NULL where there is none. */
static const char *line_of(struct fixture *fixture, const char *beginning)
{
	struct verdict verdict = plain_verdict(&fixture->result);
	rewind(fixture->out);
	assert_int_equal(report_text.end(NULL, fixture->out, &fixture->result, &verdict), 0);
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
	assert_int_equal(report_text.sample(NULL, full, &fixture->result.at_end), -EIO);
	assert_int_equal(report_text.end(NULL, full, &fixture->result, &verdict), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
