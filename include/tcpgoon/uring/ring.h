/* SPDX-License-Identifier: MIT */
/* One io_uring: set-up, what its failure means, and space for whole chains. */
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

/*
 * Makes sure that `count` SQEs can be had in a row, submitting what is there if need be: a chain
 * does not survive a submit in its middle. Returns 0 or the negative errno of io_uring_enter.
 */
int ring_reserve(struct io_uring *ring, unsigned count);

/* The kernel has work for this ring that only an enter with GETEVENTS carries out. */
static inline bool ring_has_deferred_work(const struct io_uring *ring)
{
	unsigned flags = IO_URING_READ_ONCE(*ring->sq.kflags);
	return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

/*
 * One enter: hands over what was queued and lets deferred work run, without waiting.
 * Returns 0 or a negative errno.
 */
int ring_flush(struct io_uring *ring);

#endif
