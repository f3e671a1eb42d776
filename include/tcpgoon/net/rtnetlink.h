/* SPDX-License-Identifier: MIT */
/* Questions to rtnetlink(7) and nfnetlink: how they are asked, and how answers are taken apart. */
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
 * Begins a question of this type (RTM_GETROUTE), whose part behind the header is `length` bytes of
 * the union, all 0 but the family.
 */
void rtnetlink_begin(
	struct rtnetlink_request *request, uint16_t type, size_t length, sa_family_t family);

/* Adds an attribute; what does not fit is left out. */
void rtnetlink_put(
	struct rtnetlink_request *request, uint16_t type, const void *value, size_t length);
/* The host part of an address. */
void rtnetlink_put_host(
	struct rtnetlink_request *request, uint16_t type, const struct address *address);

/* Gets each message of the answer. */
typedef void rtnetlink_visit(void *context, const struct nlmsghdr *message);

/* About one thing. Returns 0 or a negative errno: the kernel's answer, or that it was not asked. */
int rtnetlink_get(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);

/*
 * About all that fit the question. Where the kernel does not filter, more come; after
 * RTNETLINK_MESSAGES_MAX the rest is not looked at, and -E2BIG returned.
 */
int rtnetlink_dump(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);
/* The same of nfnetlink, which wants CAP_NET_ADMIN: else -EPERM. */
int rtnetlink_dump_filter(struct rtnetlink_request *request, rtnetlink_visit *visit, void *context);
#define RTNETLINK_MESSAGES_MAX 20000

/*
 * The attributes of a message whose part before them has `length` bytes, by type: NULL where there
 * is none. Pure.
 */
void rtnetlink_parse(const struct nlmsghdr *message, size_t length,
	const struct rtattr **ret_attributes, size_t count);

/* Those within another, NULL: none. */
void rtnetlink_parse_nested(
	const struct rtattr *parent, const struct rtattr **ret_attributes, size_t count);

/* 0 where there is none, or one that is too short. */
uint32_t rtnetlink_u32(const struct rtattr *attribute);

/* The host of the attribute; false where there is none of this family. */
bool rtnetlink_host(
	const struct rtattr *attribute, sa_family_t family, struct address *ret_address);

#endif
