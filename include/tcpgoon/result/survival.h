/* SPDX-License-Identifier: MIT */
/* How many of the established connections were still open at times after the last dial. */
#ifndef TCPGOON_RESULT_SURVIVAL_H
#define TCPGOON_RESULT_SURVIVAL_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"

#define SURVIVAL_POINTS_MAX 12

struct survival_point {
	uint64_t after_ns; /* since the last dial */
	uint64_t left; /* established connections not dropped by then */
};

/* The last point is the end of the run. */
struct survival {
	struct survival_point points[SURVIVAL_POINTS_MAX];
	size_t count;
	uint64_t established; /* what `left` is of */
};

/* Computed from the series, as fine as its samples. No points if nothing was established. Pure. */
void survival_compute(const struct result *result, struct survival *ret_survival);

#endif
