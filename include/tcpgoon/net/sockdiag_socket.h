/* SPDX-License-Identifier: MIT */
/* One TCP socket as the kernel describes it, and a dump of several while it is read. */
#ifndef TCPGOON_NET_SOCKDIAG_SOCKET_H
#define TCPGOON_NET_SOCKDIAG_SOCKET_H

#include <netinet/tcp.h>
#include <stdbool.h>
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

typedef void sockdiag_visitor(void *context, const struct sockdiag_socket *socket);

/* The answers to one question. */
struct sockdiag_dump {
	uint32_t sequence; /* of the question: answers to another are skipped */
	sockdiag_visitor *visit;
	void *context;
	uint64_t sockets; /* visited */
	bool interrupted; /* the table changed meanwhile: some may be missing, or told twice */
};

#endif
