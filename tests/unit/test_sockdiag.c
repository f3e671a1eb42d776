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

static void unconfirmed_is_what_only_repeats_its_syn_ack(void **state)
{
	(void)state;
	const struct sockdiag_socket repeated = {.state = TCP_ESTABLISHED,
		.has_segments = true,
		.segments_in = 2,
		.bytes_acknowledged = 1};
	assert_true(sockdiag_is_unconfirmed(&repeated));
	struct sockdiag_socket other = repeated;
	other.segments_in = 1; /* the SYN-ACK */
	assert_false(sockdiag_is_unconfirmed(&other));
	other = repeated;
	other.bytes_received = 1;
	assert_false(sockdiag_is_unconfirmed(&other));
	other = repeated;
	other.bytes_acknowledged = 2; /* the peer took data */
	assert_false(sockdiag_is_unconfirmed(&other));
	other = repeated;
	other.state = TCP_CLOSE_WAIT; /* its FIN is the second segment */
	assert_false(sockdiag_is_unconfirmed(&other));
	other = repeated;
	other.has_segments = false;
	assert_false(sockdiag_is_unconfirmed(&other));
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

struct told {
	uint16_t wanted[2];
	unsigned seen[2];
};

static void tell(void *context, const struct sockdiag_socket *socket)
{
	struct told *told = context;
	for (size_t i = 0; i < 2; i++) {
		told->seen[i] += address_port(&socket->target) == told->wanted[i];
	}
}

/* How often each of the wanted ports is told, where the kernel is asked for `ports` only. */
static int dump(struct told *told, const uint16_t *ports, size_t count)
{
	struct sockdiag diag;
	int r = sockdiag_open(&diag);
	if (r < 0) {
		return r;
	}
	const struct sockdiag_query query = {
		.family = AF_INET,
		.states = UINT32_C(1) << TCP_ESTABLISHED,
		.target_ports = ports,
		.target_port_count = count,
		.visit = tell,
		.context = told,
	};
	uint8_t *buffer = malloc(SOCKDIAG_BUFFER_SIZE);
	assert_non_null(buffer);
	told->seen[0] = 0;
	told->seen[1] = 0;
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
	return r;
}

/* Of two connections, those whose port was asked for; skipped where there is no such diagnosis. */
static void the_kernel_filters_by_the_ports_asked_for(void **state)
{
	(void)state;
	struct pair pairs[2];
	pair_open(&pairs[0]);
	pair_open(&pairs[1]);
	struct told told = {.wanted = {pairs[0].port, pairs[1].port}};
	int r = dump(&told, NULL, 0);
	if (r == -ENOENT || r == -EPROTONOSUPPORT) {
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(told.seen[0], 1);
	assert_int_equal(told.seen[1], 1);

	assert_int_equal(dump(&told, &told.wanted[0], 1), 0);
	assert_int_equal(told.seen[0], 1);
	assert_int_equal(told.seen[1], 0);

	/* Three ranges, of which the last is that of the second connection. */
	const uint16_t ranges[] = {1, 2, 5, told.wanted[1]};
	assert_int_equal(dump(&told, ranges, 4), 0);
	assert_int_equal(told.seen[0], 0);
	assert_int_equal(told.seen[1], 1);

	/* More than there may be: from the lowest to the highest. */
	uint16_t many[SOCKDIAG_RANGES_MAX + 1];
	for (uint16_t i = 0; i < SOCKDIAG_RANGES_MAX; i++) {
		many[i] = (uint16_t)(2 * i + 1);
	}
	many[SOCKDIAG_RANGES_MAX] = UINT16_MAX;
	assert_int_equal(dump(&told, many, SOCKDIAG_RANGES_MAX + 1), 0);
	assert_int_equal(told.seen[0], 1);
	assert_int_equal(told.seen[1], 1);
	pair_close(&pairs[0]);
	pair_close(&pairs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unconfirmed_is_what_only_repeats_its_syn_ack),
		cmocka_unit_test(the_kernel_filters_by_the_ports_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
