/* SPDX-License-Identifier: MIT */
/* Names to addresses. */
#ifndef TCPGOON_NET_RESOLVE_H
#define TCPGOON_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/notes.h"

/* How long a look-up may take, and after how long a note says that it takes long. */
#define RESOLVE_PATIENCE_NS (10 * NSEC_PER_SEC)
#define RESOLVE_NOTE_NS (1 * NSEC_PER_SEC)

struct resolve_query {
	const char *host; /* a name or literal, brackets allowed around IPv6 */
	int family; /* AF_INET, AF_INET6, or AF_UNSPEC for both */
	const struct notes *notes; /* NULL: nobody is told that it takes long */
};

/*
 * All TCP addresses of it, in the order of getaddrinfo(3), which is that of RFC 6724, port 0;
 * one may be there twice. Where IPv4 is written as IPv6, it is given as IPv4. *ret_list is the
 * caller's: free(). Returns 0, -ENOENT (no such name, or no answer in time), -EINVAL (it can be no
 * name, or is a literal of the other family or without its interface) or -ENOMEM, with a message.
 */
int resolve_host(const struct resolve_query *query, struct address **ret_list, size_t *ret_count,
	struct error *error);

/* The port of a TCP service by its name (services(5)). Returns 0 or -ENOENT. */
int resolve_service(const char *name, uint16_t *ret_port);

#endif
