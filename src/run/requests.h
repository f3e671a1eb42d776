/* SPDX-License-Identifier: MIT */
/* What a connection asks of its ring: dial, watch, cancel, close. */
#ifndef TCPGOON_RUN_REQUESTS_H
#define TCPGOON_RUN_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "run/operation.h"
#include "run/table.h"
#include "tcpgoon/base/address.h"
#include "tcpgoon/uring/lanes.h"

/* More instants than chains with a TIMEOUT fit a submission queue. */
#define REQUESTS_DUE_KEPT 256

struct requests {
	struct lanes *lanes;
	struct table *table;
	bool shutdown_first; /* before CLOSE, for the FIN to leave at once: uring/release.h */
	struct __kernel_timespec due[REQUESTS_DUE_KEPT]; /* of the chains that were queued last */
	unsigned due_next;
	struct msghdr dropped; /* what DRAIN receives into: nowhere */
};

/*
 * A connection's slot is its own, so its index is all that these need. They queue, and return 0 or
 * the negative errno of an io_uring_enter that had to make room.
 */

/*
 * The socket is in the slot. CONNECT, SEND, POLL_ADD; headed by a TIMEOUT at due_ns unless that is
 * 0: then the chain begins as soon as it is handed over.
 */
int requests_dial(
	struct requests *requests, uint32_t index, const struct address *target, uint64_t due_ns);

/* RECV: the POLL_ADD says that there is something to receive. */
int requests_receive(struct requests *requests, uint32_t index);

/* RECVMSG of the error queue: it was that, and what is there is dropped. */
int requests_drain(struct requests *requests, uint32_t index);

/* POLL_ADD once more, after either. */
int requests_watch(struct requests *requests, uint32_t index);

/*
 * RECVMSG of the socket's error queue into `message`, which lives until it completes. The token's
 * index is `slot`, not the connection's.
 */
int requests_error_queue(
	struct requests *requests, uint32_t index, uint32_t slot, struct msghdr *message);

/* Cancels what of the connection waits in the kernel; its completions follow. */
int requests_cancel(struct requests *requests, uint32_t index);

/* SHUTDOWN of our direction: the FIN is sent, and the watch goes on. */
int requests_half_close(struct requests *requests, uint32_t index);

/* Closes the slot; `answers_fin` where the peer has closed and waits for our FIN. */
int requests_close(struct requests *requests, uint32_t index, bool answers_fin);

#endif
