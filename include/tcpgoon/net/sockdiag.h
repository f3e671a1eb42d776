/* SPDX-License-Identifier: MIT */
/* What the kernel knows of TCP sockets: asked over NETLINK_SOCK_DIAG, in slices, unprivileged. */
#ifndef TCPGOON_NET_SOCKDIAG_H
#define TCPGOON_NET_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/sockdiag_socket.h"

/*
 * How often the peer may have repeated its SYN-ACK to an established connection: the segments that
 * came beyond the first one. 0 where the peer sent or took data, which only a peer that has
 * completed the connection does. Keepalives and window updates of the peer are segments too.
 */
uint32_t sockdiag_repeats_at_most(const struct sockdiag_socket *socket);

/* Which sockets, and the function that visits them. */
struct sockdiag_query {
	int family; /* AF_INET or AF_INET6 */
	uint32_t states; /* bits 1 << TCP_ESTABLISHED ... */
	uint16_t source_port; /* 0: any */
	sockdiag_visitor *visit;
	void *context;
};

/* Large enough for what the kernel puts into one answer. */
#define SOCKDIAG_BUFFER_SIZE 32768

/* One dump at a time. */
struct sockdiag {
	int fd; /* non-blocking; readable when the next slice is there */
	unsigned overruns; /* one after the other */
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
 * Asks. The kernel filters. What an earlier dump left unread is skipped.
 * Returns 0 or a negative errno. Where the kernel has no such diagnosis (tcp_diag is a module, which
 * the kernel loads if it may), -ENOENT comes as the answer: from sockdiag_next.
 */
int sockdiag_begin(struct sockdiag *diag, const struct sockdiag_query *query);

/*
 * One recv's worth, about 80 sockets and 0.1 ms: visits them. Never waits; but before the first and
 * between two matching sockets the kernel walks its table within one call: that is some 30 ns for
 * each of its buckets and up to 1 us for each socket that does not match, of all network namespaces
 * together, so up to 10 ms with the usual 262,144 buckets. While something is being timed, use
 * sockdiag_lookup.
 * Returns 1 (there is more: call again, at once or when the fd is readable), 0 (that was all) or a
 * negative errno (the dump is over).
 */
int sockdiag_next(struct sockdiag *diag, void *buffer, size_t size);

#endif
