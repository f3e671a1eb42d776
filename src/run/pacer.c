/* SPDX-License-Identifier: MIT */
/*
 * How far ahead dials are armed is measured out for io_uring; epoll queues them by itself, and a
 * timerfd wakes it for the first. On io_uring a linked TIMEOUT with an absolute instant heads a
 * chain, so that the kernel itself starts the dial. Up to some thousands a second each connection
 * has one, and a few are armed ahead: enough that the next is always in the kernel, and few enough
 * that they take little memory (2.5 KB of the kernel's for each armed chain) and can be cancelled
 * at once. Above that rate one chain is armed, for the connection next due; when it fires, all that
 * have become due meanwhile are dialled at once. The instants are absolute, so a late dial does not
 * delay the next ones. In a ramp the pace is that of the instant; where it jumps, the loop wakes
 * for the first connection that is not armed.
 */
#include "run/pacer.h"

#include "tcpgoon/base/clock.h"

#define AHEAD_NS (20 * NSEC_PER_MSEC)
#define AHEAD_MIN 2
#define AHEAD_MAX 32
/* The fastest pace, in dials a second, at which every connection has its own TIMEOUT. */
#define OWN_TIMEOUT_PACE 5000

uint64_t pacer_due_before(const struct pacer *pacer, uint64_t now_ns)
{
	if (now_ns < pacer->start_ns) {
		return 0;
	}
	return schedule_due_count(pacer->schedule, now_ns - pacer->start_ns, pacer->count);
}

/* Of a burst, the first; the others are due when it fires. */
static uint64_t chains_ahead(const struct schedule *schedule, uint64_t elapsed_ns)
{
	double pace = schedule_pace_at(schedule, elapsed_ns);
	if (pace > OWN_TIMEOUT_PACE || schedule_has_bursts(schedule)) {
		return 1;
	}
	uint64_t ahead = (uint64_t)(pace * (double)AHEAD_NS / (double)NSEC_PER_SEC);
	if (ahead < AHEAD_MIN) {
		return AHEAD_MIN;
	}
	return ahead < AHEAD_MAX ? ahead : AHEAD_MAX;
}

uint64_t pacer_armed_before(const struct pacer *pacer, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns > pacer->start_ns ? now_ns - pacer->start_ns : 0;
	uint64_t armed =
		pacer_due_before(pacer, now_ns) + chains_ahead(pacer->schedule, elapsed_ns);
	return armed < pacer->count ? armed : pacer->count;
}
