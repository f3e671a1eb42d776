/* SPDX-License-Identifier: MIT */
/* What a comparison consists of, for those that judge it and tell it. */
#ifndef TCPGOON_COMPARE_CONTENTS_H
#define TCPGOON_COMPARE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/differences.h"
#include "compare/row.h"
#include "tcpgoon/compare/change.h"
#include "tcpgoon/compare/side.h"

/* The share of comparisons without a change in which at least one row is called proven: at most. */
#define COMPARISON_ALPHA 0.05

struct change_outcome {
	bool crossed; /* never where it cannot be judged */
	const char *not_judged; /* why; NULL where it was */
};

struct comparison {
	struct comparison_side a;
	struct comparison_side b;
	bool pair; /* one run a side */
	bool in_turns; /* runs of the one side were made between those of the other */
	struct row *rows; /* one for each measure, in that order; owned */
	size_t row_count;
	size_t judged; /* how many of them may be proven at once */
	struct differences differences;
	const struct change_rules *rules;
	struct change_outcome outcomes[CHANGE_RULES_MAX]; /* one for each rule */
};

/* How many runs a side it takes to prove a change in one of the rows that are judged. */
size_t contents_runs_needed(const struct comparison *comparison);

#endif
