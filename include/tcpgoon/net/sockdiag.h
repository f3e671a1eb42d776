/* SPDX-License-Identifier: MIT */
/* Asks the kernel about TCP sockets over NETLINK_SOCK_DIAG, in slices, without privileges. */
#ifndef TCPGOON_NET_SOCKDIAG_H
#define TCPGOON_NET_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/sockdiag_socket.h"

/*
 * At most how often the peer retransmitted its SYN-ACK on an established connection: the number of
 * segments received after the first. 0 if the peer sent or acknowledged data, as it then has
 * completed the connection. Keepalives and window updates of the peer are counted too.
 */
uint32_t sockdiag_repeats_at_most(const struct sockdiag_socket *socket);

/* Which sockets to ask for, and the function that is called with each. */
struct sockdiag_query {
	int family; /* AF_INET or AF_INET6 */
	uint32_t states; /* bits 1 << TCP_ESTABLISHED ... */
	uint16_t source_port; /* 0: any */
	sockdiag_visitor *visit;
	void *context;
};

/* Enough for one slice of the answer. */
#define SOCKDIAG_BUFFER_SIZE 32768

/* One dump at a time. */
struct sockdiag {
	int fd; /* non-blocking; readable when the next slice is there */
	unsigned overruns; /* in a row */
	struct sockdiag_dump dump;
};

#define SOCKDIAG_INIT    \
	{                \
		.fd = -1 \
	}

/* Returns 0 or a negative errno. */
int sockdiag_open(struct sockdiag *diag);
void sockdiag_close(struct sockdiag *diag);

/*
 * Sends the query; the kernel filters. Answers to an earlier dump are skipped. Returns 0 or a
 * negative errno. If the kernel lacks this interface (tcp_diag is a module, which the kernel loads
 * if allowed), sockdiag_next() returns -ENOENT.
 */
int sockdiag_begin(struct sockdiag *diag, const struct sockdiag_query *query);

/*
 * Receives one slice, about 80 sockets in 0.1 ms, and visits them. Never waits for the socket. But
 * before the first and between two matching sockets the kernel walks its table within one call.
 * That takes some 30 ns per bucket and up to 1 us per socket that does not match, over all network
 * namespaces together: up to 10 ms with the usual 262,144 buckets. While anything is being timed,
 * use sockdiag_lookup() instead. Returns 1 (there is more: call again, at once or when the fd is
 * readable), 0 (that was all) or a negative errno (the dump is over).
 */
int sockdiag_next(struct sockdiag *diag, void *buffer, size_t size);

#endif
