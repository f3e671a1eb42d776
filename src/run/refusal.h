/* SPDX-License-Identifier: MIT */
/* Why this machine refused a dial itself: its routes, its rules, its security modules. */
#ifndef TCPGOON_RUN_REFUSAL_H
#define TCPGOON_RUN_REFUSAL_H

#include <stdbool.h>

#include "tcpgoon/plan/tuples.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/stats/cause.h"

struct refusals {
	struct result *result;
	struct address asked; /* the last one that refusals_is_here() was asked about */
	bool asked_is_here;
};

void refusals_init(struct refusals *refusals, struct result *result);

/* Whether a dial from a socket that is bound or not may be refused here with this errno. */
bool refusals_is_possible(const struct tuple *tuple, int error_number);

/*
 * The cause of a dial that connect refused so, with nothing come over the wire. It is counted in
 * result->refusals; those of one source and target are looked into once.
 */
enum cause refusals_cause(struct refusals *refusals, const struct tuple *tuple, int error_number);

/* Whether that is an address of this host; for ICMP messages, the same one most of the time. */
bool refusals_is_here(struct refusals *refusals, const struct address *address);

#endif
