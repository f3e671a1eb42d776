/* SPDX-License-Identifier: MIT */
/* Finds the rule of the packet filter (nf_tables) of this machine that drops or rejects packets. */
#ifndef TCPGOON_NET_RULESET_H
#define TCPGOON_NET_RULESET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpgoon/net/rtnetlink.h"

/* What to look for. */
struct ruleset_query {
	sa_family_t family; /* of the target */
	uint16_t port; /* of the target */
	uint64_t packets; /* a rule with a counter must have counted at least this many */
	enum ruleset_deed {
		RULESET_DROPS, /* in the hooks output and postrouting */
		RULESET_REJECTS, /* in the same hooks */
		RULESET_DROPS_AT_EGRESS, /* in the hook egress, below IP */
		RULESET_DROPS_ANSWERS, /* in ingress, prerouting and input */
		RULESET_DEEDS,
	} deed;
};

#define RULESET_TEXT_MAX 128

/* What was found. */
struct ruleset_match {
	unsigned count; /* candidate rules; 0: none */
	/* The first of them: "rule 3 of chain output, table inet own (tcp dport 80 drop)". */
	char text[RULESET_TEXT_MAX];
};

/*
 * Searches the hooks and the chains that they jump to. If any rule names the port, only those that
 * do count. Returns 0, or a negative errno: -EPERM without CAP_NET_ADMIN.
 */
int ruleset_find(const struct ruleset_query *query, struct ruleset_match *ret_match);

/* Longer names of tables and chains are truncated. */
#define RULESET_NAME_MAX 64

/* What a rule does, as far as it matters here. */
struct ruleset_rule {
	bool drops;
	bool rejects;
	bool has_port; /* it matches only one port */
	bool of_source; /* the port is the source port */
	uint16_t port;
	bool has_more; /* it has other conditions */
	bool has_counter;
	uint64_t packets; /* counted by its counter */
	char jumps_to[RULESET_NAME_MAX]; /* a chain; empty: none */
};

/* Parses the expressions of an NFT_MSG_NEWRULE (NFTA_RULE_EXPRESSIONS). Pure. */
void ruleset_read_rule(const struct rtattr *expressions, struct ruleset_rule *ret_rule);

#endif
