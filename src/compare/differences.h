/* SPDX-License-Identifier: MIT */
/* What was not the same for all runs that are compared: settings, target, machine. */
#ifndef TCPGOON_COMPARE_DIFFERENCES_H
#define TCPGOON_COMPARE_DIFFERENCES_H

#include <stddef.h>

#include "tcpgoon/compare/side.h"

#define DIFFERENCES_MAX 32
#define DIFFERENCE_TEXT_MAX 1100 /* at least one value of the longest */

struct difference {
	const char *name; /* "connections" */
	/* What it was for the runs of each side, each once: "1000, 2000". */
	char a[DIFFERENCE_TEXT_MAX];
	char b[DIFFERENCE_TEXT_MAX];
};

struct differences {
	struct difference list[DIFFERENCES_MAX];
	size_t count;
};

void differences_find(const struct comparison_side *a, const struct comparison_side *b,
	struct differences *ret_differences);

#endif
