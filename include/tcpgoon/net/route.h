/* SPDX-License-Identifier: MIT */
/* This machine's route to an address, and what in its tables refuses one. */
#ifndef TCPGOON_NET_ROUTE_H
#define TCPGOON_NET_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/rtnetlink.h"

struct route {
	int refused; /* a positive errno: why there is none; 0: there is */
	bool local; /* to an address of this host */
	bool broadcast; /* to a broadcast address of a network that this host is in */
	unsigned device;
	struct address next_hop; /* the gateway, or the target itself; without a port */
};

/*
 * As the kernel would send a SYN to `target` now, from `source` where that is not NULL. Returns 0, or
 * a negative errno where the kernel could not be asked.
 */
int route_find(const struct address *source, const struct address *target, struct route *ret_route);

/* Room for a route or a policy rule in the words of ip(8). */
#define ROUTE_TEXT_MAX 160

/*
 * What refuses a SYN with this errno of route_find(): "route blackhole 192.0.2.0/24", or "rule 5: from
 * all to 192.0.2.1 prohibit". Empty where it is not found: most often there is just no route.
 */
void route_find_refuser(const struct address *source, const struct address *target,
	int error_number, char ret_text[ROUTE_TEXT_MAX]);

/*
 * Whether `host` lies in the network of `prefix_length` bits around `network`; without a network,
 * whether that is the default. Pure.
 */
bool route_prefix_has(
	const struct address *network, unsigned prefix_length, const struct address *host);

/* A SYN, as a policy rule sees it. */
struct route_packet {
	const struct address *source; /* NULL: not chosen yet */
	const struct address *target;
	uint32_t uid;
};

/* A policy rule that refuses. */
struct route_rule {
	uint32_t priority;
	int error_number; /* what it answers: positive */
	char text[ROUTE_TEXT_MAX];
};

/*
 * Reads a RTM_NEWRULE; false where it is none that refuses, or one that this packet does not match.
 * Pure.
 */
bool route_read_rule(const struct nlmsghdr *message, const struct route_packet *packet,
	struct route_rule *ret_rule);

#endif
