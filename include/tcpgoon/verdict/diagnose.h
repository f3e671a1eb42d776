/* SPDX-License-Identifier: MIT */
/* From a result's evidence to findings: what it was, on whose side, and what to change. */
#ifndef TCPGOON_VERDICT_DIAGNOSE_H
#define TCPGOON_VERDICT_DIAGNOSE_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/stats/cause.h"

#define FINDING_TEXT_MAX 320

/* A rule that matched. */
struct finding {
	const char *name; /* of the rule: stable snake_case word for reports */
	enum cause_side side;
	uint64_t count; /* of connections it speaks of; 0 where it speaks of none */
	char evidence[FINDING_TEXT_MAX]; /* a sentence: what was seen, with its numbers */
	char hint[FINDING_TEXT_MAX]; /* a sentence: what to change */
};

#define FINDINGS_MAX 32

/* The weightiest first. */
struct findings {
	struct finding list[FINDINGS_MAX];
	size_t count;
};

/* Pure. */
void diagnose(const struct result *result, struct findings *ret_findings);

/* The name of each rule, for documents and tests; NULL beyond the last. */
const char *diagnose_rule_at(size_t index);

#endif
