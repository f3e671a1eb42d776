/* SPDX-License-Identifier: MIT */
/* A ring with its table of direct descriptors and its ring of receive buffers. */
#ifndef TCPGOON_URING_LANE_H
#define TCPGOON_URING_LANE_H

#include <liburing.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"

/* Entries of a lane's buffer ring; a power of two. */
#define LANE_BUFFERS 64

/* Sockets that one call of lane_install_take_fds() takes at most. */
#define LANE_INSTALL_MOST 64

struct lane {
	struct io_uring ring;
	uint32_t number; /* of the lane, from 0 */
	uint32_t slots; /* in its table of direct descriptors, all empty at first */
	struct io_uring_buf_ring *buffers;
	uint8_t *scratch; /* what all buffers point to; belongs to the caller */
	uint32_t scratch_size;
};

struct lane_params {
	uint32_t number;
	uint32_t slots;
	unsigned sq_entries;
	unsigned cq_entries;
	uint8_t *scratch;
	uint32_t scratch_size;
};

/* Returns 0 or a negative errno with a message; lane_finish() is due either way. */
int lane_init(struct lane *lane, const struct lane_params *params, struct error *error);
void lane_finish(struct lane *lane);

/*
 * Puts `count` sockets into the slots from `first_slot` on, replacing what is there, and closes
 * the descriptors they came by. A descriptor of -1 leaves its slot alone.
 * Returns 0 or a negative errno; the descriptors are closed either way.
 */
int lane_install_take_fds(struct lane *lane, uint32_t first_slot, const int *fds, unsigned count);

/* An SQE, zeroed; the caller has made sure of it by ring_reserve(). */
struct io_uring_sqe *lane_sqe(struct lane *lane);

/*
 * Prepares a RECV on the socket in `slot` that owns no buffer while it waits: the kernel takes one
 * from the lane's buffer ring when there are data.
 */
void lane_prep_recv(struct lane *lane, struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data);

/* Gives back the buffer that a completed RECV took, if it took one. */
void lane_recycle_buffer(struct lane *lane, unsigned cqe_flags);

#endif
