/* SPDX-License-Identifier: MIT */
#include "server/uring_submit.h"

#include "tcpgoon/uring/lane.h"

int submit_signal(struct lane *lane, int signal_fd)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r == 0) {
		lane_prep_ready(sqe, signal_fd, submit_token(OPERATION_SIGNAL, 0));
	}
	return r;
}

int submit_multishot(struct lane *lane, int listen_fd)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_multishot_accept_direct(sqe, listen_fd, NULL, NULL, 0);
	sqe->user_data = submit_token(OPERATION_MULTISHOT, 0);
	return 0;
}

int submit_single(struct lane *lane, int listen_fd, uint32_t number)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_accept(sqe, listen_fd, NULL, NULL, 0);
	/*
	 * liburing 2.3's prep_accept_direct adds 1 to it, which would give an ordinary descriptor.
	 */
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	sqe->user_data = submit_token(OPERATION_SINGLE, number);
	return 0;
}

int submit_watch(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_watch(sqe, slot, submit_token(OPERATION_WATCH, slot));
	return 0;
}

int submit_receive(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_receive(sqe, slot, submit_token(OPERATION_RECEIVE, slot));
	return 0;
}

int submit_cancel(struct lane *lane, enum server_operation operation, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_cancel64(sqe, submit_token(operation, index), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = submit_token(OPERATION_CANCEL, index);
	return 0;
}

int submit_close(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_close_direct(sqe, slot);
	sqe->user_data = submit_token(OPERATION_CLOSE, slot);
	return 0;
}

int submit_half_close(struct lane *lane, uint32_t slot)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_half_close(sqe, slot, submit_token(OPERATION_SHUTDOWN, slot));
	return 0;
}

int submit_shutdown_and_close(struct lane *lane, uint32_t slot)
{
	int r = lane_reserve(lane, 2);
	if (r < 0) {
		return r;
	}
	lane_prep_shutdown(lane_sqe(lane), slot, submit_token(OPERATION_SHUTDOWN, slot));
	return submit_close(lane, slot);
}
