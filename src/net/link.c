/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/link.h"

#include <errno.h>
#include <linux/if.h>
#include <stdio.h>

#include "tcpgoon/net/route.h"

/*
 * Without a carrier the kernel says "down", or "lower layer down" for a device on top of another.
 */
static bool has_carrier(const struct rtattr **attributes)
{
	const struct rtattr *carrier = attributes[IFLA_CARRIER];
	const struct rtattr *state = attributes[IFLA_OPERSTATE];
	if (carrier != NULL && RTA_PAYLOAD(carrier) == 1 && *(uint8_t *)RTA_DATA(carrier) == 0) {
		return false;
	}
	if (state == NULL || RTA_PAYLOAD(state) != 1) {
		return true;
	}
	uint8_t value = *(uint8_t *)RTA_DATA(state);
	return value != IF_OPER_DOWN && value != IF_OPER_LOWERLAYERDOWN &&
		value != IF_OPER_NOTPRESENT;
}

bool link_parse(const struct nlmsghdr *message, struct link_view *ret_link)
{
	const struct ifinfomsg *part = NLMSG_DATA(message);
	const struct rtattr *attributes[IFLA_MAX + 1];
	if (message->nlmsg_type != RTM_NEWLINK ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*part))) {
		return false;
	}
	rtnetlink_parse(message, sizeof(*part), attributes, IFLA_MAX + 1);
	if (attributes[IFLA_IFNAME] == NULL) {
		return false;
	}
	struct link_view link = {.state = LINK_UP};
	snprintf(link.name, sizeof(link.name), "%.*s", (int)RTA_PAYLOAD(attributes[IFLA_IFNAME]),
		(const char *)RTA_DATA(attributes[IFLA_IFNAME]));
	if ((part->ifi_flags & IFF_UP) == 0) {
		link.state = LINK_DOWN;
	} else if (!has_carrier(attributes)) {
		link.state = LINK_NO_CARRIER;
	}
	*ret_link = link;
	return true;
}

static void read_link(void *context, const struct nlmsghdr *message)
{
	link_parse(message, context);
}

int link_read(unsigned index, struct link_view *ret_link)
{
	struct rtnetlink_request request;
	rtnetlink_begin(&request, RTM_GETLINK, sizeof(request.link), AF_UNSPEC);
	request.link.ifi_index = (int)index;
	struct link_view link = {.state = LINK_UNKNOWN};
	int r = rtnetlink_get(&request, read_link, &link);
	if (r == 0) {
		*ret_link = link;
	}
	return r;
}

enum neighbour_state link_neighbour_from(unsigned nud)
{
	if ((nud & (NUD_INCOMPLETE | NUD_FAILED)) != 0) {
		return NEIGHBOUR_SILENT;
	}
	return (nud & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) != 0
		? NEIGHBOUR_KNOWN
		: NEIGHBOUR_UNKNOWN;
}

static void read_neighbour(void *context, const struct nlmsghdr *message)
{
	const struct ndmsg *part = NLMSG_DATA(message);
	if (message->nlmsg_type == RTM_NEWNEIGH &&
		message->nlmsg_len >= NLMSG_LENGTH(sizeof(*part))) {
		*(enum neighbour_state *)context = link_neighbour_from(part->ndm_state);
	}
}

enum neighbour_state link_neighbour(unsigned index, const struct address *host)
{
	struct rtnetlink_request request;
	rtnetlink_begin(&request, RTM_GETNEIGH, sizeof(request.neighbour), host->any.sa_family);
	request.neighbour.ndm_ifindex = (int)index;
	rtnetlink_put_host(&request, NDA_DST, host);
	enum neighbour_state state = NEIGHBOUR_UNKNOWN;
	return rtnetlink_get(&request, read_neighbour, &state) == 0 ? state : NEIGHBOUR_UNKNOWN;
}

/* A search for a device that is down. */
struct search {
	const struct address *target;
	struct link_view found;
};

/* Takes the device as the result if it is down. */
static void take_if_down(struct search *search, unsigned index)
{
	struct link_view link;
	if (link_read(index, &link) == 0 && link.state == LINK_DOWN) {
		search->found = link;
	}
}

static void look_at_address(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	const struct ifaddrmsg *part = NLMSG_DATA(message);
	const struct rtattr *attributes[IFA_MAX + 1];
	if (message->nlmsg_type != RTM_NEWADDR || search->found.name[0] != '\0' ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*part))) {
		return;
	}
	rtnetlink_parse(message, sizeof(*part), attributes, IFA_MAX + 1);
	struct address network;
	if (rtnetlink_host(attributes[IFA_ADDRESS], part->ifa_family, &network) &&
		route_prefix_has(&network, part->ifa_prefixlen, search->target)) {
		take_if_down(search, part->ifa_index);
	}
}

int link_find_down(const struct address *target, struct link_view *ret_link)
{
	struct search search = {.target = target};
	if (address_is_loopback(target)) {
		take_if_down(&search, if_nametoindex("lo"));
	} else {
		struct rtnetlink_request request;
		rtnetlink_begin(
			&request, RTM_GETADDR, sizeof(request.address), target->any.sa_family);
		rtnetlink_dump(&request, look_at_address, &search);
	}
	if (search.found.name[0] == '\0') {
		return -ENODEV;
	}
	*ret_link = search.found;
	return 0;
}
