/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/net/sockdiag.h"

static void only_segments_without_any_data_may_be_repeats(void **state)
{
	(void)state;
	const struct sockdiag_socket repeated = {.state = TCP_ESTABLISHED,
		.has_segments = true,
		.segments_in = 3,
		.bytes_acknowledged = 1};
	assert_int_equal(sockdiag_repeats_at_most(&repeated), 2);
	struct sockdiag_socket other = repeated;
	other.segments_in = 1; /* the SYN-ACK */
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other.segments_in = 0;
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other = repeated;
	other.bytes_received = 1;
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other = repeated;
	other.data_segments_in =
		1; /* an old stack's keepalive, with a byte that was there before */
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other = repeated;
	other.bytes_acknowledged = 2; /* the peer took data */
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other = repeated;
	other.state = TCP_CLOSE_WAIT; /* its FIN is the second segment */
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
	other = repeated;
	other.has_segments = false;
	assert_int_equal(sockdiag_repeats_at_most(&other), 0);
}

/* A listening socket at 127.0.0.1, and a connection to it that nobody accepts. */
struct pair {
	int listener;
	int client;
	uint16_t port;
};

static void pair_open(struct pair *pair)
{
	struct address address;
	assert_int_equal(address_parse_literal("127.0.0.1", 0, &address), 0);
	pair->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(pair->listener >= 0);
	assert_int_equal(bind(pair->listener, &address.any, address_length(&address)), 0);
	assert_int_equal(listen(pair->listener, 1), 0);
	socklen_t length = sizeof(address);
	assert_int_equal(getsockname(pair->listener, &address.any, &length), 0);
	pair->port = address_port(&address);
	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair->client, &address.any, address_length(&address)), 0);
}

static void pair_close(const struct pair *pair)
{
	close(pair->client);
	close(pair->listener);
}

static void count_socket(void *context, const struct sockdiag_socket *socket)
{
	unsigned *count = context;
	assert_int_equal(socket->state, TCP_LISTEN);
	(*count)++;
}

/* How many listening sockets the kernel has on a port; negative where it cannot tell. */
static int listeners_on(uint16_t port)
{
	struct sockdiag diag;
	unsigned count = 0;
	int r = sockdiag_open(&diag);
	if (r < 0) {
		return r;
	}
	const struct sockdiag_query query = {
		.family = AF_INET,
		.states = UINT32_C(1) << TCP_LISTEN,
		.source_port = port,
		.visit = count_socket,
		.context = &count,
	};
	uint8_t *buffer = malloc(SOCKDIAG_BUFFER_SIZE);
	assert_non_null(buffer);
	r = sockdiag_begin(&diag, &query);
	if (r == 0) {
		do {
			struct pollfd ready = {.fd = diag.fd, .events = POLLIN};
			assert_int_equal(poll(&ready, 1, 5000), 1);
			r = sockdiag_next(&diag, buffer, SOCKDIAG_BUFFER_SIZE);
		} while (r > 0);
	}
	free(buffer);
	sockdiag_close(&diag);
	return r < 0 ? r : (int)count;
}

/* Skipped where there is no such diagnosis. */
static void the_kernel_filters_by_state_and_port(void **state)
{
	(void)state;
	struct pair pairs[2];
	pair_open(&pairs[0]);
	pair_open(&pairs[1]);
	int count = listeners_on(pairs[0].port);
	if (count == -ENOENT || count == -EPROTONOSUPPORT) {
		skip();
	}
	assert_int_equal(count, 1);
	assert_int_equal(listeners_on(pairs[1].port), 1);
	close(pairs[1].listener);
	assert_int_equal(listeners_on(pairs[1].port), 0);
	close(pairs[1].client);
	pair_close(&pairs[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_segments_without_any_data_may_be_repeats),
		cmocka_unit_test(the_kernel_filters_by_state_and_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
