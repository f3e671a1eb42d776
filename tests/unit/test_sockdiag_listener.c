/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/tcp.h>

#include "tcpgoon/net/sockdiag_listener.h"

static struct sockdiag_socket make_listener(const char *address, uint16_t port)
{
	struct sockdiag_socket socket = {.state = TCP_LISTEN};
	assert_int_equal(address_parse_literal(address, port, &socket.source), 0);
	return socket;
}

static void the_listener_of_a_target_is_the_most_specific(void **state)
{
	(void)state;
	const struct {
		const char *target;
		const char *bound;
		uint16_t port;
		bool v6_only;
		int rank;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", 80, false, 3},
		{"127.0.0.1", "127.0.0.2", 80, false, 0},
		{"127.0.0.1", "127.0.0.1", 81, false, 0},
		{"127.0.0.1", "0.0.0.0", 80, false, 2},
		{"127.0.0.1", "::", 80, false, 1},
		{"127.0.0.1", "::", 80, true, 0},
		{"127.0.0.1", "::1", 80, false, 0},
		{"127.0.0.1", "::ffff:127.0.0.1", 80, false, 3},
		{"::ffff:127.0.0.1", "127.0.0.1", 80, false, 3},
		{"::1", "::1", 80, true, 3},
		{"::1", "::", 80, true, 2},
		{"::1", "0.0.0.0", 80, false, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address target;
		assert_int_equal(address_parse_literal(cases[i].target, 80, &target), 0);
		struct sockdiag_socket socket = make_listener(cases[i].bound, cases[i].port);
		socket.v6_only = cases[i].v6_only;
		assert_int_equal(sockdiag_listener_rank(&target, &socket), cases[i].rank);
		socket.state = TCP_ESTABLISHED;
		assert_int_equal(sockdiag_listener_rank(&target, &socket), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_listener_of_a_target_is_the_most_specific),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
