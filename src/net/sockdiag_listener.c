/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/sockdiag_listener.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/sources.h"

/* Errors (a signal, memory, descriptors) may be transient, so try this often. */
#define LOOKS_MAX 3

/* Turns ::ffff:192.0.2.1 into 192.0.2.1. */
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

/* A search for the most specific listener. */
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
		search->best = (struct sockdiag_listener){
			.bound = socket->source,
			.has_drops = true,
		};
	}
	search->best.sockets++;
	search->best.queued += socket->receive_queue;
	search->best.backlog += socket->send_queue;
	search->best.has_drops &= socket->has_drops;
	search->best.drops += socket->drops;
}

/* Reads the whole answer; -ETIMEDOUT after a second of silence. */
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
	CLEANUP(cleanup_free) void *buffer = malloc(SOCKDIAG_BUFFER_SIZE);
	if (buffer == NULL) {
		return -ENOMEM;
	}
	/* IPv6 sockets may accept IPv4 connections, but not the other way round. */
	const int families[] = {AF_INET6, AF_INET};
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct sockdiag_query query = {
			.family = families[i],
			.states = UINT32_C(1) << TCP_LISTEN,
			.source_port = address_port(search->target),
			.visit = visit_listener,
			.context = search,
		};
		int r = sockdiag_begin(diag, &query);
		if (r < 0) {
			return r;
		}
		r = drain(diag, buffer, SOCKDIAG_BUFFER_SIZE);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int look_once(struct listener_search *search)
{
	CLEANUP(sockdiag_close) struct sockdiag diag = SOCKDIAG_INIT;
	int r = sockdiag_open(&diag);
	if (r < 0) {
		return r;
	}
	search->best = (struct sockdiag_listener){0};
	search->best_rank = 0;
	r = search_listeners(&diag, search);
	/*
	 * The kernel says so if it lacks this interface; here -ENOENT means that there is no
	 * listener.
	 */
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

int sockdiag_find_listener(const struct address *target, struct sockdiag_listener *ret_listener)
{
	int r = sources_is_local(target);
	if (r <= 0) {
		return r < 0 ? r : -EADDRNOTAVAIL;
	}
	struct listener_search search = {.target = target};
	unsigned tries = 0;
	do {
		r = look_once(&search);
	} while (r < 0 && r != -EOPNOTSUPP && r != -ETIMEDOUT && ++tries < LOOKS_MAX);
	if (r < 0) {
		return r;
	}
	if (search.best_rank == 0) {
		return -ENOENT;
	}
	*ret_listener = search.best;
	return 0;
}
