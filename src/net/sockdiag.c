/* SPDX-License-Identifier: MIT */
/*
 * A dump of the kernel's socket table costs about a microsecond per socket, plus the walk over its
 * hash table. The kernel makes the next slice of its answer inside recv(), so the caller decides
 * when to pay for it. Pauses between slices lose nothing, except that sockets come and go in
 * between (`interrupted` is set only for changes that the kernel noticed).
 */
#include "tcpgoon/net/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sockdiag_parse.h"

/* How often in a row the kernel may lack memory for the next slice. */
#define OVERRUNS_MAX 8

uint32_t sockdiag_repeats_at_most(const struct sockdiag_socket *socket)
{
	/* The SYN may count as one acknowledged byte. */
	bool never_used = socket->state == TCP_ESTABLISHED && socket->has_segments &&
		socket->bytes_received == 0 && socket->data_segments_in == 0 &&
		socket->bytes_acknowledged <= 1;
	return never_used && socket->segments_in > 1 ? socket->segments_in - 1 : 0;
}

int sockdiag_open(struct sockdiag *diag)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	if (fd < 0) {
		return -errno;
	}
	*diag = (struct sockdiag){.fd = fd};
	return 0;
}

void sockdiag_close(struct sockdiag *diag)
{
	if (diag->fd >= 0) {
		close(diag->fd);
	}
	diag->fd = -1;
}

int sockdiag_begin(struct sockdiag *diag, const struct sockdiag_query *query)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++diag->dump.sequence},
		.request = {.sdiag_family = (uint8_t)query->family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = query->states == UINT32_C(1) << TCP_LISTEN
				? 1 << (INET_DIAG_SKMEMINFO - 1)
				: 1 << (INET_DIAG_INFO - 1),
			.idiag_states = query->states,
			.id = {.idiag_sport = htons(query->source_port)}},
	};

	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(diag->fd, &message, sizeof(message), 0,
		(const struct sockaddr *)&kernel, sizeof(kernel));
	if (sent < 0) {
		return -errno;
	}
	diag->overruns = 0;
	diag->dump = (struct sockdiag_dump){
		.sequence = diag->dump.sequence,
		.visit = query->visit,
		.context = query->context,
	};
	return 0;
}

int sockdiag_next(struct sockdiag *diag, void *buffer, size_t size)
{
	/* MSG_TRUNC: returns the real length, even if the buffer is too small. */
	ssize_t received = recv(diag->fd, buffer, size, MSG_DONTWAIT | MSG_TRUNC);
	if (received < 0) {
		switch (errno) {
		case EAGAIN:
		case EINTR:
			return 1;
		case ENOBUFS:
			diag->dump.interrupted = true;
			return ++diag->overruns < OVERRUNS_MAX ? 1 : -ENOBUFS;
		default:
			return -errno;
		}
	}
	diag->overruns = 0;
	if ((size_t)received > size) {
		return -EMSGSIZE;
	}
	return sockdiag_parse(&diag->dump, buffer, (size_t)received);
}
