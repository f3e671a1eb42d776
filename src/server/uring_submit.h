/* SPDX-License-Identifier: MIT */
/* What the server asks of its rings, one function for each request; each only queues. */
#ifndef TCPGOON_SERVER_URING_SUBMIT_H
#define TCPGOON_SERVER_URING_SUBMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/uring/token.h"

struct lane;

/* The `operation` of the server's tokens. */
enum server_operation {
	OPERATION_SIGNAL = 1,
	OPERATION_MULTISHOT, /* a multishot ACCEPT */
	OPERATION_SINGLE, /* an ACCEPT; the token's index numbers them */
	OPERATION_WATCH, /* from here on, the token's index is the slot */
	OPERATION_RECEIVE,
	OPERATION_CLOSE,
	OPERATION_CANCEL,
	OPERATION_SHUTDOWN,
	OPERATION_DROP, /* before a CLOSE */
	OPERATION_SEND,
	OPERATION_PEEK, /* from here on, the token's generation is the number of a buffer */
	OPERATION_ECHO,
};

static inline uint64_t submit_token(enum server_operation operation, uint32_t index)
{
	return token_pack((struct token){.operation = (uint8_t)operation, .index = index});
}

/* What a watch is for. */
enum submit_watch {
	SUBMIT_WATCH_INPUT,
	SUBMIT_WATCH_OUTPUT,
	SUBMIT_WATCH_END, /* a reset */
};

/* All return 0 or the negative errno of an io_uring_enter that had to make room. */

/* Completes when the signalfd is readable. */
int submit_signal(struct lane *lane, int signal_fd);

/* Accepts into slots that the kernel chooses. */
int submit_multishot(struct lane *lane, int listen_fd);
int submit_single(struct lane *lane, int listen_fd, uint32_t number);

/* Completes with poll(2)'s events when there is something to receive. */
int submit_watch(struct lane *lane, uint32_t slot, enum submit_watch what);
/* Drops received data without waiting; at most `size` bytes, 0: no limit. */
int submit_receive(struct lane *lane, uint32_t slot, uint32_t size);
/* Sends without waiting. The data stay as they are until it completes. */
int submit_send(struct lane *lane, uint32_t slot, const char *data, uint32_t size);
/* Looks at received data without taking or waiting for them, in the buffer of that number. */
int submit_peek(struct lane *lane, uint32_t slot, unsigned number, char *buffer, uint32_t size);
/* Sends what is in the buffer, without waiting. */
int submit_echo(
	struct lane *lane, uint32_t slot, unsigned number, const char *buffer, uint32_t size);

/* Completes only if there was nothing to cancel. */
int submit_cancel(struct lane *lane, enum server_operation operation, uint32_t index);

int submit_close(struct lane *lane, uint32_t slot);

/* Sends our FIN; the peer can still send. Completes only if it failed. */
int submit_half_close(struct lane *lane, uint32_t slot);

/* Answers the peer's FIN with ours and frees the slot. */
int submit_shutdown_and_close(struct lane *lane, uint32_t slot);

/* Drops what has been received, sends our FIN and frees the slot. */
int submit_drop_and_close(struct lane *lane, uint32_t slot, bool shutdown_first);

/* Sends a RST and frees the slot. */
int submit_reset_and_close(struct lane *lane, uint32_t slot);

#endif
