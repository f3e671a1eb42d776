/* SPDX-License-Identifier: MIT */
/* The results of one side of a comparison. */
#ifndef TCPGOON_COMPARE_SIDE_H
#define TCPGOON_COMPARE_SIDE_H

#include <stddef.h>

#include "tcpgoon/result/result.h"

/* Runs of one state of things. Names and results outlive the comparison. */
struct comparison_side {
	const char *const *names; /* of the files */
	const struct result *const *results;
	size_t count; /* at least 1 */
};

#endif
