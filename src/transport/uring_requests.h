/* SPDX-License-Identifier: MIT */
/* What a slot asks of its ring, one function for each request or chain; each only queues. */
#ifndef TCPGOON_TRANSPORT_URING_REQUESTS_H
#define TCPGOON_TRANSPORT_URING_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/transport/transport.h"
#include "tcpgoon/uring/lanes.h"

/* The `operation` of the tokens. */
enum uring_operation {
	OPERATION_NONE = 0,
	OPERATION_DELAY, /* TIMEOUT at the head of a chain: the inter-connection delay */
	OPERATION_CONNECT,
	OPERATION_PROBE, /* SEND of zero bytes: whether there is a connection */
	OPERATION_WATCH, /* POLL_ADD on an established connection */
	OPERATION_RECEIVE, /* RECV of what the POLL_ADD has seen */
	OPERATION_DRAIN, /* RECVMSG of what the POLL_ADD has seen in the error queue */
	OPERATION_ERROR_QUEUE, /* RECVMSG for a failed dial; the index is a question's */
	OPERATION_CANCEL, /* ASYNC_CANCEL of one of the above */
	OPERATION_SHUTDOWN, /* SHUTDOWN before a CLOSE, or to half-close */
	OPERATION_CLOSE, /* CLOSE of a slot */
	OPERATION_READY, /* POLL_ADD on a descriptor of the caller's; the index is its id */
};

/* More instants than chains with a TIMEOUT fit into a submission queue. */
#define URING_DUE_KEPT 256

struct uring_requests {
	struct lanes lanes;
	bool shutdown_first; /* before CLOSE, so that the FIN is sent at once: uring/release.h */
	struct __kernel_timespec due[URING_DUE_KEPT]; /* of the chains that were queued last */
	unsigned due_next;
	struct msghdr dropped; /* of DRAIN, without any buffer */
};

/* All return 0 or the negative errno of an io_uring_enter that had to make room. */

/*
 * CONNECT, SEND, POLL_ADD. If due_ns is not 0, a TIMEOUT at that instant heads the chain; otherwise
 * it begins as soon as it is submitted.
 */
int uring_requests_dial(struct uring_requests *requests, struct slot slot,
	const struct address *target, uint64_t due_ns);

/* Queues the POLL_ADD once more. */
int uring_requests_watch(struct uring_requests *requests, struct slot slot);
/* RECV, after the POLL_ADD has found something to receive. */
int uring_requests_receive(struct uring_requests *requests, struct slot slot);
/* RECVMSG of the error queue, if the POLL_ADD has fired for that. The message is dropped. */
int uring_requests_drain(struct uring_requests *requests, struct slot slot);

/* RECVMSG of the socket's error queue into `message`, which must live until it completes. */
int uring_requests_error_queue(struct uring_requests *requests, uint32_t slot_number,
	uint32_t question, struct msghdr *message);

/* Cancels this request of the slot. The request completes, and the CANCEL only if it failed. */
int uring_requests_cancel(
	struct uring_requests *requests, struct slot slot, enum uring_operation operation);

/* SHUTDOWN of our direction. It completes only if it failed. */
int uring_requests_half_close(struct uring_requests *requests, struct slot slot);

/* Closes the slot; `answers_fin`: the peer has closed and waits for our FIN. */
int uring_requests_close(struct uring_requests *requests, struct slot slot, bool answers_fin);

/* POLL_ADD on a descriptor, on the first lane. */
int uring_requests_ready(struct uring_requests *requests, int fd, uint32_t id);

#endif
