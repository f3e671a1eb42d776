/* SPDX-License-Identifier: MIT */
/* The verdict on a result that nobody set a threshold for. */
#ifndef TCPGOON_TESTS_PLAIN_VERDICT_H
#define TCPGOON_TESTS_PLAIN_VERDICT_H

#include "tcpgoon/verdict/verdict.h"

static inline struct verdict plain_verdict(const struct result *result)
{
	static const struct threshold_rules no_rules;
	struct verdict verdict;
	verdict_judge(result, &no_rules, &verdict);
	return verdict;
}

#endif
