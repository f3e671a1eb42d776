/* SPDX-License-Identifier: MIT */
/* One io_uring: set-up, and what it costs. */
#ifndef TCPGOON_URING_RING_H
#define TCPGOON_URING_RING_H

#include <liburing.h>
#include <stdbool.h>

#include "tcpgoon/base/error.h"

/*
 * Entries of both queues; powers of two. Returns 0 or a negative errno with one sentence that says
 * why there is no io_uring and what to change. The ring belongs to the thread that makes it.
 */
int ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries, struct error *error);

/* What such a ring counts against RLIMIT_MEMLOCK, in bytes (rounded up to whole pages). */
size_t ring_memory(unsigned sq_entries, unsigned cq_entries);

/* The kernel has work for this ring that only an enter with GETEVENTS carries out. */
static inline bool ring_has_deferred_work(const struct io_uring *ring)
{
	unsigned flags = IO_URING_READ_ONCE(*ring->sq.kflags);
	return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

#endif
