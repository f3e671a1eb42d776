/* SPDX-License-Identifier: MIT */
/*
 * The chain of a dial:
 *
 *   [TIMEOUT] --> CONNECT --> SEND --> POLL_ADD ... RECV
 *    the delay                 nothing  the watch   what the watch has seen
 *
 * The SEND is necessary because CONNECT may return 0 for a socket that is still waiting for its
 * SYN-ACK. If an ICMP error comes while the kernel is in connect (over loopback and veth it always
 * does), the kernel does not act on it before the next one, but puts it into the socket's error
 * queue at once. That wakes CONNECT's poll, and io_uring returns the socket's error, of which there
 * is none (Linux 6.18; 6.1 completes with EALREADY). Sending zero bytes succeeds on a connection
 * and sends no packet; without a connection it returns EAGAIN.
 *
 * Links are soft: if CONNECT fails, the rest completes with -ECANCELED. (A hard link would let the
 * watch run on the failed socket, which looks like a close by the peer.) TIMEOUT has ETIME_SUCCESS,
 * without which its firing would break the chain.
 */
#include "transport/uring_requests.h"

#include "tcpgoon/base/clock.h"

#define CHAIN_MAX 4

static uint64_t token_of(enum uring_operation operation, struct slot slot)
{
	return token_pack((struct token){
		.operation = (uint8_t)operation,
		.generation = slot.generation,
		.index = slot.number,
	});
}

/* The slot's direct descriptor, in its lane's table. */
static uint32_t place_of(const struct uring_requests *requests, uint32_t slot)
{
	return lanes_slot_of_index(&requests->lanes, slot);
}

static void queue_delay(struct lane *lane, struct slot slot, struct __kernel_timespec *due)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_timeout(sqe, due, 0, IORING_TIMEOUT_ABS | IORING_TIMEOUT_ETIME_SUCCESS);
	sqe->flags |= IOSQE_IO_LINK;
	sqe->user_data = token_of(OPERATION_DELAY, slot);
}

static void queue_connect(struct uring_requests *requests, struct lane *lane, struct slot slot,
	const struct address *target)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_connect(
		sqe, (int)place_of(requests, slot.number), &target->any, address_length(target));
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
	sqe->user_data = token_of(OPERATION_CONNECT, slot);
}

static void queue_probe(struct uring_requests *requests, struct lane *lane, struct slot slot)
{
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_send(
		sqe, (int)place_of(requests, slot.number), NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
	sqe->user_data = token_of(OPERATION_PROBE, slot);
}

/* The kernel reads a timespec when it takes the SQE, so the timespec must live only until then. */
static struct __kernel_timespec *keep_due(struct uring_requests *requests, uint64_t due_ns)
{
	struct __kernel_timespec *kept = &requests->due[requests->due_next];
	requests->due_next = (requests->due_next + 1) % URING_DUE_KEPT;
	kept->tv_sec = (long long)(due_ns / NSEC_PER_SEC);
	kept->tv_nsec = (long long)(due_ns % NSEC_PER_SEC);
	return kept;
}

int uring_requests_dial(struct uring_requests *requests, struct slot slot,
	const struct address *target, uint64_t due_ns)
{
	struct lane *lane = lanes_of_index(&requests->lanes, slot.number);
	int r = lane_reserve(lane, CHAIN_MAX);
	if (r < 0) {
		return r;
	}
	if (due_ns != 0) {
		queue_delay(lane, slot, keep_due(requests, due_ns));
	}
	queue_connect(requests, lane, slot, target);
	queue_probe(requests, lane, slot);
	lane_prep_watch(
		lane_sqe(lane), place_of(requests, slot.number), token_of(OPERATION_WATCH, slot));
	return 0;
}

/* Takes an SQE of the slot's lane. */
static int take_sqe(struct uring_requests *requests, uint32_t slot, struct io_uring_sqe **ret_sqe)
{
	return lane_take_sqe(lanes_of_index(&requests->lanes, slot), ret_sqe);
}

int uring_requests_watch(struct uring_requests *requests, struct slot slot)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, slot.number, &sqe);
	if (r == 0) {
		lane_prep_watch(
			sqe, place_of(requests, slot.number), token_of(OPERATION_WATCH, slot));
	}
	return r;
}

int uring_requests_receive(struct uring_requests *requests, struct slot slot)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, slot.number, &sqe);
	if (r == 0) {
		lane_prep_receive(
			sqe, place_of(requests, slot.number), token_of(OPERATION_RECEIVE, slot));
	}
	return r;
}

static int receive_error(
	struct uring_requests *requests, uint32_t slot, struct msghdr *message, uint64_t user_data)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, slot, &sqe);
	if (r == 0) {
		io_uring_prep_recvmsg(
			sqe, (int)place_of(requests, slot), message, MSG_ERRQUEUE | MSG_DONTWAIT);
		sqe->flags |= IOSQE_FIXED_FILE;
		sqe->user_data = user_data;
	}
	return r;
}

int uring_requests_drain(struct uring_requests *requests, struct slot slot)
{
	return receive_error(
		requests, slot.number, &requests->dropped, token_of(OPERATION_DRAIN, slot));
}

int uring_requests_error_queue(struct uring_requests *requests, uint32_t slot_number,
	uint32_t question, struct msghdr *message)
{
	return receive_error(requests, slot_number, message,
		token_of(OPERATION_ERROR_QUEUE, (struct slot){.number = question}));
}

int uring_requests_cancel(
	struct uring_requests *requests, struct slot slot, enum uring_operation operation)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, slot.number, &sqe);
	if (r == 0) {
		io_uring_prep_cancel64(sqe, token_of(operation, slot), 0);
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		sqe->user_data = token_of(OPERATION_CANCEL, slot);
	}
	return r;
}

int uring_requests_half_close(struct uring_requests *requests, struct slot slot)
{
	struct io_uring_sqe *sqe;
	int r = take_sqe(requests, slot.number, &sqe);
	if (r == 0) {
		lane_prep_half_close(
			sqe, place_of(requests, slot.number), token_of(OPERATION_SHUTDOWN, slot));
	}
	return r;
}

int uring_requests_close(struct uring_requests *requests, struct slot slot, bool answers_fin)
{
	struct lane *lane = lanes_of_index(&requests->lanes, slot.number);
	int r = lane_reserve(lane, 2);
	if (r < 0) {
		return r;
	}
	if (answers_fin && requests->shutdown_first) {
		lane_prep_shutdown(lane_sqe(lane), place_of(requests, slot.number),
			token_of(OPERATION_SHUTDOWN, slot));
	}
	struct io_uring_sqe *sqe = lane_sqe(lane);
	io_uring_prep_close_direct(sqe, place_of(requests, slot.number));
	sqe->user_data = token_of(OPERATION_CLOSE, slot);
	return 0;
}

int uring_requests_ready(struct uring_requests *requests, int fd, uint32_t id)
{
	struct io_uring_sqe *sqe;
	int r = lane_take_sqe(&requests->lanes.list[0], &sqe);
	if (r == 0) {
		lane_prep_ready(sqe, fd, token_of(OPERATION_READY, (struct slot){.number = id}));
	}
	return r;
}
