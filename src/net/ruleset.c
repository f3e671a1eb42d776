/* SPDX-License-Identifier: MIT */
/*
 * nf_tables stores a rule as a list of expressions for a small virtual machine: load a part of the
 * packet, compare, count, give a verdict. Only the verdict, the counter and comparisons with a port
 * are read here. That is enough to name the rules it may be; with table, chain and handle, nft(8)
 * shows them in full. Rules of iptables-legacy are not covered.
 */
#include "tcpgoon/net/ruleset.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHAINS_MAX 64
/* A jump to a chain that was listed earlier needs another pass: jumps are followed this deep. */
#define LOOKS_MAX 8

#define SOURCE_PORT_OFFSET 0
#define DESTINATION_PORT_OFFSET 2

struct chain {
	uint8_t family;
	char table[RULESET_NAME_MAX];
	char name[RULESET_NAME_MAX];
};

struct search {
	const struct ruleset_query *query;
	struct chain chains[CHAINS_MAX];
	unsigned chain_count;
	bool by_port; /* found a rule that names the port */
	struct ruleset_match match;
};

static uint32_t be32_of(const struct rtattr *attribute)
{
	return ntohl(rtnetlink_u32(attribute));
}

static void name_of(const struct rtattr *attribute, char ret_name[RULESET_NAME_MAX])
{
	snprintf(ret_name, RULESET_NAME_MAX, "%.*s",
		attribute == NULL ? 0 : (int)RTA_PAYLOAD(attribute),
		attribute == NULL ? "" : (const char *)RTA_DATA(attribute));
}

static bool is_called(const struct rtattr *attribute, const char *name)
{
	return attribute != NULL && RTA_PAYLOAD(attribute) == strlen(name) + 1 &&
		memcmp(RTA_DATA(attribute), name, strlen(name) + 1) == 0;
}

static void read_verdict(const struct rtattr *data, struct ruleset_rule *rule)
{
	const struct rtattr *immediate[NFTA_IMMEDIATE_MAX + 1];
	const struct rtattr *value[NFTA_DATA_MAX + 1];
	const struct rtattr *verdict[NFTA_VERDICT_MAX + 1];
	rtnetlink_parse_nested(data, immediate, NFTA_IMMEDIATE_MAX + 1);
	rtnetlink_parse_nested(immediate[NFTA_IMMEDIATE_DATA], value, NFTA_DATA_MAX + 1);
	if (value[NFTA_DATA_VERDICT] == NULL) {
		return;
	}
	rtnetlink_parse_nested(value[NFTA_DATA_VERDICT], verdict, NFTA_VERDICT_MAX + 1);
	int code = (int)be32_of(verdict[NFTA_VERDICT_CODE]);
	rule->drops |= code == NF_DROP;
	if (code == NFT_JUMP || code == NFT_GOTO) {
		name_of(verdict[NFTA_VERDICT_CHAIN], rule->jumps_to);
	}
}

/* True if it loads a port of a segment. */
static bool loads_port(const struct rtattr *data, bool *ret_of_source)
{
	const struct rtattr *payload[NFTA_PAYLOAD_MAX + 1];
	rtnetlink_parse_nested(data, payload, NFTA_PAYLOAD_MAX + 1);
	uint32_t offset = be32_of(payload[NFTA_PAYLOAD_OFFSET]);
	if (payload[NFTA_PAYLOAD_BASE] == NULL ||
		be32_of(payload[NFTA_PAYLOAD_BASE]) != NFT_PAYLOAD_TRANSPORT_HEADER ||
		be32_of(payload[NFTA_PAYLOAD_LEN]) != sizeof(uint16_t) ||
		(offset != SOURCE_PORT_OFFSET && offset != DESTINATION_PORT_OFFSET)) {
		return false;
	}
	*ret_of_source = offset == SOURCE_PORT_OFFSET;
	return true;
}

/* Parses a comparison for equality with two bytes; false if it is another one. */
static bool compares_port(const struct rtattr *data, uint16_t *ret_port)
{
	const struct rtattr *compare[NFTA_CMP_MAX + 1];
	const struct rtattr *value[NFTA_DATA_MAX + 1];
	rtnetlink_parse_nested(data, compare, NFTA_CMP_MAX + 1);
	rtnetlink_parse_nested(compare[NFTA_CMP_DATA], value, NFTA_DATA_MAX + 1);
	uint16_t port;
	if (be32_of(compare[NFTA_CMP_OP]) != NFT_CMP_EQ || value[NFTA_DATA_VALUE] == NULL ||
		RTA_PAYLOAD(value[NFTA_DATA_VALUE]) != sizeof(port)) {
		return false;
	}
	memcpy(&port, RTA_DATA(value[NFTA_DATA_VALUE]), sizeof(port));
	*ret_port = ntohs(port);
	return true;
}

static void read_counter(const struct rtattr *data, struct ruleset_rule *rule)
{
	const struct rtattr *counter[NFTA_COUNTER_MAX + 1];
	uint64_t packets;
	rtnetlink_parse_nested(data, counter, NFTA_COUNTER_MAX + 1);
	if (counter[NFTA_COUNTER_PACKETS] != NULL &&
		RTA_PAYLOAD(counter[NFTA_COUNTER_PACKETS]) == sizeof(packets)) {
		memcpy(&packets, RTA_DATA(counter[NFTA_COUNTER_PACKETS]), sizeof(packets));
		rule->has_counter = true;
		rule->packets = be64toh(packets);
	}
}

/* Each comparison of a port is preceded by a test for TCP: not a further condition. */
static bool is_part_of_port(const struct rtattr *data)
{
	const struct rtattr *meta[NFTA_META_MAX + 1];
	rtnetlink_parse_nested(data, meta, NFTA_META_MAX + 1);
	return be32_of(meta[NFTA_META_KEY]) == NFT_META_L4PROTO;
}

void ruleset_read_rule(const struct rtattr *expressions, struct ruleset_rule *ret_rule)
{
	struct ruleset_rule rule = {0};
	bool port_is_loaded = false;
	bool protocol_is_loaded = false;
	size_t left = expressions == NULL ? 0 : RTA_PAYLOAD(expressions);
	const struct rtattr *element = expressions == NULL ? NULL : RTA_DATA(expressions);
	for (; RTA_OK(element, left); element = RTA_NEXT(element, left)) {
		const struct rtattr *expression[NFTA_EXPR_MAX + 1];
		rtnetlink_parse_nested(element, expression, NFTA_EXPR_MAX + 1);
		const struct rtattr *name = expression[NFTA_EXPR_NAME];
		const struct rtattr *data = expression[NFTA_EXPR_DATA];
		if (is_called(name, "immediate")) {
			read_verdict(data, &rule);
		} else if (is_called(name, "reject")) {
			rule.rejects = true;
		} else if (is_called(name, "target")) {
			const struct rtattr *target[NFTA_TARGET_MAX + 1];
			rtnetlink_parse_nested(data, target, NFTA_TARGET_MAX + 1);
			rule.rejects |= is_called(target[NFTA_TARGET_NAME], "REJECT");
		} else if (is_called(name, "counter")) {
			read_counter(data, &rule);
		} else if (is_called(name, "payload") && loads_port(data, &rule.of_source)) {
			port_is_loaded = true;
			continue;
		} else if (is_called(name, "meta") && is_part_of_port(data)) {
			protocol_is_loaded = true;
			continue;
		} else if (is_called(name, "cmp") && port_is_loaded &&
			compares_port(data, &rule.port)) {
			rule.has_port = true;
		} else if (!is_called(name, "cmp") || !protocol_is_loaded) {
			rule.has_more = true;
		}
		port_is_loaded = false;
		protocol_is_loaded = false;
	}
	*ret_rule = rule;
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_NETDEV:
		return "netdev";
	}
	return "?";
}

/* True if packets to the target, or the answers, pass this hook. */
static bool is_on_the_way(uint8_t family, uint32_t hook, const struct ruleset_query *query)
{
	if (family == NFPROTO_NETDEV) {
		return (query->deed == RULESET_DROPS_AT_EGRESS && hook == NF_NETDEV_EGRESS) ||
			(query->deed == RULESET_DROPS_ANSWERS && hook == NF_NETDEV_INGRESS);
	}
	bool wanted = false;
	switch (query->deed) {
	case RULESET_DROPS:
	case RULESET_REJECTS:
		wanted = hook == NF_INET_LOCAL_OUT || hook == NF_INET_POST_ROUTING;
		break;
	case RULESET_DROPS_ANSWERS:
		wanted = hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_IN ||
			hook == NF_INET_INGRESS;
		break;
	case RULESET_DROPS_AT_EGRESS:
	case RULESET_DEEDS:
		break;
	}
	switch (family) {
	case NFPROTO_IPV4:
		return wanted && query->family == AF_INET;
	case NFPROTO_IPV6:
		return wanted && query->family == AF_INET6;
	case NFPROTO_INET:
		return wanted;
	}
	return false;
}

static bool is_same(const struct chain *a, const struct chain *b)
{
	return a->family == b->family && strcmp(a->table, b->table) == 0 &&
		strcmp(a->name, b->name) == 0;
}

static bool is_known(const struct search *search, const struct chain *chain)
{
	for (unsigned i = 0; i < search->chain_count; i++) {
		if (is_same(&search->chains[i], chain)) {
			return true;
		}
	}
	return false;
}

static void add_chain(struct search *search, const struct chain *chain)
{
	if (!is_known(search, chain) && search->chain_count < CHAINS_MAX) {
		search->chains[search->chain_count++] = *chain;
	}
}

static uint8_t family_of(const struct nlmsghdr *message)
{
	const struct nfgenmsg *part = NLMSG_DATA(message);
	return part->nfgen_family;
}

static bool is_of(const struct nlmsghdr *message, unsigned type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
		message->nlmsg_len >= NLMSG_SPACE(sizeof(struct nfgenmsg));
}

/* Adds a candidate; a rule that names the port replaces those that do not. */
static void __attribute__((format(printf, 3, 4)))
note_match(struct search *search, bool by_port, const char *format, ...)
{
	if (search->by_port && !by_port) {
		return;
	}
	if (by_port && !search->by_port) {
		search->by_port = true;
		search->match.count = 0;
	}
	if (search->match.count++ == 0) {
		va_list arguments;
		va_start(arguments, format);
		vsnprintf(search->match.text, sizeof(search->match.text), format, arguments);
		va_end(arguments);
	}
}

static void look_at_chain(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	const struct rtattr *chain[NFTA_CHAIN_MAX + 1];
	const struct rtattr *hook[NFTA_HOOK_MAX + 1];
	if (!is_of(message, NFT_MSG_NEWCHAIN)) {
		return;
	}
	rtnetlink_parse(message, sizeof(struct nfgenmsg), chain, NFTA_CHAIN_MAX + 1);
	rtnetlink_parse_nested(chain[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX + 1);
	struct chain found = {.family = family_of(message)};
	if (chain[NFTA_CHAIN_HOOK] == NULL ||
		!is_on_the_way(found.family, be32_of(hook[NFTA_HOOK_HOOKNUM]), search->query)) {
		return;
	}
	name_of(chain[NFTA_CHAIN_TABLE], found.table);
	name_of(chain[NFTA_CHAIN_NAME], found.name);
	add_chain(search, &found);
	if (search->query->deed != RULESET_REJECTS && chain[NFTA_CHAIN_POLICY] != NULL &&
		be32_of(chain[NFTA_CHAIN_POLICY]) == NF_DROP) {
		note_match(search, false, "the policy of chain %.32s, table %s %.32s (drop)",
			found.name, family_name(found.family), found.table);
	}
}

static bool fits(const struct ruleset_rule *rule, const struct ruleset_query *query)
{
	return (query->deed == RULESET_REJECTS ? rule->rejects : rule->drops) &&
		(!rule->has_port ||
			(rule->port == query->port &&
				rule->of_source == (query->deed == RULESET_DROPS_ANSWERS))) &&
		(!rule->has_counter || rule->packets >= query->packets);
}

/* A rule as listed by the kernel. */
struct listed_rule {
	struct chain chain; /* its chain */
	uint64_t handle;
	struct ruleset_rule rule;
};

/* False if it is not a rule, or its chain is not on the way. */
static bool read_listed(
	const struct search *search, const struct nlmsghdr *message, struct listed_rule *ret_listed)
{
	const struct rtattr *part[NFTA_RULE_MAX + 1];
	if (!is_of(message, NFT_MSG_NEWRULE)) {
		return false;
	}
	rtnetlink_parse(message, sizeof(struct nfgenmsg), part, NFTA_RULE_MAX + 1);
	struct listed_rule listed = {.chain.family = family_of(message)};
	name_of(part[NFTA_RULE_TABLE], listed.chain.table);
	name_of(part[NFTA_RULE_CHAIN], listed.chain.name);
	if (!is_known(search, &listed.chain)) {
		return false;
	}
	const struct rtattr *handle = part[NFTA_RULE_HANDLE];
	if (handle != NULL && RTA_PAYLOAD(handle) == sizeof(listed.handle)) {
		memcpy(&listed.handle, RTA_DATA(handle), sizeof(listed.handle));
		listed.handle = be64toh(listed.handle);
	}
	ruleset_read_rule(part[NFTA_RULE_EXPRESSIONS], &listed.rule);
	*ret_listed = listed;
	return true;
}

static void look_for_jumps(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	struct listed_rule listed;
	if (read_listed(search, message, &listed) && listed.rule.jumps_to[0] != '\0') {
		memcpy(listed.chain.name, listed.rule.jumps_to, sizeof(listed.chain.name));
		add_chain(search, &listed.chain);
	}
}

static void look_at_rule(void *context, const struct nlmsghdr *message)
{
	struct search *search = context;
	struct listed_rule listed;
	if (!read_listed(search, message, &listed) || !fits(&listed.rule, search->query)) {
		return;
	}
	const struct chain *chain = &listed.chain;
	const struct ruleset_rule *rule = &listed.rule;
	char port[24] = "";
	if (rule->has_port) {
		snprintf(port, sizeof(port), "tcp %s %u ", rule->of_source ? "sport" : "dport",
			rule->port);
	}
	note_match(search, rule->has_port,
		"rule %" PRIu64 " of chain %.32s, table %s %.32s (%s%s%s)", listed.handle,
		chain->name, family_name(chain->family), chain->table, port,
		rule->has_more ? "... " : "", rule->rejects ? "reject" : "drop");
}

static int dump(unsigned type, rtnetlink_visit *visit, struct search *search)
{
	struct rtnetlink_request request;
	rtnetlink_begin(&request, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
		sizeof(request.filter), NFPROTO_UNSPEC);
	return rtnetlink_dump_filter(&request, visit, search);
}

int ruleset_find(const struct ruleset_query *query, struct ruleset_match *ret_match)
{
	struct search search = {.query = query};
	int r = dump(NFT_MSG_GETCHAIN, look_at_chain, &search);
	unsigned before = 0;
	for (unsigned i = 0; r == 0 && i < LOOKS_MAX && search.chain_count > before; i++) {
		before = search.chain_count;
		r = dump(NFT_MSG_GETRULE, look_for_jumps, &search);
	}
	if (r == 0 && search.chain_count > 0) {
		r = dump(NFT_MSG_GETRULE, look_at_rule, &search);
	}
	if (r == 0) {
		*ret_match = search.match;
	}
	return r;
}
