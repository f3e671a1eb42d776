/* SPDX-License-Identifier: MIT */
/* Resolves names to addresses. */
#ifndef TCPGOON_NET_RESOLVE_H
#define TCPGOON_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/notes.h"

/* How long a look-up may take, and when a note says that it is taking long. */
#define RESOLVE_PATIENCE_NS (10 * NSEC_PER_SEC)
#define RESOLVE_NOTE_NS (1 * NSEC_PER_SEC)

struct resolve_query {
	const char *host; /* a name or literal, brackets allowed around IPv6 */
	int family; /* AF_INET, AF_INET6, or AF_UNSPEC for both */
	const struct notes *notes; /* NULL: no note is made */
};

/*
 * Finds all TCP addresses of the host, with port 0, in the order of getaddrinfo(3) (RFC 6724). They
 * may include duplicates. IPv4 written as IPv6 becomes IPv4. The caller frees *ret_list. Returns 0,
 * -ENOENT (no such name, or no answer in time), -EINVAL (not a valid name, or a literal of the
 * other family or without its interface) or -ENOMEM, with a message.
 */
int resolve_host(const struct resolve_query *query, struct address **ret_list, size_t *ret_count,
	struct error *error);

/* Finds the port of a TCP service by name (services(5)). Returns 0 or -ENOENT. */
int resolve_service(const char *name, uint16_t *ret_port);

#endif
