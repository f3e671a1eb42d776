/* SPDX-License-Identifier: MIT */
/* What a result means: the exit status, and the sentences that explain it. */
#ifndef TCPGOON_VERDICT_VERDICT_H
#define TCPGOON_VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/diagnose.h"
#include "tcpgoon/verdict/exit_status.h"
#include "tcpgoon/verdict/threshold.h"

#define VERDICT_THRESHOLDS_MAX 64

/* What the user asked with --fail-if and --abort-if. */
struct threshold_rule {
	struct threshold threshold;
	bool aborts;
};

struct threshold_rules {
	struct threshold_rule list[VERDICT_THRESHOLDS_MAX];
	size_t count;
};

/*
 * Reads the expressions of --fail-if, then those of --abort-if. Returns 0, or -EINVAL with a
 * message that names the option.
 */
int threshold_rules_read(struct threshold_rules *ret_rules, const struct text_list *fail_if,
	const struct text_list *abort_if, struct error *error);

#define VERDICT_REASONS_MAX 32
#define VERDICT_REASON_MAX 256

struct verdict {
	enum exit_status exit_status;
	char reasons[VERDICT_REASONS_MAX][VERDICT_REASON_MAX]; /* why this status: sentences */
	size_t reason_count;
	bool all_well; /* the only reason says that there is none to complain */
	const struct threshold_rules *rules; /* what was asked; outlives the verdict */
	struct threshold_outcome outcomes[VERDICT_THRESHOLDS_MAX]; /* one for each rule */
	struct findings findings;
};

/*
 * Pure. Rules replace the rule that a failed connection makes the status 2, where each of them
 * could be judged. One that could not be makes it 2 by itself, or 1 where this program failed to
 * measure what it asks for.
 */
void verdict_judge(const struct result *result, const struct threshold_rules *rules,
	struct verdict *ret_verdict);

/* Of a run that did not begin, with this exit status; `rules` as for verdict_judge. */
void verdict_decline(
	enum exit_status status, const struct threshold_rules *rules, struct verdict *ret_verdict);

/*
 * Of several results, each with its name and the verdict on it: the status that outweighs the
 * others, and the reasons of all, each behind the name. It has no rules and no findings.
 */
void verdict_unite(const char *const *names, const struct verdict *const *verdicts, size_t count,
	struct verdict *ret_verdict);

/* Adds that something failed after the run: `reason` is a sentence, and the status becomes 1. */
void verdict_fail(struct verdict *verdict, const char *reason);

/* Whether a rule of --abort-if is crossed by a result that still grows. Pure. */
bool verdict_aborts(const struct result *result, const struct threshold_rules *rules);

#endif
