/* SPDX-License-Identifier: MIT */
/* Monotonic time: nanoseconds in 64 bits, the one unit used inside the program. */
#ifndef TCPGOON_BASE_CLOCK_H
#define TCPGOON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)

/* Never: later than any instant that clock_now_ns() returns. */
#define CLOCK_NEVER UINT64_MAX

/* CLOCK_MONOTONIC now, in nanoseconds. Loops call it, and pass `now_ns` down. */
uint64_t clock_now_ns(void);

/* CLOCK_BOOTTIME now: like CLOCK_MONOTONIC, but includes the time the machine is suspended. */
uint64_t clock_boot_ns(void);

/* CLOCK_REALTIME now, in nanoseconds since the epoch: to print, never to measure intervals. */
uint64_t clock_wall_ns(void);

/* The earlier of two instants. */
static inline uint64_t clock_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static inline struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_nsec = (long)(ns % NSEC_PER_SEC),
	};
}

#endif
