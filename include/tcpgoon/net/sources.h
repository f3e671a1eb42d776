/* SPDX-License-Identifier: MIT */
/* Which address this host sends from. */
#ifndef TCPGOON_NET_SOURCES_H
#define TCPGOON_NET_SOURCES_H

#include <stdint.h>

#include "tcpgoon/base/address.h"

/*
 * Finds both ends of a connection from `source` (NULL: chosen by the kernel) to `target`, by the
 * routes of this host. The far end differs from `target` for 0.0.0.0 and ::. Connects a UDP socket,
 * which sends nothing. Outputs may be NULL. Returns 0 or a negative errno.
 */
int sources_route(const struct address *source, const struct address *target,
	struct address *ret_source, struct address *ret_dialled);

/*
 * Finds the source address that the route to `target` prefers, in the same way. Returns 0 or a
 * negative errno (-ENETUNREACH: no route).
 */
int sources_preferred(const struct address *target, struct address *ret_source);

/* Returns 0 if a socket can be bound to it, or a negative errno (-EADDRNOTAVAIL: not ours). */
int sources_check(const struct address *source);

/*
 * Returns 1 if `target` is an address of this host and network namespace by its routes, 0 if not,
 * or a negative errno.
 */
int sources_is_local(const struct address *target);

/* The same for the broadcast address of a network of this host. */
int sources_is_broadcast(const struct address *target);

#endif
