/* SPDX-License-Identifier: MIT */
/*
 * Each accept moves the instant of the next one by 1/rate. What was not used is not saved, but for
 * a millisecond's worth, as the loop may be that late: so a pause of the peers is not followed by a
 * burst.
 */
#include "server/accept_pace.h"

#include "tcpgoon/base/clock.h"

#define SLACK_NS NSEC_PER_MSEC

uint64_t accept_pace_most(struct accept_pace *pace, uint64_t accepted, uint64_t now_ns)
{
	if (pace->rate == 0) {
		return UINT64_MAX;
	}
	uint64_t interval_ns = NSEC_PER_SEC / pace->rate;
	uint64_t earliest_ns = now_ns > SLACK_NS ? now_ns - SLACK_NS : 0;
	if (accepted > pace->seen) {
		uint64_t from_ns = pace->next_ns > earliest_ns ? pace->next_ns : earliest_ns;
		pace->next_ns = from_ns + (accepted - pace->seen) * interval_ns;
		pace->seen = accepted;
	}
	if (now_ns < pace->next_ns) {
		return accepted;
	}
	uint64_t from_ns = pace->next_ns > earliest_ns ? pace->next_ns : earliest_ns;
	return accepted + 1 + (now_ns - from_ns) / interval_ns;
}

uint64_t accept_pace_due_ns(const struct accept_pace *pace, uint64_t now_ns)
{
	return pace->rate > 0 && pace->next_ns > now_ns ? pace->next_ns : CLOCK_NEVER;
}
