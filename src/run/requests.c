/* SPDX-License-Identifier: MIT */
/*
 * The chain of a dial:
 *
 *   [TIMEOUT] --> CONNECT --> SEND --> POLL_ADD ... RECV
 *    the delay                 nothing  the watch   what the watch has seen
 *
 * The SEND is there because CONNECT may say 0 of a socket that is still waiting for its SYN-ACK.
 * An ICMP error that comes while the kernel is in connect (over loopback and veth, always) is not
 * believed before the next one, but put into the socket's error queue at once. That wakes CONNECT's
 * poll, and io_uring takes the socket's error, of which there is none, for the result (Linux 6.18;
 * 6.1 completes with EALREADY). To send no bytes succeeds on a connection, sends no packet, and
 * says EAGAIN where there is none yet.
 *
 * Links are soft: where CONNECT fails, the rest comes back as -ECANCELED. (A hard link would let
 * the watch run on the failed socket, which looks like a close by the peer.) TIMEOUT has
 * ETIME_SUCCESS, without which its firing would break the chain.
 */
#include "run/requests.h"

#include "tcpgoon/base/clock.h"

#define CHAIN_MOST 4

static uint64_t token_of(const struct requests *requests, enum operation operation, uint32_t index)
{
	return token_pack((struct token){
		.operation = (uint8_t)operation,
		.generation = requests->table->conns[index].generation,
		.index = index,
	});
}

static void queue_delay(
	struct requests *requests, struct lane *lane, uint32_t index, struct __kernel_timespec *due)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_timeout(sqe, due, 0, IORING_TIMEOUT_ABS | IORING_TIMEOUT_ETIME_SUCCESS);
	sqe->flags |= IOSQE_IO_LINK;
	sqe->user_data = token_of(requests, OPERATION_DELAY, index);
}

static void queue_connect(
	struct requests *requests, struct lane *lane, uint32_t index, const struct address *target)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_connect(sqe, (int)lanes_slot_of_index(requests->lanes, index), &target->any,
		address_length(target));
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
	sqe->user_data = token_of(requests, OPERATION_CONNECT, index);
}

static void queue_confirm(struct requests *requests, struct lane *lane, uint32_t index)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_send(sqe, (int)lanes_slot_of_index(requests->lanes, index), NULL, 0,
		MSG_DONTWAIT | MSG_NOSIGNAL);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
	sqe->user_data = token_of(requests, OPERATION_CONFIRM, index);
}

static void prep_watch(struct requests *requests, struct io_uring_sqe *sqe, uint32_t index)
{
	lane_prep_watch(sqe, lanes_slot_of_index(requests->lanes, index),
		token_of(requests, OPERATION_WATCH, index));
}

/* The kernel reads a timespec when the SQE is handed over, so one that lives until then must do. */
static struct __kernel_timespec *keep_due(struct requests *requests, uint64_t due_ns)
{
	struct __kernel_timespec *kept = &requests->due[requests->due_next];
	requests->due_next = (requests->due_next + 1) % REQUESTS_DUE_KEPT;
	kept->tv_sec = (long long)(due_ns / NSEC_PER_SEC);
	kept->tv_nsec = (long long)(due_ns % NSEC_PER_SEC);
	return kept;
}

int requests_dial(
	struct requests *requests, uint32_t index, const struct address *target, uint64_t due_ns)
{
	struct lane *lane = lanes_of_index(requests->lanes, index);
	int r = lane_reserve(lane, CHAIN_MOST);
	if (r < 0) {
		return r;
	}
	unsigned held = CONN_CONNECTING | CONN_CONFIRMING | CONN_WATCHED;
	if (due_ns != 0) {
		queue_delay(requests, lane, index, keep_due(requests, due_ns));
		held |= CONN_ARMED;
	}
	queue_connect(requests, lane, index, target);
	queue_confirm(requests, lane, index);
	prep_watch(requests, lane_sqe(lane), index);
	table_hold(requests->table, index, held);
	return 0;
}

/* An SQE of the connection's lane. */
static int take_sqe(struct requests *requests, uint32_t index, struct io_uring_sqe **ret_sqe)
{
	return lane_take_sqe(lanes_of_index(requests->lanes, index), ret_sqe);
}

int requests_watch(struct requests *requests, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	prep_watch(requests, sqe, index);
	table_hold(requests->table, index, CONN_WATCHED);
	return 0;
}

int requests_receive(struct requests *requests, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_receive(sqe, lanes_slot_of_index(requests->lanes, index),
		token_of(requests, OPERATION_RECEIVE, index));
	table_hold(requests->table, index, CONN_RECEIVING);
	return 0;
}

int requests_drain(struct requests *requests, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_recvmsg(sqe, (int)lanes_slot_of_index(requests->lanes, index),
		&requests->dropped, MSG_ERRQUEUE | MSG_DONTWAIT);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data = token_of(requests, OPERATION_DRAIN, index);
	table_hold(requests->table, index, CONN_RECEIVING);
	return 0;
}

int requests_error_queue(
	struct requests *requests, uint32_t index, uint32_t slot, struct msghdr *message)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_recvmsg(sqe, (int)lanes_slot_of_index(requests->lanes, index), message,
		MSG_ERRQUEUE | MSG_DONTWAIT);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe->user_data =
		token_pack((struct token){.operation = OPERATION_ERROR_QUEUE, .index = slot});
	return 0;
}

/* The first of the chain that is in flight: the others follow it. A RECV never waits. */
static enum operation in_flight(const struct table *table, uint32_t index)
{
	if (table_holds(table, index, CONN_ARMED)) {
		return OPERATION_DELAY;
	}
	if (table_holds(table, index, CONN_CONNECTING)) {
		return OPERATION_CONNECT;
	}
	if (table_holds(table, index, CONN_CONFIRMING)) {
		return OPERATION_CONFIRM;
	}
	return table_holds(table, index, CONN_WATCHED) ? OPERATION_WATCH : OPERATION_NONE;
}

int requests_cancel(struct requests *requests, uint32_t index)
{
	enum operation operation = in_flight(requests->table, index);
	if (operation == OPERATION_NONE) {
		return 0;
	}
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	io_uring_prep_cancel64(sqe, token_of(requests, operation, index), 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = token_of(requests, OPERATION_CANCEL, index);
	return 0;
}

int requests_half_close(struct requests *requests, uint32_t index)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, index, &sqe);
	if (r < 0) {
		return r;
	}
	lane_prep_half_close(sqe, lanes_slot_of_index(requests->lanes, index),
		token_of(requests, OPERATION_SHUTDOWN, index));
	return 0;
}

int requests_close(struct requests *requests, uint32_t index, bool answers_fin)
{
	struct lane *lane = lanes_of_index(requests->lanes, index);
	int r = lane_reserve(lane, 2);
	if (r < 0) {
		return r;
	}
	if (answers_fin && requests->shutdown_first) {
		lane_prep_shutdown(lane_sqe(lane), lanes_slot_of_index(requests->lanes, index),
			token_of(requests, OPERATION_SHUTDOWN, index));
	}
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_close_direct(sqe, lanes_slot_of_index(requests->lanes, index));
	sqe->user_data = token_of(requests, OPERATION_CLOSE, index);
	table_hold(requests->table, index, CONN_CLOSING);
	return 0;
}
