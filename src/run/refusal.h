/* SPDX-License-Identifier: MIT */
/* Why this machine itself refused a dial: its routes, its rules, its security modules. */
#ifndef TCPGOON_RUN_REFUSAL_H
#define TCPGOON_RUN_REFUSAL_H

#include <stdbool.h>

#include "tcpgoon/plan/tuples.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/stats/cause.h"

struct refusals {
	struct result *result;
	struct address asked; /* the last address that refusals_is_here() was asked about */
	bool asked_is_here;
};

void refusals_init(struct refusals *refusals, struct result *result);

/* Whether this machine may refuse a dial from this tuple, bound or not, with this errno. */
bool refusals_is_possible(const struct tuple *tuple, int error_number);

/*
 * The cause of a dial that connect refused with this errno although nothing came over the wire.
 * Counts it in result->refusals; refusals of one source and target are examined once.
 */
enum cause refusals_cause(struct refusals *refusals, const struct tuple *tuple, int error_number);

/* Whether this host has the address. ICMP messages mostly come from the same one, so it is kept. */
bool refusals_is_here(struct refusals *refusals, const struct address *address);

#endif
