/* SPDX-License-Identifier: MIT */
/* When this program stalled: a time that spans a stall says nothing about the target. */
#ifndef TCPGOON_RUN_STALL_H
#define TCPGOON_RUN_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/clock.h"

/* A shorter delay is the ordinary scheduling of a busy machine. */
#define STALL_MIN_NS (100 * NSEC_PER_MSEC)

/* The loop wakes this often while it times something: otherwise a stall would look like a wait. */
#define STALL_HEARTBEAT_NS (50 * NSEC_PER_MSEC)

/*
 * How late a step ended at now_ns that began at from_ns and should have ended by due_ns; 0 if that
 * is no stall. Work should end at once: its due_ns is from_ns. Pure.
 */
static inline uint64_t stall_length_ns(uint64_t from_ns, uint64_t due_ns, uint64_t now_ns)
{
	uint64_t expected_ns = due_ns > from_ns ? due_ns : from_ns;
	uint64_t late_ns = now_ns > expected_ns ? now_ns - expected_ns : 0;
	return late_ns >= STALL_MIN_NS ? late_ns : 0;
}

/* CLOCK_MONOTONIC stands still while the machine is suspended, and CLOCK_BOOTTIME does not. */
struct stall_suspend {
	uint64_t apart_ns; /* the difference of the clocks at the last look */
	uint64_t look_ns; /* when to look next */
};

/* How long the machine was suspended since the last look; 0 if that is no stall. Pure. */
uint64_t stall_suspended_ns(struct stall_suspend *suspend, uint64_t now_ns, uint64_t boot_ns);

#endif
