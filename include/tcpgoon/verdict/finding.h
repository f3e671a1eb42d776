/* SPDX-License-Identifier: MIT */
/* What a rule found in a result: one sentence of evidence, and one that says what to change. */
#ifndef TCPGOON_VERDICT_FINDING_H
#define TCPGOON_VERDICT_FINDING_H

#include <stdint.h>

#include "tcpgoon/stats/cause.h"

#define FINDING_TEXT_MAX 320

/* What a finding adds to what the causes of the connections say already. */
enum finding_weight {
	FINDING_REMARK, /* nothing: what it counts has failed or was dropped, or took no harm */
	FINDING_FAILURE, /* what it counts did not work, although it neither failed nor was dropped */
	FINDING_LOCAL, /* what it counts failed because of this machine, which its causes do not tell */
};

/* A rule that matched. */
struct finding {
	const char *name; /* of the rule: stable snake_case word for reports */
	enum cause_side side;
	enum finding_weight weight;
	uint64_t count; /* of connections it speaks of; 0 where it speaks of none */
	char evidence[FINDING_TEXT_MAX]; /* a sentence: what was seen, with its numbers */
	char hint[FINDING_TEXT_MAX]; /* a sentence: what to change */
};

#endif
