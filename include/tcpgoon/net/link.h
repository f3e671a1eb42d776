/* SPDX-License-Identifier: MIT */
/* Network devices and neighbours of this machine, as rtnetlink reports them. */
#ifndef TCPGOON_NET_LINK_H
#define TCPGOON_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/rtnetlink.h"

enum link_state {
	LINK_UNKNOWN,
	LINK_UP,
	LINK_DOWN, /* by its administrator */
	LINK_NO_CARRIER, /* up, but nothing is connected */
};

struct link_view {
	char name[IF_NAMESIZE];
	enum link_state state;
};

/* Returns 0 or a negative errno. */
int link_read(unsigned index, struct link_view *ret_link);

/* Parses an RTM_NEWLINK; false if it is another message. Pure. */
bool link_parse(const struct nlmsghdr *message, struct link_view *ret_link);

enum neighbour_state {
	NEIGHBOUR_UNKNOWN, /* none is needed, it was never asked for, or it cannot be read */
	NEIGHBOUR_KNOWN, /* its link-layer address is known, though it may no longer answer */
	NEIGHBOUR_SILENT, /* it did not answer: packets to it wait, or are dropped */
};

/* The state of neighbour `host` on that device. */
enum neighbour_state link_neighbour(unsigned index, const struct address *host);

/* Translates the state in an RTM_NEWNEIGH, a set of NUD_ bits. Pure. */
enum neighbour_state link_neighbour_from(unsigned nud);

/*
 * Finds a device that is down and would lead to `target`: one with an address in the same network,
 * or the loopback device for a loopback target. Returns 0 or -ENODEV.
 */
int link_find_down(const struct address *target, struct link_view *ret_link);

#endif
