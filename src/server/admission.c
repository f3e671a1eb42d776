/* SPDX-License-Identifier: MIT */
/*
 * A multishot accept is the cheapest, but it has no bound: it takes everything that the listening
 * socket has queued in one go, and a connection that finds no free slot has been accepted and is
 * dropped although its peer believes it established. It could also exceed the number allowed. So it
 * is used only while there is room for more than one such go can bring: twice the backlog (one full
 * queue, and what arrives while it is emptied), and some.
 *
 * With less room, single accepts are used, and never more of them than there is room.
 *
 * A lane that was full gets free slots again as connections end. If the server came back to a lane
 * for a single free slot, and to the next lane for another, all accepts would be made one by one.
 * So an old lane takes over only if an eighth of it is free, or all that is still allowed fits in
 * it, or if there can be no new one.
 */
#include "server/admission.h"

#include "tcpgoon/base/compare.h"

#define MARGIN_BEYOND_BACKLOG 64
#define WORTHWHILE_SHARE 8

uint64_t admission_margin(uint32_t backlog)
{
	return 2 * (uint64_t)backlog + MARGIN_BEYOND_BACKLOG;
}

struct admission_order admission_decide(const struct admission_view *view)
{
	struct admission_order order = {0};
	uint64_t room = lesser(view->free_slots, view->allowed);
	bool roomy = room > view->margin + view->singles;
	if (view->multishot) {
		order.stop_multishot = !roomy && !view->stopping;
		return order;
	}
	if (roomy) {
		order.start_multishot = true;
		return order;
	}
	uint64_t wanted = lesser(room, ADMISSION_SINGLES_MAX);
	order.singles = wanted > view->singles ? (unsigned)wanted - view->singles : 0;
	return order;
}

int admission_next_lane(
	const uint32_t *used, unsigned count, uint32_t slots, uint64_t allowed, bool may_grow)
{
	unsigned best = 0;
	for (unsigned i = 1; i < count; i++) {
		if (used[i] < used[best]) {
			best = i;
		}
	}
	uint32_t most_free = used[best] < slots ? slots - used[best] : 0;
	uint64_t worthwhile = lesser(slots / WORTHWHILE_SHARE, allowed);
	if (most_free > 0 && (most_free >= worthwhile || !may_grow)) {
		return (int)best;
	}
	return may_grow ? ADMISSION_NEW_LANE : ADMISSION_NO_LANE;
}
