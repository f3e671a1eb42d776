/* SPDX-License-Identifier: MIT */
/* Consecutive source addresses, and how people write them. */
#ifndef TCPGOON_PLAN_SOURCE_RANGE_H
#define TCPGOON_PLAN_SOURCE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"

/* first, first + 1, ... */
struct source_range {
	struct address first; /* its port does not count */
	uint64_t count;
};

/* More than this from one range is a slip of the pen: 16 million sources have 10^12 ports. */
#define SOURCE_RANGE_MAX (UINT64_C(1) << 24)

/*
 * "ADDRESS", "ADDRESS/PREFIX" (an IPv4 prefix up to 30 without its network and broadcast address)
 * or "FIRST-LAST"; the whole is tried as an address first. Returns 0, or -EINVAL with a message that
 * names the text.
 */
int source_range_parse(const char *text, struct source_range *ret_range, struct error *error);

/* The first address of that family in a list of such texts; false where there is none. */
bool source_range_first(
	const struct text_list *texts, sa_family_t family, struct address *ret_source);

/* Whether an address is in both. */
bool source_range_overlaps(const struct source_range *a, const struct source_range *b);

#endif
