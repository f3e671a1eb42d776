/* SPDX-License-Identifier: MIT */
#include "server/uring_submit.h"

#include <poll.h>
#include <sys/socket.h>

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

/* The kernel adds POLLERR and POLLHUP. */
static void prep_poll(struct io_uring_sqe *sqe, uint32_t slot, unsigned events)
{
	io_uring_prep_poll_add(sqe, (int)slot, events);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = submit_token(OPERATION_WATCH, slot);
}

int submit_watch(struct lane *lane, uint32_t slot, enum submit_watch what)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	switch (what) {
	case SUBMIT_WATCH_INPUT:
		lane_prep_watch(sqe, slot, submit_token(OPERATION_WATCH, slot));
		break;
	case SUBMIT_WATCH_OUTPUT:
		prep_poll(sqe, slot, POLLOUT);
		break;
	case SUBMIT_WATCH_END:
		prep_poll(sqe, slot, 0);
		break;
	}
	return 0;
}

int submit_receive(struct lane *lane, uint32_t slot, uint32_t size)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_receive(sqe, slot, submit_token(OPERATION_RECEIVE, slot));
	if (size > 0) {
		sqe->len = size;
	}
	return 0;
}

static int queue_send(
	struct lane *lane, uint32_t slot, const char *data, uint32_t size, uint64_t user_data)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_send(sqe, (int)slot, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = user_data;
	return 0;
}

int submit_send(struct lane *lane, uint32_t slot, const char *data, uint32_t size)
{
	return queue_send(lane, slot, data, size, submit_token(OPERATION_SEND, slot));
}

static uint64_t buffer_token(enum server_operation operation, uint32_t slot, unsigned number)
{
	return token_pack((struct token){
		.operation = (uint8_t)operation,
		.generation = (uint16_t)number,
		.index = slot,
	});
}

int submit_peek(struct lane *lane, uint32_t slot, unsigned number, char *buffer, uint32_t size)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(lane, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_recv(sqe, (int)slot, buffer, size, MSG_PEEK | MSG_DONTWAIT);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = buffer_token(OPERATION_PEEK, slot, number);
	return 0;
}

int submit_echo(
	struct lane *lane, uint32_t slot, unsigned number, const char *buffer, uint32_t size)
{
	return queue_send(lane, slot, buffer, size, buffer_token(OPERATION_ECHO, slot, number));
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

int submit_drop_and_close(struct lane *lane, uint32_t slot, bool shutdown_first)
{
	int r = lane_reserve(lane, 3);
	if (r < 0) {
		return r;
	}
	struct io_uring_sqe *sqe = lane_sqe(lane);
	lane_prep_receive(sqe, slot, submit_token(OPERATION_DROP, slot));
	sqe->flags |= IOSQE_IO_HARDLINK;
	if (shutdown_first) {
		lane_prep_shutdown(lane_sqe(lane), slot, submit_token(OPERATION_SHUTDOWN, slot));
	}
	return submit_close(lane, slot);
}

int submit_reset_and_close(struct lane *lane, uint32_t slot)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	int r = lane_reserve(lane, 2);
	if (r < 0) {
		return r;
	}
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_connect(sqe, (int)slot, &nobody, sizeof(nobody));
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = submit_token(OPERATION_SHUTDOWN, slot);
	return submit_close(lane, slot);
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
