/* SPDX-License-Identifier: MIT */
/*
 * Set-up flags, each with its reason:
 *   SINGLE_ISSUER   one thread only; DEFER_TASKRUN requires it
 *   DEFER_TASKRUN   completions are made when we ask for them, not whenever the kernel returns to
 *                   us: they come in batches and interrupt nothing
 *   TASKRUN_FLAG    shows in shared memory that there is deferred work, so that a scan over many
 *                   rings needs no system call for those without
 *   SUBMIT_ALL      a refused SQE does not hold up the ones after it
 *   CQSIZE          more completions than submissions: a connection is watched far longer than
 *                   it is dialled
 * IORING_SETUP_NO_SQARRAY must never be added: liburing 2.3 does not know it and would corrupt
 * the ring.
 */
#include "uring/ring.h"

#include <unistd.h>

#include "uring/failure.h"

#define RING_FLAGS                                                                             \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE)

int ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries, struct error *error)
{
	struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = cq_entries};
	int r = io_uring_queue_init_params(sq_entries, ring, &params);
	if (r < 0) {
		const struct failure failure = {
			.call = FAILURE_SETUP,
			.code = r,
			.memory = ring_memory(sq_entries, cq_entries),
		};
		return error == NULL ? r : failure_set(&failure, error);
	}
	return 0;
}

size_t ring_memory(unsigned sq_entries, unsigned cq_entries)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t header = 4 * 64; /* heads, tails and flags: struct io_rings, rounded up */
	size_t rings =
		header + cq_entries * sizeof(struct io_uring_cqe) + sq_entries * sizeof(unsigned);
	size_t sqes = sq_entries * sizeof(struct io_uring_sqe);
	return (rings + page - 1) / page * page + (sqes + page - 1) / page * page;
}
