/* SPDX-License-Identifier: MIT */
/*
 * A waiting connection has a POLL_ADD pending, which takes 256 bytes of kernel memory. A RECV, in
 * any form, would take 864 bytes and make a silent connection cost 6% more. So the RECV follows
 * when there is something to receive.
 *
 * MSG_TRUNC makes TCP drop received data in place (tcp(7)): the RECV returns the number of bytes,
 * and there is no buffer and no copy.
 */
#include "tcpgoon/uring/lane.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uring/failure.h"
#include "uring/ring.h"

/* The most that one RECV drops: as much as a socket's buffer can hold. */
#define RECEIVE_MAX (1U << 30)

int lane_init(struct lane *lane, const struct lane_params *params, struct error *error)
{
	*lane = (struct lane){
		.ring.ring_fd = -1,
		.number = params->number,
		.slots = params->slots,
		.patience = params->patience,
	};
	int r = ring_init(&lane->ring, params->sq_entries, params->cq_entries, error);
	if (r < 0) {
		lane->ring.ring_fd = -1;
		return r;
	}
	r = io_uring_register_files_sparse(&lane->ring, lane->slots);
	if (r < 0) {
		const struct failure failure = {
			.call = FAILURE_FILES,
			.code = r,
			.slots = lane->slots,
		};
		return failure_set(&failure, error);
	}
	return 0;
}

void lane_finish(struct lane *lane)
{
	if (lane->ring.ring_fd >= 0) {
		io_uring_queue_exit(&lane->ring);
		lane->ring.ring_fd = -1;
	}
}

/* How many descriptors are consecutive numbers, from the first on; 0 if the first is -1. */
static unsigned run_length(const int *fds, unsigned count)
{
	unsigned length = 0;
	while (length < count && fds[0] >= 0 && fds[length] == fds[0] + (int)length) {
		length++;
	}
	return length;
}

/*
 * The kernel gives out the lowest free numbers, so a batch has few gaps, and each run is one call.
 */
static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count;) {
		unsigned length = run_length(&fds[i], count - i);
		if (length == 0) {
			i++;
			continue;
		}
		if (close_range((unsigned)fds[i], (unsigned)fds[i + length - 1], 0) < 0) {
			for (unsigned j = 0; j < length; j++) {
				close(fds[i + j]);
			}
		}
		i += length;
	}
}

/*
 * The kernel stops at a socket that it cannot install, and returns the reason only for the first.
 */
static int install(struct lane *lane, uint32_t first_slot, const int *update, unsigned count)
{
	for (unsigned done = 0; done < count;) {
		int r = io_uring_register_files_update(
			&lane->ring, first_slot + done, &update[done], count - done);
		if (r <= 0) {
			return r < 0 ? r : -EIO;
		}
		done += (unsigned)r;
	}
	return 0;
}

int lane_install_take_fds(struct lane *lane, uint32_t first_slot, const int *fds, unsigned count)
{
	int update[LANE_INSTALL_MAX] = {0};
	assert(count <= LANE_INSTALL_MAX);
	for (unsigned i = 0; i < count; i++) {
		update[i] = fds[i] >= 0 ? fds[i] : IORING_REGISTER_FILES_SKIP;
	}
	int r = install(lane, first_slot, update, count);
	close_all(fds, count);
	if (r < 0) {
		const struct failure failure = {.call = FAILURE_FILES_UPDATE, .code = r};
		failure_set(&failure, &lane->patience->error);
	}
	return r;
}

static bool may_pass(int code)
{
	return code == -EAGAIN || code == -EBUSY || code == -EINTR;
}

int lane_entered(struct lane *lane, int result)
{
	if (result >= 0) {
		lane->stalled_since_ns = 0;
		return 0;
	}
	if (may_pass(result)) {
		return patience_bear(lane->patience, &lane->stalled_since_ns, result);
	}
	const struct failure failure = {.call = FAILURE_ENTER, .code = result};
	return failure_set(&failure, &lane->patience->error);
}

int lane_reserve(struct lane *lane, unsigned count)
{
	while (io_uring_sq_space_left(&lane->ring) < count) {
		int r = io_uring_submit(&lane->ring);
		if (r == -EBUSY || r == -EAGAIN) {
			/*
			 * The completion queue overflows or memory is short: let deferred work run
			 * first.
			 */
			int events = io_uring_get_events(&lane->ring);
			r = events < 0 && !may_pass(events) ? events : r;
		}
		r = lane_entered(lane, r);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int lane_flush(struct lane *lane)
{
	return lane_entered(lane, io_uring_submit_and_get_events(&lane->ring));
}

struct io_uring_sqe *lane_sqe(struct lane *lane)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&lane->ring);
	assert(sqe != NULL);
	return sqe;
}

int lane_take_sqe(struct lane *lane, struct io_uring_sqe **ret_sqe)
{
	int r = lane_reserve(lane, 1);
	if (r == 0) {
		*ret_sqe = lane_sqe(lane);
	}
	return r;
}

void lane_prep_watch(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data)
{
	io_uring_prep_poll_add(sqe, (int)slot, POLLIN | POLLRDHUP);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = user_data;
}

void lane_prep_ready(struct io_uring_sqe *sqe, int fd, uint64_t user_data)
{
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe->user_data = user_data;
}

void lane_prep_receive(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data)
{
	io_uring_prep_recv(sqe, (int)slot, NULL, RECEIVE_MAX, MSG_TRUNC | MSG_DONTWAIT);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = user_data;
}

void lane_prep_half_close(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data)
{
	io_uring_prep_shutdown(sqe, (int)slot, SHUT_WR);
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = user_data;
}

void lane_prep_shutdown(struct io_uring_sqe *sqe, uint32_t slot, uint64_t user_data)
{
	io_uring_prep_shutdown(sqe, (int)slot, SHUT_RDWR);
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = user_data;
}
