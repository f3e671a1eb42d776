/* SPDX-License-Identifier: MIT */
/* Network devices and neighbours of this machine, as rtnetlink has them. */
#ifndef TCPGOON_NET_LINK_H
#define TCPGOON_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/net/rtnetlink.h"

enum link_state {
	LINK_UNKNOWN,
	LINK_UP,
	LINK_DOWN, /* by whoever runs this machine */
	LINK_NO_CARRIER, /* up, and nothing at the other end */
};

struct link_view {
	char name[IF_NAMESIZE];
	enum link_state state;
};

/* Returns 0 or a negative errno. */
int link_read(unsigned index, struct link_view *ret_link);

/* Reads a RTM_NEWLINK; false where it is none. Pure. */
bool link_parse(const struct nlmsghdr *message, struct link_view *ret_link);

enum neighbour_state {
	NEIGHBOUR_UNKNOWN, /* none is needed, or nobody asked for it, or it cannot be read */
	NEIGHBOUR_KNOWN, /* its link-layer address is known, whether it still answers or not */
	NEIGHBOUR_SILENT, /* asked for and not answered: what is sent to it waits, or is dropped */
};

/* Of `host` on that device. */
enum neighbour_state link_neighbour(unsigned index, const struct address *host);

/* From the state of a RTM_NEWNEIGH, a set of NUD_. Pure. */
enum neighbour_state link_neighbour_from(unsigned nud);

/*
 * A device that is down and would be the way to `target`: it has an address of the same network, or
 * is the loopback of a target there. Returns 0 or -ENODEV.
 */
int link_find_down(const struct address *target, struct link_view *ret_link);

#endif
