/* SPDX-License-Identifier: MIT */
/* Who listens for a target, and how full its queue is. */
#ifndef TCPGOON_NET_SOCKDIAG_LISTENER_H
#define TCPGOON_NET_SOCKDIAG_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/sockdiag.h"

/* Who listens for a target: the sockets that share its address and port, taken together. */
struct sockdiag_listener {
	struct address bound; /* as it was bound: the target itself, or a wildcard */
	uint32_t sockets; /* more than one with SO_REUSEPORT */
	uint32_t queued; /* established and not accepted */
	uint32_t backlog; /* may be; full when `queued` is above it */
	bool has_drops; /* all of them tell */
	uint32_t drops; /* SYNs and last ACKs dropped since they listen; wraps around */
};

/*
 * The listener that gets connections to `target`, if it is in this network namespace.
 * Returns 0, -ENOENT (nobody listens here), -EADDRNOTAVAIL (the target is not this host) or
 * another negative errno.
 */
int sockdiag_find_listener(const struct address *target, struct sockdiag_listener *ret_listener);

/*
 * The choice among listening sockets, pure: how specific `bound` is for `target`: 3 its own
 * address, 2 the wildcard of its family, 1 an IPv6 wildcard for an IPv4 target, 0 not for it.
 */
int sockdiag_listener_rank(const struct address *target, const struct sockdiag_socket *listener);

#endif
