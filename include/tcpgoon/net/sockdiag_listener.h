/* SPDX-License-Identifier: MIT */
/* Finds the listener of a target, and how full its queue is. */
#ifndef TCPGOON_NET_SOCKDIAG_LISTENER_H
#define TCPGOON_NET_SOCKDIAG_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/sockdiag.h"

/* The sockets that listen for a target on the same address and port, taken together. */
struct sockdiag_listener {
	struct address bound; /* what they are bound to: the target, or a wildcard */
	uint32_t sockets; /* more than one with SO_REUSEPORT */
	uint32_t queued; /* connections waiting to be accepted */
	uint32_t backlog; /* how many may wait; the queue is full if `queued` exceeds it */
	bool has_drops; /* true if known for all of them */
	uint32_t drops; /* SYNs and final ACKs dropped since they began to listen; wraps around */
};

/*
 * Finds the listener that receives connections to `target`, if it is in this network namespace.
 * Returns 0, -ENOENT (there is no listener), -EADDRNOTAVAIL (the target is not this host) or
 * another negative errno.
 */
int sockdiag_find_listener(const struct address *target, struct sockdiag_listener *ret_listener);

/*
 * How specifically a listening socket is bound to `target`: 3 to its address, 2 to the wildcard of
 * its family, 1 to the IPv6 wildcard for an IPv4 target, 0 not at all. Pure.
 */
int sockdiag_listener_rank(const struct address *target, const struct sockdiag_socket *listener);

#endif
