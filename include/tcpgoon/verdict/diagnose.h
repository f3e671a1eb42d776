/* SPDX-License-Identifier: MIT */
/* Derives findings from a result: what happened, on whose side, and what to change. */
#ifndef TCPGOON_VERDICT_DIAGNOSE_H
#define TCPGOON_VERDICT_DIAGNOSE_H

#include <stddef.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/finding.h"

#define FINDINGS_MAX 64

/* The most important first. */
struct findings {
	struct finding list[FINDINGS_MAX];
	size_t count;
};

/* Pure. */
void diagnose(const struct result *result, struct findings *ret_findings);

/* The name of each rule, for documents and tests; NULL beyond the last. */
const char *diagnose_rule_at(size_t index);

#endif
