/* SPDX-License-Identifier: MIT */
/* What a slot asks of its ring, one function a request or chain: they queue, and no more. */
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
	OPERATION_PROBE, /* SEND of nothing: whether there is a connection */
	OPERATION_WATCH, /* POLL_ADD of an established connection */
	OPERATION_RECEIVE, /* RECV of what the POLL_ADD has seen */
	OPERATION_DRAIN, /* RECVMSG of what it has seen in the error queue */
	OPERATION_ERROR_QUEUE, /* RECVMSG of what a failed dial has there; the index is a question's */
	OPERATION_CANCEL, /* ASYNC_CANCEL of one of the above */
	OPERATION_SHUTDOWN, /* SHUTDOWN before a CLOSE, or before what is still to be received */
	OPERATION_CLOSE, /* CLOSE of a slot */
	OPERATION_READY, /* POLL_ADD of a descriptor of the caller's; the index is its id */
};

/* More instants than chains with a TIMEOUT fit a submission queue. */
#define URING_DUE_KEPT 256

struct uring_requests {
	struct lanes lanes;
	bool shutdown_first; /* before CLOSE, for the FIN to leave at once: uring/release.h */
	struct __kernel_timespec due[URING_DUE_KEPT]; /* of the chains that were queued last */
	unsigned due_next;
	struct msghdr dropped; /* what DRAIN receives into: nowhere */
};

/* All return 0 or the negative errno of an io_uring_enter that had to make room. */

/*
 * CONNECT, SEND, POLL_ADD; headed by a TIMEOUT at due_ns unless that is 0: then the chain begins as
 * soon as it is handed over.
 */
int uring_requests_dial(struct uring_requests *requests, struct slot slot,
	const struct address *target, uint64_t due_ns);

/* The POLL_ADD once more. */
int uring_requests_watch(struct uring_requests *requests, struct slot slot);
/* RECV: the POLL_ADD says that there is something to receive. */
int uring_requests_receive(struct uring_requests *requests, struct slot slot);
/* RECVMSG of the error queue: it was that, and what is there is dropped. */
int uring_requests_drain(struct uring_requests *requests, struct slot slot);

/* RECVMSG of the socket's error queue into `message`, which lives until it completes. */
int uring_requests_error_queue(struct uring_requests *requests, uint32_t slot_number,
	uint32_t question, struct msghdr *message);

/* Cancels that request of the slot; it completes itself, and the CANCEL only where it failed. */
int uring_requests_cancel(
	struct uring_requests *requests, struct slot slot, enum uring_operation operation);

/* SHUTDOWN of our direction. It completes only where it failed. */
int uring_requests_half_close(struct uring_requests *requests, struct slot slot);

/* Closes the slot; `answers_fin` where the peer has closed and waits for our FIN. */
int uring_requests_close(struct uring_requests *requests, struct slot slot, bool answers_fin);

/* POLL_ADD of a descriptor, on the first lane. */
int uring_requests_ready(struct uring_requests *requests, int fd, uint32_t id);

#endif
