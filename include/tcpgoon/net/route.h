/* SPDX-License-Identifier: MIT */
/* The route of this machine to an address, and the table entry that refuses one. */
#ifndef TCPGOON_NET_ROUTE_H
#define TCPGOON_NET_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/rtnetlink.h"

struct route {
	int refused; /* positive errno: why there is no route; 0: there is one */
	bool local; /* to an address of this host */
	bool broadcast; /* to the broadcast address of a network of this host */
	unsigned device;
	struct address next_hop; /* the gateway, or the target itself; without a port */
};

/*
 * Asks the kernel how it would send a SYN to `target` now, from `source` unless that is NULL.
 * Returns 0, or a negative errno if the kernel could not be asked.
 */
int route_find(const struct address *source, const struct address *target, struct route *ret_route);

/* Enough for a route or a policy rule as ip(8) writes it. */
#define ROUTE_TEXT_MAX 160

/*
 * Finds what refuses a SYN with this errno of route_find(): "route blackhole 192.0.2.0/24", or
 * "rule 5: from all to 192.0.2.1 prohibit". Empty if nothing is found: usually there is simply no
 * route.
 */
void route_find_refuser(const struct address *source, const struct address *target,
	int error_number, char ret_text[ROUTE_TEXT_MAX]);

/*
 * True if `host` is in the network given by `network` and `prefix_length`; without a network, true
 * if the prefix is the default route. Pure.
 */
bool route_prefix_has(
	const struct address *network, unsigned prefix_length, const struct address *host);

/* A SYN as policy rules see it. */
struct route_packet {
	const struct address *source; /* NULL: not chosen yet */
	const struct address *target;
	uint32_t uid;
};

/* A policy rule that refuses. */
struct route_rule {
	uint32_t priority;
	int error_number; /* a positive errno: its answer */
	char text[ROUTE_TEXT_MAX];
};

/*
 * Parses an RTM_NEWRULE. False if the rule does not refuse, or does not match this packet. Pure.
 */
bool route_read_rule(const struct nlmsghdr *message, const struct route_packet *packet,
	struct route_rule *ret_rule);

#endif
