/* SPDX-License-Identifier: MIT */
/* The results of two sides, number by number, and which of their changes are more than chance. */
#ifndef TCPGOON_COMPARE_COMPARISON_H
#define TCPGOON_COMPARE_COMPARISON_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/compare/change.h"
#include "tcpgoon/compare/side.h"
#include "tcpgoon/verdict/exit_status.h"

struct comparison;

/*
 * Compares B with A. `rules` may be empty, and outlive the comparison. Returns 0, or -ENOMEM with a
 * message.
 */
int comparison_create(struct comparison **ret_comparison, const struct comparison_side *a,
	const struct comparison_side *b, const struct change_rules *rules, struct error *error);

/* Accepts NULL. */
void comparison_destroy(struct comparison *comparison);

/* 3: a rule is crossed; otherwise 2: one could not be judged; otherwise 0. */
enum exit_status comparison_status(const struct comparison *comparison);

#endif
