/* SPDX-License-Identifier: MIT */
#include "compare/contents.h"

#include "tcpgoon/stats/two_samples.h"

size_t contents_runs_needed(const struct comparison *comparison)
{
	size_t runs = 1;
	size_t judged = comparison->judged > 0 ? comparison->judged : 1;
	while (two_samples_u_least(runs, runs) > COMPARISON_ALPHA / (double)judged) {
		runs++;
	}
	return runs;
}
