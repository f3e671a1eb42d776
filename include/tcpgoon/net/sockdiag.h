/* SPDX-License-Identifier: MIT */
/* What the kernel knows of TCP sockets: asked over NETLINK_SOCK_DIAG, in slices, unprivileged. */
#ifndef TCPGOON_NET_SOCKDIAG_H
#define TCPGOON_NET_SOCKDIAG_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"

/* One socket. Its state is one of netinet/tcp.h: TCP_ESTABLISHED, TCP_SYN_SENT, ... */
struct sockdiag_socket {
	struct address source; /* the near end, with its port */
	struct address target; /* the far end */
	uint32_t inode; /* 0 where no file is open for it any more */
	uint32_t uid;
	/* Of a listening socket: connections waiting to be accepted, and how many may. */
	uint32_t receive_queue; /* else bytes not read yet */
	uint32_t send_queue; /* else bytes not acknowledged yet */
	bool has_drops; /* of a listening socket, where the kernel tells */
	uint32_t drops; /* SYNs and last ACKs of handshakes that it dropped; wraps around */
	uint8_t state;
	bool v6_only; /* of a listening IPv6 socket */
	bool has_info; /* rtt_us to total_retransmits are known: not so in TIME_WAIT */
	bool has_segments; /* the rest is known too: from Linux 4.6 */
	uint8_t retransmits; /* of what is waiting for its acknowledgement now */
	uint32_t rtt_us; /* smoothed; of one that carried no data, that of the handshake */
	uint32_t rtt_variation_us;
	uint32_t rto_us;
	uint32_t unacknowledged; /* segments */
	uint32_t total_retransmits; /* SYNs are counted too */
	uint64_t bytes_acknowledged;
	uint64_t bytes_received;
	uint32_t segments_out;
	uint32_t segments_in;
	uint32_t min_rtt_us;
	uint32_t data_segments_in;
	uint32_t data_segments_out;
};

/*
 * How often the peer may have repeated its SYN-ACK to an established connection: the segments that
 * came beyond the first one. 0 where the peer sent or took data, which only a peer that has
 * completed the connection does. Keepalives and window updates of the peer are segments too.
 */
uint32_t sockdiag_repeats_at_most(const struct sockdiag_socket *socket);

typedef void sockdiag_visitor(void *context, const struct sockdiag_socket *socket);

/* Which sockets, and who is told of them. */
struct sockdiag_query {
	int family; /* AF_INET or AF_INET6 */
	uint32_t states; /* bits 1 << TCP_ESTABLISHED ... */
	uint16_t source_port; /* 0: any */
	sockdiag_visitor *visit;
	void *context;
};

/* Large enough for what the kernel puts into one answer. */
#define SOCKDIAG_BUFFER_SIZE 32768

/* One dump at a time. With fd -1 and the fields below set, sockdiag_parse works on any bytes. */
struct sockdiag {
	int fd; /* non-blocking; readable when the next slice is there */
	uint32_t sequence; /* of the dump under way: answers to another are skipped */
	sockdiag_visitor *visit;
	void *context;
	uint64_t sockets; /* visited in this dump */
	unsigned overruns; /* one after the other */
	bool interrupted; /* the table changed meanwhile: some may be missing, or told twice */
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
