/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/clock.h"

static uint64_t read_clock_ns(clockid_t clock)
{
	struct timespec now = {0};
	/* This fails only for clocks the kernel lacks, and it always has these. */
	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_boot_ns(void)
{
	return read_clock_ns(CLOCK_BOOTTIME);
}

uint64_t clock_wall_ns(void)
{
	return read_clock_ns(CLOCK_REALTIME);
}
