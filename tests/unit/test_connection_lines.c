/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/connection_lines.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/connection_list.h"

#define HEADER                                                                      \
	"number,source,source_port,target,target_port,due_ns,dialed_ns,connect_us," \
	"handshake_us,state,cause,ended_ns\n"

static struct address literal(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

/* A plan from a source, all of its ports, to a target. */
static void make_list(struct result *result, const char *source, const char *target, uint64_t count)
{
	static uint16_t ports[50000];
	struct plan plan = {.settings.connections = count, .schedule = schedule_every(2500500, 1)};
	struct address to = literal(target, 443);
	uint32_t set_of_target = 0;
	for (size_t i = 0; i < 50000; i++) {
		ports[i] = (uint16_t)(10000 + i);
	}
	const struct source_range range = {.first = literal(source, 0), .count = 1000};
	const struct source_set set = {.ranges = &range, .range_count = 1};
	const struct port_order order = {
		.list = ports, .counts = {[PORT_BAND_OUTSIDE] = 50000}, .count = 50000};
	plan.targets = (struct targets){.list = &to, .count = 1};
	const struct tuples_params params = {.targets = &plan.targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = &set_of_target,
		.order = &order};
	assert_int_equal(tuples_init(&plan.tuples, &params), 0);
	assert_int_equal(result_init(result), 0);
	assert_int_equal(connection_list_create(&plan, &result->connections), 0);
	tuples_finish(&plan.tuples); /* the list has its own */
	to = literal("203.0.113.99", 1);
}

static void assert_lines(const struct result *result, const char *expected)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_connections.end(NULL, out, result, NULL), 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void a_connection_is_a_line_and_what_it_has_not_is_empty(void **state)
{
	(void)state;
	struct result result;
	make_list(&result, "192.0.2.1", "198.51.100.10", 4);
	struct connection_record *records = result.connections->records;
	records[0] = (struct connection_record){.state = CONNECTION_OPEN,
		.dialed = true,
		.dialed_us = 12,
		.connect_known = true,
		.connect_us = 340,
		.handshake_us = 299};
	records[1] = (struct connection_record){.state = CONNECTION_FAILED,
		.cause = CAUSE_TIMED_OUT,
		.dialed = true,
		.dialed_us = 2501,
		.ended_us = 5002501,
		.ordinal = 50001};
	records[2] = (struct connection_record){.state = CONNECTION_CLOSED,
		.cause = CAUSE_CLOSED_BY_PEER,
		.dialed = true,
		.dialed_us = UINT64_C(4294967296),
		.connect_known = true,
		.ended_us = UINT64_C(140737488355327),
		.ordinal = 2};
	assert_lines(&result,
		HEADER
		"0,192.0.2.1,10000,198.51.100.10,443,0,12000,340,299,open,,\n"
		"1,192.0.2.2,10001,198.51.100.10,443,2500500,2501000,,,failed,timed_out,"
		"5002501000\n"
		"2,192.0.2.1,10002,198.51.100.10,443,5001000,4294967296000,0,,closed_by_peer,"
		"closed_by_peer,140737488355327000\n"
		"3,,,198.51.100.10,443,7501500,,,,not_dialed,,\n");
	result_finish(&result);
}

static void ipv6_has_no_brackets(void **state)
{
	(void)state;
	struct result result;
	make_list(&result, "2001:db8::1", "2001:db8::9", 1);
	result.connections->records[0].state = CONNECTION_DIALING;
	assert_lines(&result, HEADER "0,2001:db8::1,10000,2001:db8::9,443,0,,,,dialing,,\n");
	result_finish(&result);
}

static void without_connections_there_is_the_header(void **state)
{
	(void)state;
	struct result result;
	assert_int_equal(result_init(&result), 0);
	assert_lines(&result, HEADER);
	result_finish(&result);
}

static void one_that_cannot_be_written_is_told(void **state)
{
	(void)state;
	struct result result;
	make_list(&result, "192.0.2.1", "198.51.100.10", 10000);
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_true(report_connections.end(NULL, full, &result, NULL) < 0);
	fclose(full);
	result_finish(&result);
}

/* How fast a million is: told, as it depends on the machine. */
static void a_million_is_written_fast(void **state)
{
	(void)state;
	struct result result;
	const uint64_t count = 1000000;
	make_list(&result, "127.0.0.1", "127.0.0.1", count);
	for (uint64_t i = 0; i < count; i++) {
		result.connections->records[i] =
			(struct connection_record){.state = CONNECTION_OPEN,
				.dialed = true,
				.dialed_us = i * 10,
				.connect_known = true,
				.connect_us = (uint32_t)(20 + i % 100),
				.handshake_us = (uint32_t)(10 + i % 50),
				.ordinal = (uint32_t)i};
	}
	FILE *out = fopen("/dev/null", "w");
	assert_non_null(out);
	uint64_t began_ns = clock_now_ns();
	assert_int_equal(report_connections.end(NULL, out, &result, NULL), 0);
	uint64_t took_ns = clock_now_ns() - began_ns;
	print_message("%.0f lines a second\n", (double)count * NSEC_PER_SEC / (double)took_ns);
	fclose(out);
	result_finish(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_a_line_and_what_it_has_not_is_empty),
		cmocka_unit_test(ipv6_has_no_brackets),
		cmocka_unit_test(without_connections_there_is_the_header),
		cmocka_unit_test(one_that_cannot_be_written_is_told),
		cmocka_unit_test(a_million_is_written_fast),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
