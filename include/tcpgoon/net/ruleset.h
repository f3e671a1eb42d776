/* SPDX-License-Identifier: MIT */
/* The rule of this machine's packet filter (nf_tables) that drops or rejects what it sends. */
#ifndef TCPGOON_NET_RULESET_H
#define TCPGOON_NET_RULESET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpgoon/net/rtnetlink.h"

/* What is looked for. */
struct ruleset_query {
	sa_family_t family; /* of the target */
	uint16_t port; /* of the target */
	uint64_t packets; /* a rule with a counter has counted so many, at least */
	enum ruleset_deed {
		RULESET_DROPS, /* in the hooks output and postrouting */
		RULESET_REJECTS, /* there */
		RULESET_DROPS_AT_EGRESS, /* in the hook egress, below IP */
		RULESET_DROPS_ANSWERS, /* in ingress, prerouting and input */
		RULESET_DEEDS,
	} deed;
};

#define RULESET_TEXT_MAX 128

/* What was found. */
struct ruleset_match {
	unsigned count; /* rules that it may be; 0: none */
	/* The first of them: "rule 3 of chain output, table inet own (tcp dport 80 drop)". */
	char text[RULESET_TEXT_MAX];
};

/*
 * Looks through the hooks and the chains that they jump to. Where some rules name the port, they alone
 * count. Returns 0, or a negative errno: -EPERM without CAP_NET_ADMIN.
 */
int ruleset_find(const struct ruleset_query *query, struct ruleset_match *ret_match);

/* Longer names of tables and chains are cut. */
#define RULESET_NAME_MAX 64

/* What a rule does, as far as it matters here. */
struct ruleset_rule {
	bool drops;
	bool rejects;
	bool has_port; /* it is for one port only */
	bool of_source; /* which is the one that the packet comes from */
	uint16_t port;
	bool has_more; /* it has other conditions */
	bool has_counter;
	uint64_t packets; /* of its counter */
	char jumps_to[RULESET_NAME_MAX]; /* a chain; empty: nowhere */
};

/* Reads the expressions of a NFT_MSG_NEWRULE (NFTA_RULE_EXPRESSIONS). Pure. */
void ruleset_read_rule(const struct rtattr *expressions, struct ruleset_rule *ret_rule);

#endif
