/* SPDX-License-Identifier: MIT */
/*
 * A histogram only grows, so what it gained is a difference of counts, and of sums, which are
 * exact. The slots that can have changed lie between its minimum and its maximum: some hundreds in
 * most runs, out of 37,888.
 */
#include "tcpgoon/stats/gain.h"

static void clear(struct histogram *histogram)
{
	if (histogram->count > 0) {
		size_t last = histogram_slot(histogram->max_us);
		for (size_t i = histogram_slot(histogram->min_us); i <= last; i++) {
			histogram->counts[i] = 0;
		}
	}
	*histogram = (struct histogram){.counts = histogram->counts, .min_us = UINT64_MAX};
}

static void add_slot(struct histogram *gained, const struct histogram *now, size_t slot)
{
	uint64_t lowest = histogram_slot_lowest_us(slot);
	uint64_t highest = histogram_slot_highest_us(slot);
	bool last = slot == HISTOGRAM_COUNTS_LENGTH - 1;
	if (gained->min_us == UINT64_MAX) {
		gained->min_us = lowest > now->min_us ? lowest : now->min_us;
	}
	gained->max_us = highest < now->max_us && !last ? highest : now->max_us;
}

void gain_take(struct gain_mark *mark, const struct histogram *now, struct histogram *gained)
{
	clear(gained);
	gained->count = now->count - mark->count;
	gained->sum_us = now->sum_us - mark->sum_us;
	gained->sum_squares_us2 = now->sum_squares_us2 - mark->sum_squares_us2;
	if (gained->count == 0) {
		return;
	}
	size_t last = histogram_slot(now->max_us);
	for (size_t i = histogram_slot(now->min_us); i <= last; i++) {
		if (now->counts[i] != mark->counts[i]) {
			gained->counts[i] = now->counts[i] - mark->counts[i];
			mark->counts[i] = now->counts[i];
			add_slot(gained, now, i);
		}
	}
	mark->count = now->count;
	mark->sum_us = now->sum_us;
	mark->sum_squares_us2 = now->sum_squares_us2;
}
