/* SPDX-License-Identifier: MIT */
#include "net/sockdiag_parse.h"

#include <assert.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

/* tcp_info as in the headers of the kernel; glibc has it only up to tcpi_total_retrans. */
struct kernel_tcp_info {
	uint8_t state;
	uint8_t ca_state;
	uint8_t retransmits;
	uint8_t probes;
	uint8_t backoff;
	uint8_t options;
	uint8_t window_scales;
	uint8_t flags;
	uint32_t rto;
	uint32_t ato;
	uint32_t snd_mss;
	uint32_t rcv_mss;
	uint32_t unacked;
	uint32_t sacked;
	uint32_t lost;
	uint32_t retrans;
	uint32_t fackets;
	uint32_t last_data_sent;
	uint32_t last_ack_sent;
	uint32_t last_data_recv;
	uint32_t last_ack_recv;
	uint32_t pmtu;
	uint32_t rcv_ssthresh;
	uint32_t rtt;
	uint32_t rttvar;
	uint32_t snd_ssthresh;
	uint32_t snd_cwnd;
	uint32_t advmss;
	uint32_t reordering;
	uint32_t rcv_rtt;
	uint32_t rcv_space;
	uint32_t total_retrans;
	uint64_t pacing_rate;
	uint64_t max_pacing_rate;
	uint64_t bytes_acked;
	uint64_t bytes_received;
	uint32_t segs_out;
	uint32_t segs_in;
	uint32_t notsent_bytes;
	uint32_t min_rtt;
	uint32_t data_segs_in;
	uint32_t data_segs_out;
};

static_assert(offsetof(struct kernel_tcp_info, total_retrans) == 100, "as in linux/tcp.h");
static_assert(offsetof(struct kernel_tcp_info, data_segs_out) == 156, "as in linux/tcp.h");

#define INFO_LENGTH_BASIC offsetof(struct kernel_tcp_info, pacing_rate)

static struct address make_address(int family, const uint32_t host[4], uint16_t port_be)
{
	struct address address = {0};
	if (family == AF_INET) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = port_be;
		memcpy(&address.v4.sin_addr, host, sizeof(address.v4.sin_addr));
	} else {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = port_be;
		memcpy(&address.v6.sin6_addr, host, sizeof(address.v6.sin6_addr));
	}
	return address;
}

/* tcp_info grows with kernel releases; members that this kernel did not send become 0. */
static void read_info(struct sockdiag_socket *socket, const void *data, size_t length)
{
	if (length < INFO_LENGTH_BASIC) {
		return;
	}
	struct kernel_tcp_info info = {0};
	memcpy(&info, data, length < sizeof(info) ? length : sizeof(info));
	socket->has_info = true;
	socket->retransmits = info.retransmits;
	socket->rtt_us = info.rtt;
	socket->rtt_variation_us = info.rttvar;
	socket->rto_us = info.rto;
	socket->unacknowledged = info.unacked;
	socket->total_retransmits = info.total_retrans;
	if (length < sizeof(info)) {
		return;
	}
	socket->has_segments = true;
	socket->bytes_acknowledged = info.bytes_acked;
	socket->bytes_received = info.bytes_received;
	socket->segments_out = info.segs_out;
	socket->segments_in = info.segs_in;
	socket->min_rtt_us = info.min_rtt;
	socket->data_segments_in = info.data_segs_in;
	socket->data_segments_out = info.data_segs_out;
}

static void read_drops(struct sockdiag_socket *socket, const uint8_t *data, size_t length)
{
	size_t offset = SK_MEMINFO_DROPS * sizeof(socket->drops);
	if (length >= offset + sizeof(socket->drops)) {
		memcpy(&socket->drops, data + offset, sizeof(socket->drops));
		socket->has_drops = true;
	}
}

/* Returns 0 or -EBADMSG. */
static int read_attributes(struct sockdiag_socket *socket, const uint8_t *at, size_t left)
{
	while (left >= NLA_HDRLEN) {
		struct nlattr attribute;
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > left) {
			return -EBADMSG;
		}
		const uint8_t *data = at + NLA_HDRLEN;
		size_t length = attribute.nla_len - (size_t)NLA_HDRLEN;
		if (attribute.nla_type == INET_DIAG_INFO) {
			read_info(socket, data, length);
		} else if (attribute.nla_type == INET_DIAG_SKMEMINFO) {
			read_drops(socket, data, length);
		} else if (attribute.nla_type == INET_DIAG_SKV6ONLY && length >= 1) {
			socket->v6_only = data[0] != 0;
		}
		size_t step = NLA_ALIGN(attribute.nla_len);
		if (step >= left) {
			break;
		}
		at += step;
		left -= step;
	}
	return 0;
}

static int read_socket(const uint8_t *payload, size_t length, struct sockdiag_socket *ret_socket)
{
	struct inet_diag_msg message;
	if (length < sizeof(message)) {
		return -EBADMSG;
	}
	memcpy(&message, payload, sizeof(message));
	if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) {
		return -EBADMSG;
	}
	const struct inet_diag_sockid *id = &message.id;
	struct sockdiag_socket socket = {
		.source = make_address(message.idiag_family, id->idiag_src, id->idiag_sport),
		.target = make_address(message.idiag_family, id->idiag_dst, id->idiag_dport),
		.inode = message.idiag_inode,
		.uid = message.idiag_uid,
		.receive_queue = message.idiag_rqueue,
		.send_queue = message.idiag_wqueue,
		.state = message.idiag_state,
	};
	size_t header = NLMSG_ALIGN(sizeof(message));
	if (length > header) {
		int r = read_attributes(&socket, payload + header, length - header);
		if (r < 0) {
			return r;
		}
	}
	*ret_socket = socket;
	return 0;
}

static int visit_socket(struct sockdiag_dump *dump, const uint8_t *payload, size_t length)
{
	struct sockdiag_socket socket;
	int r = read_socket(payload, length, &socket);
	if (r == 0) {
		dump->sockets++;
		dump->visit(dump->context, &socket);
	}
	return r;
}

/* The negative errno at the start of DONE and ERROR; 0 if there is none. */
static int read_status(const uint8_t *payload, size_t length)
{
	int status = 0;
	if (length >= sizeof(status)) {
		memcpy(&status, payload, sizeof(status));
	}
	return status < 0 ? status : 0;
}

/* The rest of a buffer, and the message last taken from it. */
struct cursor {
	const uint8_t *at;
	size_t left;
	struct nlmsghdr header;
	const uint8_t *payload;
	size_t payload_length;
};

/* Returns 1 with a message, 0 at the end, or -EBADMSG. */
static int next_message(struct cursor *cursor)
{
	if (cursor->left == 0) {
		return 0;
	}
	if (cursor->left < sizeof(cursor->header)) {
		return -EBADMSG;
	}
	memcpy(&cursor->header, cursor->at, sizeof(cursor->header));
	size_t length = cursor->header.nlmsg_len;
	if (length < sizeof(cursor->header) || length > cursor->left) {
		return -EBADMSG;
	}
	cursor->payload = cursor->at + NLMSG_HDRLEN;
	cursor->payload_length = length - NLMSG_HDRLEN;
	size_t step = NLMSG_ALIGN(length) < cursor->left ? NLMSG_ALIGN(length) : cursor->left;
	cursor->at += step;
	cursor->left -= step;
	return 1;
}

int sockdiag_parse(struct sockdiag_dump *dump, const void *buffer, size_t length)
{
	struct cursor cursor = {.at = buffer, .left = length};
	int taken;
	while ((taken = next_message(&cursor)) > 0) {
		const struct nlmsghdr header = cursor.header;
		const uint8_t *payload = cursor.payload;
		size_t payload_length = cursor.payload_length;
		if (header.nlmsg_seq != dump->sequence) {
			continue; /* the answer to an abandoned dump */
		}
		if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
			dump->interrupted = true;
		}
		int r = 0;
		switch (header.nlmsg_type) {
		case NLMSG_DONE:
			return read_status(payload, payload_length);
		case NLMSG_ERROR:
			r = payload_length < sizeof(int) ? -EBADMSG
							 : read_status(payload, payload_length);
			break;
		case NLMSG_OVERRUN:
			dump->interrupted = true;
			break;
		case SOCK_DIAG_BY_FAMILY:
			r = visit_socket(dump, payload, payload_length);
			break;
		default:
			break;
		}
		if (r < 0) {
			return r;
		}
	}
	return taken < 0 ? taken : 1;
}

int sockdiag_parse_lookup(const void *buffer, size_t length, uint32_t first, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	struct cursor cursor = {.at = buffer, .left = length};
	int answered = 0;
	int taken;
	while ((taken = next_message(&cursor)) > 0) {
		size_t index = cursor.header.nlmsg_seq - first;
		if (index >= count) {
			continue; /* the answer to an earlier lookup */
		}
		int r = 0;
		if (cursor.header.nlmsg_type == SOCK_DIAG_BY_FAMILY) {
			r = read_socket(cursor.payload, cursor.payload_length, &ret_sockets[index]);
			/* Without a connection, the kernel returns the listener of the port. */
			if (r == 0 && ret_sockets[index].state == TCP_LISTEN) {
				ret_sockets[index] = (struct sockdiag_socket){0};
			}
		} else if (cursor.header.nlmsg_type == NLMSG_ERROR) {
			r = cursor.payload_length < sizeof(int)
				? -EBADMSG
				: read_status(cursor.payload, cursor.payload_length);
			r = r == -ENOENT ? 0 : r; /* the state stays 0 */
		} else {
			continue;
		}
		if (r < 0) {
			return r;
		}
		answered++;
	}
	return taken < 0 ? taken : answered;
}
