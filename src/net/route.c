/* SPDX-License-Identifier: MIT */
/*
 * The kernel decides which route applies: it is asked about the exact packet, with source and
 * ports, so that policy rules count. A refusal is only an errno. To name what refused, the rules
 * and routes of the types that refuse are listed; the first rule or the most specific route is
 * taken. The answer of the kernel holds, whether or not its cause is found.
 *
 *   EINVAL        a blackhole; or a source that cannot reach the target
 *   EHOSTUNREACH  an unreachable route
 *   EACCES        a prohibit route or rule
 *   ENETUNREACH   no route, a throw route, or an unreachable rule
 */
#include "tcpgoon/net/route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Rules from here on come after the main table. */
#define MAIN_TABLE_PRIORITY 32766

static uint8_t host_bits(const struct address *address)
{
	return address->any.sa_family == AF_INET ? 32 : 128;
}

static void read_route(void *context, const struct nlmsghdr *message)
{
	struct route *route = context;
	const struct rtmsg *part = NLMSG_DATA(message);
	const struct rtattr *attributes[RTA_MAX + 1];
	if (message->nlmsg_type != RTM_NEWROUTE) {
		return;
	}
	rtnetlink_parse(message, sizeof(*part), attributes, RTA_MAX + 1);
	route->local = part->rtm_type == RTN_LOCAL;
	route->broadcast = part->rtm_type == RTN_BROADCAST;
	route->device = rtnetlink_u32(attributes[RTA_OIF]);
	struct address gateway;
	if (rtnetlink_host(attributes[RTA_GATEWAY], part->rtm_family, &gateway)) {
		route->next_hop = gateway;
	}
	const struct rtattr *via = attributes[RTA_VIA];
	if (via != NULL && RTA_PAYLOAD(via) == sizeof(struct rtvia) + sizeof(struct in6_addr)) {
		const struct rtvia *other = RTA_DATA(via);
		route->next_hop = (struct address){.v6 = {.sin6_family = other->rtvia_family}};
		memcpy(&route->next_hop.v6.sin6_addr, other->rtvia_addr, sizeof(struct in6_addr));
	}
}

static bool is_refusal(int error_number)
{
	switch (error_number) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
	case EINVAL:
		return true;
	}
	return false;
}

int route_find(const struct address *source, const struct address *target, struct route *ret_route)
{
	const uint8_t protocol = IPPROTO_TCP;
	const uint16_t port = htons(address_port(target));
	struct rtnetlink_request request;
	rtnetlink_begin(&request, RTM_GETROUTE, sizeof(request.route), target->any.sa_family);
	request.route.rtm_dst_len = host_bits(target);
	rtnetlink_put_host(&request, RTA_DST, target);
	if (source != NULL) {
		request.route.rtm_src_len = host_bits(source);
		rtnetlink_put_host(&request, RTA_SRC, source);
	}
	if (target->any.sa_family == AF_INET6 && target->v6.sin6_scope_id != 0) {
		rtnetlink_put(&request, RTA_OIF, &target->v6.sin6_scope_id, sizeof(uint32_t));
	}
	rtnetlink_put(&request, RTA_IP_PROTO, &protocol, sizeof(protocol));
	rtnetlink_put(&request, RTA_DPORT, &port, sizeof(port));

	struct route route = {.next_hop = *target};
	address_set_port(&route.next_hop, 0);
	int r = rtnetlink_get(&request, read_route, &route);
	if (r < 0 && !is_refusal(-r)) {
		return r;
	}
	route.refused = -r;
	*ret_route = route;
	return 0;
}

bool route_prefix_has(
	const struct address *network, unsigned prefix_length, const struct address *host)
{
	bool v4 = network->any.sa_family == AF_INET;
	if (host->any.sa_family != network->any.sa_family) {
		return false;
	}
	const uint8_t *a =
		v4 ? (const uint8_t *)&network->v4.sin_addr : network->v6.sin6_addr.s6_addr;
	const uint8_t *b = v4 ? (const uint8_t *)&host->v4.sin_addr : host->v6.sin6_addr.s6_addr;
	unsigned bytes = prefix_length / 8;
	unsigned bits = prefix_length % 8;
	if (prefix_length > (v4 ? 32U : 128U) || memcmp(a, b, bytes) != 0) {
		return false;
	}
	return bits == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits) == 0;
}

static void __attribute__((format(printf, 2, 3)))
say(char text[ROUTE_TEXT_MAX], const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text + used, ROUTE_TEXT_MAX - used, format, arguments);
	va_end(arguments);
}

/* " to 192.0.2.0/24", or " from all". */
static void say_prefix(char text[ROUTE_TEXT_MAX], const char *word, const struct address *network,
	unsigned prefix_length)
{
	char host[ADDRESS_TEXT_MAX];
	say(text, " %s %s", word, address_format_host(network, host));
	if (prefix_length < host_bits(network)) {
		say(text, "/%u", prefix_length);
	}
}

static const struct {
	const char *word;
	int error_number;
} rule_actions[] = {
	[FR_ACT_BLACKHOLE] = {"blackhole", EINVAL},
	[FR_ACT_UNREACHABLE] = {"unreachable", ENETUNREACH},
	[FR_ACT_PROHIBIT] = {"prohibit", EACCES},
};

/* Matches a selector by network; true if the rule has none. */
static bool matches_network(const struct rtattr *attribute, unsigned prefix_length,
	const struct address *host, sa_family_t family)
{
	struct address network;
	if (!rtnetlink_host(attribute, family, &network)) {
		return attribute == NULL;
	}
	return host != NULL && route_prefix_has(&network, prefix_length, host);
}

static bool matches_ports(const struct rtattr *attribute, uint16_t port)
{
	if (attribute == NULL) {
		return true;
	}
	struct fib_rule_port_range range;
	if (RTA_PAYLOAD(attribute) != sizeof(range)) {
		return false;
	}
	memcpy(&range, RTA_DATA(attribute), sizeof(range));
	return port >= range.start && port <= range.end;
}

static bool matches_user(const struct rtattr *attribute, uint32_t uid)
{
	if (attribute == NULL) {
		return true;
	}
	struct fib_rule_uid_range range;
	if (RTA_PAYLOAD(attribute) != sizeof(range)) {
		return false;
	}
	memcpy(&range, RTA_DATA(attribute), sizeof(range));
	return uid >= range.start && uid <= range.end;
}

static bool matches_protocol(const struct rtattr *attribute)
{
	return attribute == NULL ||
		(RTA_PAYLOAD(attribute) == 1 &&
			*(const uint8_t *)RTA_DATA(attribute) == IPPROTO_TCP);
}

/* Our packets come in by lo, have no mark, and their sockets are bound to no device. */
static bool matches_rest(const struct fib_rule_hdr *part, const struct rtattr **attributes)
{
	const struct rtattr *in = attributes[FRA_IIFNAME];
	return part->tos == 0 && (in == NULL || strcmp(RTA_DATA(in), "lo") == 0) &&
		attributes[FRA_OIFNAME] == NULL && attributes[FRA_SPORT_RANGE] == NULL &&
		rtnetlink_u32(attributes[FRA_FWMARK]) == 0;
}

static void describe_rule(
	const struct fib_rule_hdr *part, const struct rtattr **attributes, struct route_rule *rule)
{
	struct address network;
	rule->text[0] = '\0';
	say(rule->text, "rule %u:%s", rule->priority,
		(part->flags & FIB_RULE_INVERT) != 0 ? " not" : "");
	if (rtnetlink_host(attributes[FRA_SRC], part->family, &network)) {
		say_prefix(rule->text, "from", &network, part->src_len);
	} else {
		say(rule->text, " from all");
	}
	if (rtnetlink_host(attributes[FRA_DST], part->family, &network)) {
		say_prefix(rule->text, "to", &network, part->dst_len);
	}
	if (attributes[FRA_IP_PROTO] != NULL) {
		say(rule->text, " ipproto tcp");
	}
	struct fib_rule_port_range ports;
	if (attributes[FRA_DPORT_RANGE] != NULL &&
		RTA_PAYLOAD(attributes[FRA_DPORT_RANGE]) == sizeof(ports)) {
		memcpy(&ports, RTA_DATA(attributes[FRA_DPORT_RANGE]), sizeof(ports));
		say(rule->text, " dport %u", ports.start);
		if (ports.end != ports.start) {
			say(rule->text, "-%u", ports.end);
		}
	}
	struct fib_rule_uid_range users;
	if (attributes[FRA_UID_RANGE] != NULL &&
		RTA_PAYLOAD(attributes[FRA_UID_RANGE]) == sizeof(users)) {
		memcpy(&users, RTA_DATA(attributes[FRA_UID_RANGE]), sizeof(users));
		say(rule->text, " uidrange %u-%u", users.start, users.end);
	}
	say(rule->text, " %s", rule_actions[part->action].word);
}

bool route_read_rule(const struct nlmsghdr *message, const struct route_packet *packet,
	struct route_rule *ret_rule)
{
	const struct fib_rule_hdr *part = NLMSG_DATA(message);
	const struct rtattr *attributes[FRA_MAX + 1];
	if (message->nlmsg_type != RTM_NEWRULE ||
		message->nlmsg_len < NLMSG_LENGTH(sizeof(*part)) ||
		part->action >= sizeof(rule_actions) / sizeof(rule_actions[0]) ||
		rule_actions[part->action].word == NULL) {
		return false;
	}
	rtnetlink_parse(message, sizeof(*part), attributes, FRA_MAX + 1);
	bool matches =
		matches_network(attributes[FRA_DST], part->dst_len, packet->target, part->family) &&
		matches_network(attributes[FRA_SRC], part->src_len, packet->source, part->family) &&
		matches_ports(attributes[FRA_DPORT_RANGE], address_port(packet->target)) &&
		matches_user(attributes[FRA_UID_RANGE], packet->uid) &&
		matches_protocol(attributes[FRA_IP_PROTO]) && matches_rest(part, attributes);
	if (matches == ((part->flags & FIB_RULE_INVERT) != 0)) {
		return false;
	}
	struct route_rule rule = {
		.priority = rtnetlink_u32(attributes[FRA_PRIORITY]),
		.error_number = rule_actions[part->action].error_number,
	};
	describe_rule(part, attributes, &rule);
	*ret_rule = rule;
	return true;
}

/* A search for what refuses, and its result so far. */
struct search {
	struct route_packet packet;
	int error_number;
	uint8_t type; /* RTN_: of routes with that errno */
	const char *word; /* for that type */
	struct route_rule rule; /* empty text: none yet */
	int prefix_length; /* of the most specific route; -1: none yet */
	char route[ROUTE_TEXT_MAX];
};

static void look_at_rule(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	struct route_rule rule;
	if (route_read_rule(message, &search->packet, &rule) &&
		rule.error_number == search->error_number &&
		(search->rule.text[0] == '\0' || rule.priority < search->rule.priority)) {
		search->rule = rule;
	}
}

static void look_at_route(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	const struct rtmsg *part = NLMSG_DATA(message);
	const struct rtattr *attributes[RTA_MAX + 1];
	if (message->nlmsg_type != RTM_NEWROUTE || part->rtm_type != search->type) {
		return;
	}
	rtnetlink_parse(message, sizeof(*part), attributes, RTA_MAX + 1);
	struct address network = {.any = {.sa_family = part->rtm_family}};
	bool anywhere = attributes[RTA_DST] == NULL;
	if (!anywhere && !rtnetlink_host(attributes[RTA_DST], part->rtm_family, &network)) {
		return;
	}
	if ((int)part->rtm_dst_len <= search->prefix_length ||
		!route_prefix_has(&network, part->rtm_dst_len, search->packet.target)) {
		return;
	}
	search->prefix_length = part->rtm_dst_len;
	search->route[0] = '\0';
	say(search->route, "route");
	if (anywhere) {
		say(search->route, " %s default", search->word);
	} else {
		say_prefix(search->route, search->word, &network, part->rtm_dst_len);
	}
}

static void find_rule(struct search *search)
{
	struct rtnetlink_request request;
	rtnetlink_begin(
		&request, RTM_GETRULE, sizeof(request.rule), search->packet.target->any.sa_family);
	rtnetlink_dump(&request, look_at_rule, search);
}

static void find_route(struct search *search)
{
	struct rtnetlink_request request;
	rtnetlink_begin(&request, RTM_GETROUTE, sizeof(request.route),
		search->packet.target->any.sa_family);
	request.route.rtm_type = search->type;
	rtnetlink_dump(&request, look_at_route, search);
}

static const struct {
	int error_number;
	uint8_t type;
	const char *word;
} route_types[] = {
	{EINVAL, RTN_BLACKHOLE, "blackhole"},
	{EHOSTUNREACH, RTN_UNREACHABLE, "unreachable"},
	{EACCES, RTN_PROHIBIT, "prohibit"},
	{ENETUNREACH, RTN_THROW, "throw"},
};

void route_find_refuser(const struct address *source, const struct address *target,
	int error_number, char ret_text[ROUTE_TEXT_MAX])
{
	struct search search = {
		.packet = {.source = source, .target = target, .uid = geteuid()},
		.error_number = error_number,
		.prefix_length = -1,
	};
	for (size_t i = 0; i < sizeof(route_types) / sizeof(route_types[0]); i++) {
		if (route_types[i].error_number == error_number) {
			search.type = route_types[i].type;
			search.word = route_types[i].word;
		}
	}
	ret_text[0] = '\0';
	if (search.word == NULL) {
		return;
	}
	find_rule(&search);
	find_route(&search);
	bool rule_first = search.rule.text[0] != '\0' &&
		(search.prefix_length < 0 || search.rule.priority < MAIN_TABLE_PRIORITY);
	memcpy(ret_text, rule_first ? search.rule.text : search.route, ROUTE_TEXT_MAX);
}
