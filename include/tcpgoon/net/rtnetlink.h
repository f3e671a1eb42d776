/* SPDX-License-Identifier: MIT */
/* Requests to rtnetlink(7) and nfnetlink: how to make them, and how to parse the answers. */
#ifndef TCPGOON_NET_RTNETLINK_H
#define TCPGOON_NET_RTNETLINK_H

#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"

#define RTNETLINK_ATTRIBUTES_MAX 128

struct rtnetlink_request {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct ndmsg neighbour;
		struct fib_rule_hdr rule;
		struct nfgenmsg filter;
	};
	uint8_t attributes[RTNETLINK_ATTRIBUTES_MAX];
};

/*
 * Begins a request of this type (RTM_GETROUTE). After its header come `length` bytes of the union,
 * all 0 except the family.
 */
void rtnetlink_begin(
	struct rtnetlink_request *request, uint16_t type, size_t length, sa_family_t family);

/* Adds an attribute, unless it does not fit. */
void rtnetlink_put(
	struct rtnetlink_request *request, uint16_t type, const void *value, size_t length);
/* Adds the host part of an address. */
void rtnetlink_put_host(
	struct rtnetlink_request *request, uint16_t type, const struct address *address);

/* Called with each message of the answer. */
typedef void rtnetlink_visit(void *context, const struct nlmsghdr *message);

/* Asks for one object. Returns 0 or a negative errno: from the kernel, or from asking it. */
int rtnetlink_get(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);

/*
 * Asks for all objects that match. If the kernel does not filter, others come too. After
 * RTNETLINK_MESSAGES_MAX messages the rest is ignored and -E2BIG returned.
 */
int rtnetlink_dump(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);
/* The same for nfnetlink, which needs CAP_NET_ADMIN, or returns -EPERM. */
int rtnetlink_dump_filter(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);
#define RTNETLINK_MESSAGES_MAX 20000

/*
 * Sorts the attributes of a message, which follow `length` bytes, by type; NULL for missing ones.
 * Pure.
 */
void rtnetlink_parse(const struct nlmsghdr *message, size_t length,
	const struct rtattr **ret_attributes, size_t count);

/* The same for attributes nested in another, which may be NULL. */
void rtnetlink_parse_nested(
	const struct rtattr *parent, const struct rtattr **ret_attributes, size_t count);

/* 0 if the attribute is missing or too short. */
uint32_t rtnetlink_u32(const struct rtattr *attribute);

/* The host in the attribute; false if there is none of this family. */
bool rtnetlink_host(
	const struct rtattr *attribute, sa_family_t family, struct address *ret_address);

#endif
