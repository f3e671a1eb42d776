/* SPDX-License-Identifier: MIT */
/* Consecutive source addresses, and how users write them. */
#ifndef TCPGOON_PLAN_SOURCE_RANGE_H
#define TCPGOON_PLAN_SOURCE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"

/* first, first + 1, ... */
struct source_range {
	struct address first; /* its port is ignored */
	uint64_t count;
};

/* A longer range is a typing error: 16 million sources have 10^12 ports. */
#define SOURCE_RANGE_MAX (UINT64_C(1) << 24)

/*
 * Parses "ADDRESS", "ADDRESS/PREFIX" (for IPv4 prefixes up to 30, without network and broadcast
 * address) or "FIRST-LAST"; tries the whole text as an address first. Returns 0, or -EINVAL with a
 * message that quotes the text.
 */
int source_range_parse(const char *text, struct source_range *ret_range, struct error *error);

/* Finds the first address of that family in a list of such texts; false if there is none. */
bool source_range_first(
	const struct text_list *texts, sa_family_t family, struct address *ret_source);

/* True if an address is in both. */
bool source_range_overlaps(const struct source_range *a, const struct source_range *b);

#endif
