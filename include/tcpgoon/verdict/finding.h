/* SPDX-License-Identifier: MIT */
/* What a rule found in a result: a sentence of evidence, and one that says what to change. */
#ifndef TCPGOON_VERDICT_FINDING_H
#define TCPGOON_VERDICT_FINDING_H

#include <stdint.h>

#include "tcpgoon/stats/cause.h"

#define FINDING_TEXT_MAX 320

/* What a finding adds to the causes of the connections. */
enum finding_weight {
	FINDING_REMARK, /* nothing: its connections failed, were dropped, or were not harmed */
	FINDING_FAILURE, /* its connections did not work, but neither failed nor were dropped */
	FINDING_LOCAL, /* its connections failed because of this machine; their causes differ */
};

/* A rule that matched. */
struct finding {
	const char *name; /* of the rule: a stable snake_case word for reports */
	enum cause_side side;
	enum finding_weight weight;
	uint64_t count; /* of connections; 0 if it is not about connections */
	char evidence[FINDING_TEXT_MAX]; /* a sentence: what was seen, with its numbers */
	char hint[FINDING_TEXT_MAX]; /* a sentence: what to change */
};

#endif
