/* SPDX-License-Identifier: MIT */
/* A TCP socket as the kernel describes it, and a dump of many as it is read. */
#ifndef TCPGOON_NET_SOCKDIAG_SOCKET_H
#define TCPGOON_NET_SOCKDIAG_SOCKET_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"

/* One socket. Its state is as in netinet/tcp.h: TCP_ESTABLISHED, TCP_SYN_SENT, ... */
struct sockdiag_socket {
	struct address source; /* the local end, with its port */
	struct address target; /* the remote end */
	uint32_t inode; /* 0 if no file refers to it any more */
	uint32_t uid;
	/* If it listens: connections waiting to be accepted, and how many may wait. */
	uint32_t receive_queue; /* otherwise: bytes not read yet */
	uint32_t send_queue; /* otherwise: bytes not acknowledged yet */
	bool has_drops; /* if it listens and the kernel tells */
	uint32_t drops; /* SYNs and final ACKs of handshakes that it dropped; wraps around */
	uint8_t state;
	bool v6_only; /* if it is IPv6 and listens */
	bool has_info; /* rtt_us to total_retransmits are known; false in TIME_WAIT */
	bool has_segments; /* the rest is known too, since Linux 4.6 */
	uint8_t retransmits; /* of the segment that awaits its acknowledgement now */
	uint32_t rtt_us; /* smoothed; without any data, that of the handshake */
	uint32_t rtt_variation_us;
	uint32_t rto_us;
	uint32_t unacknowledged; /* segments */
	uint32_t total_retransmits; /* SYNs included */
	uint64_t bytes_acknowledged;
	uint64_t bytes_received;
	uint32_t segments_out;
	uint32_t segments_in;
	uint32_t min_rtt_us;
	uint32_t data_segments_in;
	uint32_t data_segments_out;
};

typedef void sockdiag_visitor(void *context, const struct sockdiag_socket *socket);

/* The answers to one query. */
struct sockdiag_dump {
	uint32_t sequence; /* of the query: other answers are skipped */
	sockdiag_visitor *visit;
	void *context;
	uint64_t sockets; /* visited */
	bool interrupted; /* the table changed meanwhile: some may be missing or repeated */
};

#endif
