/* SPDX-License-Identifier: MIT */
/*
 * Looking up a connection by its addresses costs no more than finding it in a dump, if many lookups
 * go into one send(): the kernel has answered all of them when it returns.
 *
 * A failed exchange says nothing about the next one: perhaps there was a signal, or a brief lack of
 * memory. So lookups that failed with a transient error are repeated, in smaller batches.
 */
#include "tcpgoon/net/sockdiag_lookup.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/sockdiag_parse.h"

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
	/* A link-local address may exist on each interface. */
	if (pair->target.any.sa_family == AF_INET6) {
		lookup.request.id.idiag_if = pair->target.v6.sin6_scope_id;
	}
	return lookup;
}

/* An answer is a datagram of some 400 bytes. */
#define ANSWER_SIZE 1024
#define ANSWERS_AT_ONCE 16

/* The buffers of a call, too large for a small stack. */
struct scratch {
	struct lookup_request requests[SOCKDIAG_LOOKUP_MAX];
	uint8_t buffers[ANSWERS_AT_ONCE][ANSWER_SIZE];
	struct iovec vectors[ANSWERS_AT_ONCE];
	struct mmsghdr messages[ANSWERS_AT_ONCE];
};

/* Reads the answers. Returns how many lookups they answer, or a negative errno. */
static int receive_lookups(int fd, struct scratch *scratch, uint32_t first, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	uint8_t(*buffers)[ANSWER_SIZE] = scratch->buffers;
	struct iovec *vectors = scratch->vectors;
	struct mmsghdr *messages = scratch->messages;
	for (size_t i = 0; i < ANSWERS_AT_ONCE; i++) {
		vectors[i] = (struct iovec){.iov_base = buffers[i], .iov_len = ANSWER_SIZE};
		messages[i] =
			(struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
	}
	int received = recvmmsg(fd, messages, ANSWERS_AT_ONCE, MSG_DONTWAIT, NULL);
	if (received < 0) {
		/* The kernel answered all within send(), so the rest did not fit. */
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

/* Asks once. */
static int look_up(struct sockdiag *diag, struct scratch *scratch,
	const struct sockdiag_pair *pairs, size_t count, struct sockdiag_socket *ret_sockets)
{
	struct lookup_request *requests = scratch->requests;
	uint32_t first = diag->dump.sequence + 1;
	diag->dump.sequence += (uint32_t)count;
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
		int r = receive_lookups(diag->fd, scratch, first, count, ret_sockets);
		if (r < 0) {
			return r;
		}
		answered += (size_t)r;
	}
	return 0;
}

/* Makes room: answers to failed lookups would take the place of the next ones. */
static void discard_answers(int fd)
{
	for (size_t i = 0; i < 2 * SOCKDIAG_LOOKUP_MAX; i++) {
		char byte;
		if (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && errno != EINTR) {
			return;
		}
	}
}

static bool is_passing(int r)
{
	return r == -EINTR || r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM;
}

static int look_up_all(struct sockdiag *diag, struct scratch *scratch,
	const struct sockdiag_pair *pairs, size_t count, struct sockdiag_socket *ret_sockets)
{
	size_t part = count;
	unsigned failures = 0;
	for (size_t done = 0; done < count;) {
		size_t next = count - done < part ? count - done : part;
		int r = look_up(diag, scratch, &pairs[done], next, &ret_sockets[done]);
		if (r == 0) {
			done += next;
			continue;
		}
		if (!is_passing(r) || ++failures == SOCKDIAG_LOOKUP_TRIES) {
			return r;
		}
		/* If the answers did not fit into the socket buffer, half of them may. */
		part = part > 1 ? part / 2 : 1;
		discard_answers(diag->fd);
	}
	return 0;
}

int sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	if (count > SOCKDIAG_LOOKUP_MAX) {
		return -E2BIG;
	}
	if (count == 0) {
		return 0;
	}
	struct scratch *scratch = malloc(sizeof(*scratch));
	if (scratch == NULL) {
		return -ENOMEM;
	}
	int r = look_up_all(diag, scratch, pairs, count, ret_sockets);
	free(scratch);
	return r;
}
