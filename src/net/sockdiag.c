/* SPDX-License-Identifier: MIT */
/*
 * One dump of the kernel's socket table costs about a microsecond a socket, the walk over its hash
 * table aside. The kernel makes the next part of its answer inside recv(): so whoever takes it part
 * by part decides when to pay, and nothing is lost by waiting in between, except that sockets come
 * and go (`interrupted` tells only of changes the kernel noticed).
 *
 * The filter is a program for the kernel's inet_diag: conditional jumps forward, where the end of
 * the program means yes and four bytes beyond it mean no.
 */
#include "tcpgoon/net/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcpgoon/net/sockdiag_parse.h"

/* As many times in a row may the kernel have no memory for the next part of its answer. */
#define OVERRUNS_MAX 8

bool sockdiag_is_unconfirmed(const struct sockdiag_socket *socket)
{
	return socket->state == TCP_ESTABLISHED && socket->has_segments &&
		socket->segments_in > 1 && socket->bytes_received == 0 &&
		socket->bytes_acknowledged <= 1; /* the SYN may count as one */
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

/* Ports from low to high. */
struct port_range {
	uint16_t low;
	uint16_t high;
};

/* Returns how many ranges they are: neighbours that follow each other are one. */
static size_t merge_ports(
	const uint16_t *ports, size_t count, struct port_range ranges[SOCKDIAG_RANGES_MAX])
{
	size_t used = 0;
	struct port_range cover = {.low = UINT16_MAX};
	for (size_t i = 0; i < count; i++) {
		cover.low = ports[i] < cover.low ? ports[i] : cover.low;
		cover.high = ports[i] > cover.high ? ports[i] : cover.high;
		if (used > 0 && used <= SOCKDIAG_RANGES_MAX &&
			ports[i] == ranges[used - 1].high + 1) {
			ranges[used - 1].high = ports[i];
		} else if (used < SOCKDIAG_RANGES_MAX) {
			ranges[used++] = (struct port_range){.low = ports[i], .high = ports[i]};
		} else {
			used = SOCKDIAG_RANGES_MAX + 1;
		}
	}
	if (used > SOCKDIAG_RANGES_MAX) {
		ranges[0] = cover;
		used = 1;
	}
	return used;
}

/* A comparison of ports: its operand is the second op's `no`. */
static size_t put_compare(
	struct inet_diag_bc_op *ops, unsigned char code, size_t jump_no, uint16_t port)
{
	ops[0] = (struct inet_diag_bc_op){.code = code, .yes = 8, .no = (unsigned short)jump_no};
	ops[1] = (struct inet_diag_bc_op){.code = INET_DIAG_BC_NOP, .no = port};
	return 2;
}

#define OPS_PER_RANGE 5
#define FILTER_OPS_MAX (SOCKDIAG_RANGES_MAX * OPS_PER_RANGE)

/*
 * For each range: below it, or above it: on to the next one; else jump to the end. After the last
 * one no jump is needed, and what fails there goes four bytes beyond the end.
 */
static size_t make_filter(
	const struct port_range *ranges, size_t count, struct inet_diag_bc_op ops[FILTER_OPS_MAX])
{
	const size_t op = sizeof(ops[0]);
	size_t length = count * OPS_PER_RANGE - 1;
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		at += put_compare(&ops[at], INET_DIAG_BC_D_GE, 5 * op, ranges[i].low);
		at += put_compare(&ops[at], INET_DIAG_BC_D_LE, 3 * op, ranges[i].high);
		if (i + 1 < count) {
			ops[at] = (struct inet_diag_bc_op){
				.code = INET_DIAG_BC_JMP,
				.yes = (unsigned char)op,
				.no = (unsigned short)((length - at) * op),
			};
			at++;
		}
	}
	return at * op;
}

int sockdiag_begin(struct sockdiag *diag, const struct sockdiag_query *query)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
		struct nlattr filter;
		struct inet_diag_bc_op ops[FILTER_OPS_MAX];
	} message = {
		.header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++diag->sequence},
		.request = {.sdiag_family = (uint8_t)query->family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = query->states == UINT32_C(1) << TCP_LISTEN
				? 1 << (INET_DIAG_SKMEMINFO - 1)
				: 1 << (INET_DIAG_INFO - 1),
			.idiag_states = query->states,
			.id = {.idiag_sport = htons(query->source_port)}},
		.filter = {.nla_type = INET_DIAG_REQ_BYTECODE},
	};
	size_t length = offsetof(__typeof__(message), filter);
	if (query->target_port_count > 0) {
		struct port_range ranges[SOCKDIAG_RANGES_MAX];
		size_t count = merge_ports(query->target_ports, query->target_port_count, ranges);
		size_t filter = NLA_HDRLEN + make_filter(ranges, count, message.ops);
		message.filter.nla_len = (uint16_t)filter;
		length += filter;
	}
	message.header.nlmsg_len = (uint32_t)length;

	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(
		diag->fd, &message, length, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	if (sent < 0) {
		return -errno;
	}
	diag->visit = query->visit;
	diag->context = query->context;
	diag->sockets = 0;
	diag->overruns = 0;
	diag->interrupted = false;
	return 0;
}

int sockdiag_next(struct sockdiag *diag, void *buffer, size_t size)
{
	/* MSG_TRUNC: the length that it had, even where the buffer was too small. */
	ssize_t received = recv(diag->fd, buffer, size, MSG_DONTWAIT | MSG_TRUNC);
	if (received < 0) {
		switch (errno) {
		case EAGAIN:
		case EINTR:
			return 1;
		case ENOBUFS:
			diag->interrupted = true;
			return ++diag->overruns < OVERRUNS_MAX ? 1 : -ENOBUFS;
		default:
			return -errno;
		}
	}
	diag->overruns = 0;
	if ((size_t)received > size) {
		return -EMSGSIZE;
	}
	return sockdiag_parse(diag, buffer, (size_t)received);
}
