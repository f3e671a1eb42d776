/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/server_totals.h"

/* Wider than 32 bits, and each another. */
static const struct server_totals totals = {
	.accepted = UINT64_C(5000000001),
	.max_open = 4,
	.closed_by_peer = 3,
	.reset_by_peer = 2,
	.open = 5,
	.closed_by_us = 6,
	.reset_by_us = 7,
	.recycled = 8,
	.refused = 9,
	.silenced = 10,
	.received_bytes = 11,
	.sent_bytes = UINT64_C(5000000012),
};

static void assert_prints(
	void (*print)(FILE *out, const struct server_totals *totals), const char *expected)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	print(out, &totals);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void the_server_says_a_number_a_line(void **state)
{
	(void)state;
	assert_prints(server_totals_print_lines,
		"Total accepted connections: 5000000001\n"
		"Max concurrent open connections: 4\n"
		"Connections closed by the peer: 3\n"
		"Connections reset by the peer: 2\n");
}

static void a_behaviour_has_lines_of_its_own(void **state)
{
	(void)state;
	assert_prints(server_totals_print_behaviour,
		"Connections closed by the server: 6\n"
		"Connections reset by the server: 7\n"
		"Connections recycled: 8\n"
		"Connections refused after the accept: 9\n"
		"Connections that fell silent: 10\n"
		"Connections open at the end: 5\n"
		"Bytes received: 11\n"
		"Bytes sent: 5000000012\n");
}

static void the_demo_says_a_sentence(void **state)
{
	(void)state;
	assert_prints(server_totals_print_sentence,
		"Server: accepted 5000000001, at most 4 open at once, 3 closed by the peer, "
		"2 reset by the peer\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_says_a_number_a_line),
		cmocka_unit_test(a_behaviour_has_lines_of_its_own),
		cmocka_unit_test(the_demo_says_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
