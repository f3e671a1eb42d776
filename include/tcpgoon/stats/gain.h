/* SPDX-License-Identifier: MIT */
/* What a histogram gained since it was last looked at. */
#ifndef TCPGOON_STATS_GAIN_H
#define TCPGOON_STATS_GAIN_H

#include <stdint.h>

#include "tcpgoon/base/wide.h"
#include "tcpgoon/stats/histogram.h"

/* A histogram as it was at the latest look. All zero: it was empty. */
struct gain_mark {
	uint64_t counts[HISTOGRAM_COUNTS_LENGTH];
	uint128 sum_us;
	uint128 sum_squares_us2;
	uint64_t count;
};

/*
 * Makes `gained` the values that came since the mark, and moves the mark to now. What `gained` held
 * before is gone; it may be used for several marks in turn. Its minimum and maximum are bounds: the
 * ends of their slots.
 */
void gain_take(struct gain_mark *mark, const struct histogram *now, struct histogram *gained);

#endif
