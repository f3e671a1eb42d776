/* SPDX-License-Identifier: MIT */
/*
 * One dump of the kernel's socket table costs about a microsecond a socket, the walk over its hash
 * table aside. The kernel makes the next part of its answer inside recv(): so whoever takes it part
 * by part decides when to pay, and nothing is lost by waiting in between, except that sockets come
 * and go (`interrupted` tells only of changes the kernel noticed).
 *
 * The filter is a program for the kernel's inet_diag: conditional jumps forward, where the end of
 * the program means yes and four bytes beyond it mean no.
 *
 * A lookup of one connection by its addresses costs no more than one in a dump, as long as many go
 * into one send(): the kernel has answered all of them when that returns.
 */
#include "tcpgoon/net/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tcpgoon/net/sources.h"

/* tcp_info as the kernel's headers have it: glibc's ends at tcpi_total_retrans. */
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

_Static_assert(offsetof(struct kernel_tcp_info, total_retrans) == 100, "as in linux/tcp.h");
_Static_assert(offsetof(struct kernel_tcp_info, data_segs_out) == 156, "as in linux/tcp.h");

#define INFO_LENGTH_BASIC offsetof(struct kernel_tcp_info, pacing_rate)

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
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
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

/* The kernel's tcp_info grows from release to release: what it did not send is zero here. */
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

static int visit_socket(struct sockdiag *diag, const uint8_t *payload, size_t length)
{
	struct sockdiag_socket socket;
	int r = read_socket(payload, length, &socket);
	if (r == 0) {
		diag->sockets++;
		diag->visit(diag->context, &socket);
	}
	return r;
}

/* The negative errno that DONE and ERROR begin with; 0 where there is none. */
static int read_status(const uint8_t *payload, size_t length)
{
	int status = 0;
	if (length >= sizeof(status)) {
		memcpy(&status, payload, sizeof(status));
	}
	return status < 0 ? status : 0;
}

/* What is left of a buffer, and the message that was taken from it. */
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

int sockdiag_parse(struct sockdiag *diag, const void *buffer, size_t length)
{
	struct cursor cursor = {.at = buffer, .left = length};
	int taken;
	while ((taken = next_message(&cursor)) > 0) {
		const struct nlmsghdr header = cursor.header;
		const uint8_t *payload = cursor.payload;
		size_t payload_length = cursor.payload_length;
		if (header.nlmsg_seq != diag->sequence) {
			continue; /* of a dump that was given up */
		}
		if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
			diag->interrupted = true;
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
			diag->interrupted = true;
			break;
		case SOCK_DIAG_BY_FAMILY:
			r = visit_socket(diag, payload, payload_length);
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

int sockdiag_parse_lookup(const void *buffer, size_t length, uint32_t first, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	struct cursor cursor = {.at = buffer, .left = length};
	int answered = 0;
	int taken;
	while ((taken = next_message(&cursor)) > 0) {
		size_t index = cursor.header.nlmsg_seq - first;
		if (index >= count) {
			continue; /* of something asked before */
		}
		int r = 0;
		if (cursor.header.nlmsg_type == SOCK_DIAG_BY_FAMILY) {
			r = read_socket(cursor.payload, cursor.payload_length, &ret_sockets[index]);
			/* Where there is no connection, the kernel finds who listens on its port. */
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

struct lookup_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

static void put_host(uint32_t host[4], const struct address *address)
{
	if (address->any.sa_family == AF_INET) {
		memcpy(host, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
	} else {
		memcpy(host, &address->v6.sin6_addr, sizeof(address->v6.sin6_addr));
	}
}

static struct lookup_request make_lookup(const struct sockdiag_pair *pair, uint32_t sequence)
{
	struct lookup_request lookup = {
		.header = {.nlmsg_len = sizeof(lookup),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = sequence},
		.request = {.sdiag_family = (uint8_t)pair->target.any.sa_family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
			.idiag_states = UINT32_MAX,
			.id = {.idiag_sport = htons(address_port(&pair->source)),
				.idiag_dport = htons(address_port(&pair->target)),
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};
	put_host(lookup.request.id.idiag_src, &pair->source);
	put_host(lookup.request.id.idiag_dst, &pair->target);
	/* A link-local address exists once for each interface. */
	if (pair->target.any.sa_family == AF_INET6) {
		lookup.request.id.idiag_if = pair->target.v6.sin6_scope_id;
	}
	return lookup;
}

/* An answer is some 400 bytes, each a datagram of its own. */
#define ANSWER_SIZE 1024
#define ANSWERS_AT_ONCE 16

/* Takes what is there. Returns how many of the lookups were answered or a negative errno. */
static int receive_lookups(
	int fd, uint32_t first, size_t count, struct sockdiag_socket *ret_sockets)
{
	uint8_t buffers[ANSWERS_AT_ONCE][ANSWER_SIZE];
	struct iovec vectors[ANSWERS_AT_ONCE];
	struct mmsghdr messages[ANSWERS_AT_ONCE];
	for (size_t i = 0; i < ANSWERS_AT_ONCE; i++) {
		vectors[i] = (struct iovec){.iov_base = buffers[i], .iov_len = ANSWER_SIZE};
		messages[i] =
			(struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
	}
	int received = recvmmsg(fd, messages, ANSWERS_AT_ONCE, MSG_DONTWAIT, NULL);
	if (received < 0) {
		/* All had been answered when send() returned: so the kernel had no room. */
		return errno == EAGAIN ? -ENOBUFS : -errno;
	}
	int answered = 0;
	for (int i = 0; i < received; i++) {
		if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
			return -EMSGSIZE;
		}
		int r = sockdiag_parse_lookup(
			buffers[i], messages[i].msg_len, first, count, ret_sockets);
		if (r < 0) {
			return r;
		}
		answered += r;
	}
	return answered;
}

int sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	struct lookup_request requests[SOCKDIAG_LOOKUP_MAX];
	if (count > SOCKDIAG_LOOKUP_MAX) {
		return -E2BIG;
	}
	if (count == 0) {
		return 0;
	}
	uint32_t first = diag->sequence + 1;
	diag->sequence += (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		requests[i] = make_lookup(&pairs[i], first + (uint32_t)i);
		ret_sockets[i] = (struct sockdiag_socket){0};
	}
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(diag->fd, requests, count * sizeof(requests[0]), 0,
		(const struct sockaddr *)&kernel, sizeof(kernel));
	if (sent < 0) {
		return -errno;
	}
	for (size_t answered = 0; answered < count;) {
		int r = receive_lookups(diag->fd, first, count, ret_sockets);
		if (r < 0 && r != -EINTR) {
			return r;
		}
		answered += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

/* ::ffff:192.0.2.1 as 192.0.2.1; any other as it is. */
static struct address unmap(const struct address *address)
{
	if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
		return *address;
	}
	struct address v4 = {0};
	v4.v4.sin_family = AF_INET;
	v4.v4.sin_port = address->v6.sin6_port;
	memcpy(&v4.v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], sizeof(v4.v4.sin_addr));
	return v4;
}

int sockdiag_listener_rank(const struct address *target, const struct sockdiag_socket *listener)
{
	struct address wanted = unmap(target);
	struct address bound = unmap(&listener->source);
	if (listener->state != TCP_LISTEN || address_port(&wanted) != address_port(&bound)) {
		return 0;
	}
	if (wanted.any.sa_family == bound.any.sa_family) {
		if (address_same_host(&wanted, &bound)) {
			return 3;
		}
		return address_is_any(&bound) ? 2 : 0;
	}
	bool wildcard_of_both = bound.any.sa_family == AF_INET6 && address_is_any(&bound);
	return wildcard_of_both && !listener->v6_only ? 1 : 0;
}

/* The search for the most specific one. */
struct listener_search {
	const struct address *target;
	struct sockdiag_listener best;
	int best_rank;
};

static void visit_listener(void *context, const struct sockdiag_socket *socket)
{
	struct listener_search *search = context;
	int rank = sockdiag_listener_rank(search->target, socket);
	if (rank == 0 || rank < search->best_rank) {
		return;
	}
	if (rank > search->best_rank) {
		search->best_rank = rank;
		search->best = (struct sockdiag_listener){.bound = socket->source};
	}
	search->best.sockets++;
	search->best.queued += socket->receive_queue;
	search->best.backlog += socket->send_queue;
}

/* To the end. A second without an answer is -ETIMEDOUT. */
static int drain(struct sockdiag *diag, void *buffer, size_t size)
{
	for (;;) {
		struct pollfd ready = {.fd = diag->fd, .events = POLLIN};
		int r = poll(&ready, 1, 1000);
		if (r == 0) {
			return -ETIMEDOUT;
		}
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		r = sockdiag_next(diag, buffer, size);
		if (r <= 0) {
			return r;
		}
	}
}

static int search_listeners(struct sockdiag *diag, struct listener_search *search)
{
	void *buffer = malloc(SOCKDIAG_BUFFER_SIZE);
	if (buffer == NULL) {
		return -ENOMEM;
	}
	/* An IPv6 socket may take IPv4 connections too, never the other way round. */
	const int families[] = {AF_INET6, AF_INET};
	int r = 0;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && r == 0; i++) {
		const struct sockdiag_query query = {
			.family = families[i],
			.states = UINT32_C(1) << TCP_LISTEN,
			.source_port = address_port(search->target),
			.visit = visit_listener,
			.context = search,
		};
		r = sockdiag_begin(diag, &query);
		if (r == 0) {
			r = drain(diag, buffer, SOCKDIAG_BUFFER_SIZE);
		}
	}
	free(buffer);
	return r;
}

int sockdiag_find_listener(const struct address *target, struct sockdiag_listener *ret_listener)
{
	int r = sources_is_local(target);
	if (r <= 0) {
		return r < 0 ? r : -EADDRNOTAVAIL;
	}
	struct sockdiag diag;
	r = sockdiag_open(&diag);
	if (r < 0) {
		return r;
	}
	struct listener_search search = {.target = target};
	r = search_listeners(&diag, &search);
	sockdiag_close(&diag);
	if (r < 0) {
		return r;
	}
	if (search.best_rank == 0) {
		return -ENOENT;
	}
	*ret_listener = search.best;
	return 0;
}
