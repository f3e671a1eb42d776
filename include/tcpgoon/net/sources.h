/* SPDX-License-Identifier: MIT */
/* What this host would send from. */
#ifndef TCPGOON_NET_SOURCES_H
#define TCPGOON_NET_SOURCES_H

#include <stdint.h>

#include "tcpgoon/base/address.h"

/*
 * A connection from `source` (NULL: the kernel's choice) to `target`, as the routes have it: where
 * it would come from, and where it would go to, which is elsewhere for 0.0.0.0 and ::. Found by
 * connecting a UDP socket, which sends nothing. Outputs may be NULL. Returns 0 or a negative errno.
 */
int sources_route(const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled);

/*
 * The source address that the route to `target` prefers, found by connecting a UDP socket, which
 * sends nothing. Returns 0 or a negative errno (-ENETUNREACH: no route).
 */
int sources_preferred(const struct address *target, struct address *ret_source);

/* Whether a socket can be bound to it: 0, or a negative errno (-EADDRNOTAVAIL: not of this host). */
int sources_check(const struct address *source);

/*
 * Whether `target` is an address of this host and network namespace, as its routes say.
 * Returns 1, 0 or a negative errno.
 */
int sources_is_local(const struct address *target);

/* Whether it is a broadcast address of a network that this host is in. As above. */
int sources_is_broadcast(const struct address *target);

#endif
