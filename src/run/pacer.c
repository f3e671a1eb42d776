/* SPDX-License-Identifier: MIT */
/*
 * How far ahead dials are armed is measured out for io_uring; epoll queues them by itself, and a
 * timerfd wakes it for the first. On io_uring a linked TIMEOUT with an absolute instant heads a chain, so that the kernel itself starts the
 * dial. Up to some thousands a second each connection has one, and a few are armed ahead: enough
 * that the next is always in the kernel, and few enough that they take little memory (2.5 KB of the
 * kernel's for each armed chain) and can be cancelled at once. Above that rate one chain is armed,
 * for the connection next due; when it fires, all that have become due meanwhile are dialled at
 * once. The instants are absolute, so a late dial does not delay the next ones.
 */
#include "run/pacer.h"

#include "tcpgoon/base/clock.h"

#define AHEAD_NS (20 * NSEC_PER_MSEC)
#define AHEAD_MIN 2
#define AHEAD_MAX 32
/* The shortest period at which every connection has its own TIMEOUT: 5,000 a second. */
#define OWN_TIMEOUT_PERIOD_NS (200 * NSEC_PER_USEC)

uint64_t pacer_due_before(const struct pacer *pacer, uint64_t now_ns)
{
	if (now_ns < pacer->start_ns) {
		return 0;
	}
	return schedule_due_count(pacer->schedule, now_ns - pacer->start_ns, pacer->count);
}

static uint64_t chains_ahead(const struct schedule *schedule)
{
	if (schedule->period_ns < OWN_TIMEOUT_PERIOD_NS) {
		return 1;
	}
	uint64_t ahead = AHEAD_NS / schedule->period_ns;
	if (ahead < AHEAD_MIN) {
		return AHEAD_MIN;
	}
	return ahead < AHEAD_MAX ? ahead : AHEAD_MAX;
}

uint64_t pacer_armed_before(const struct pacer *pacer, uint64_t now_ns)
{
	uint64_t armed = pacer_due_before(pacer, now_ns) + chains_ahead(pacer->schedule);
	return armed < pacer->count ? armed : pacer->count;
}
