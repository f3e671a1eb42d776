/* SPDX-License-Identifier: MIT */
/* A ring with its table of direct descriptors. */
#ifndef TCPGOON_URING_LANE_H
#define TCPGOON_URING_LANE_H

#include <liburing.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/uring/patience.h"

/* The most sockets that one call of lane_install_take_fds() takes. */
#define LANE_INSTALL_MAX 64

struct lane {
	struct io_uring ring;
	uint32_t number; /* of the lane, from 0 */
	uint32_t slots; /* in its table of direct descriptors, all empty at first */
	struct patience *patience; /* not owned */
	uint64_t stalled_since_ns; /* io_uring_enter has failed since then; 0: it does not fail */
};

struct lane_params {
	struct patience *patience; /* outlives the lane */
	uint32_t number;
	uint32_t slots;
	unsigned sq_entries;
	unsigned cq_entries;
};

/* Returns 0 or a negative errno with a message; lane_finish() is due either way. */
int lane_init(struct lane *lane, const struct lane_params *params, struct error *error);
void lane_finish(struct lane *lane);

/*
 * Puts `count` sockets into the slots from `first_slot` on, replacing what is there, and closes the
 * descriptors they came by. A descriptor of -1 leaves its slot alone. Returns 0 or a negative
 * errno, explained in the lane's patience; the descriptors are closed either way.
 */
int lane_install_take_fds(struct lane *lane, uint32_t first_slot, const int *fds, unsigned count);

/*
 * Makes sure that `count` SQEs are available in a row, and submits the queue if necessary: a chain
 * does not survive a submit in its middle. Returns 0, or the negative errno of an io_uring_enter
 * that failed for good, explained in the lane's patience.
 */
int lane_reserve(struct lane *lane, unsigned count);

/*
 * Enters once without waiting: submits what is queued and lets deferred work run. What the kernel
 * does not take stays queued for the next enter. Returns like lane_reserve().
 */
int lane_flush(struct lane *lane);

/* Judges the result of an enter of the lane: 0 if it can go on, or like lane_reserve(). */
int lane_entered(struct lane *lane, int result);

/* Returns a zeroed SQE; the caller has reserved it by lane_reserve(). */
struct io_uring_sqe *lane_sqe(struct lane *lane);

/* Reserves and takes one SQE. Returns like lane_reserve(). */
int lane_take_sqe(struct lane *lane, struct io_uring_sqe **ret_sqe);

/*
 * Prepares a POLL_ADD on the socket in `slot`. It completes once, with poll(2)'s events, when there
 * is something to receive: data, the peer's FIN or an error.
 */
void lane_prep_watch(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data);

/* Prepares a POLL_ADD on an ordinary descriptor: it completes once, when that is readable. */
void lane_prep_ready(struct io_uring_sqe *sqe, int fd, uint64_t user_data);

/*
 * Prepares a RECV that drops what the TCP socket in `slot` has received. It never waits: it
 * completes with the number of bytes, 0 after the peer's FIN, -EAGAIN if there is nothing, or
 * the connection's error.
 */
void lane_prep_receive(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data);

/*
 * Prepares a SHUTDOWN that heads the CLOSE queued next: the FIN is sent even if the kernel does not
 * release the socket at once (release.h). It completes only if it failed, because the peer has
 * reset the connection meanwhile; the CLOSE follows anyway.
 */
void lane_prep_shutdown(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data);

/* Prepares a SHUTDOWN of our direction only: it sends a FIN, and the peer can still send. */
void lane_prep_half_close(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data);

#endif
