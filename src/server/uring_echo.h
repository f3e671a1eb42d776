/* SPDX-License-Identifier: MIT */
/* The buffers of --behave echo on io_uring, and the connections that wait for one. */
#ifndef TCPGOON_SERVER_URING_ECHO_H
#define TCPGOON_SERVER_URING_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "server/place.h"
#include "server/place_list.h"

struct lanes;

#define URING_ECHO_BUFFERS 64

struct uring_echo {
	struct lanes *lanes; /* not owned; NULL: there is no echo */
	char *memory; /* owned */
	uint32_t sizes[URING_ECHO_BUFFERS]; /* of what is being sent from each */
	uint16_t free[URING_ECHO_BUFFERS]; /* their numbers */
	unsigned free_count;
	struct place_list waiting;
};

/* All zero is one without an echo. Returns 0 or -ENOMEM; uring_echo_finish() is due either way. */
int uring_echo_init(struct uring_echo *echo, struct lanes *lanes);
void uring_echo_finish(struct uring_echo *echo);

/* These return 0 or a negative errno. */

/*
 * Looks at what a connection has received, at most `size` bytes (0: no limit), as OPERATION_PEEK.
 */
int uring_echo_begin(struct uring_echo *echo, struct place place, uint32_t size);
/* Sends `size` bytes that it has found, as OPERATION_ECHO. */
int uring_echo_send(struct uring_echo *echo, struct place place, unsigned number, uint32_t size);
/* The buffer is free for the next one that waits. */
int uring_echo_release(struct uring_echo *echo, unsigned number);

/* What a buffer was to send. */
static inline uint32_t uring_echo_size(const struct uring_echo *echo, unsigned number)
{
	return echo->sizes[number];
}

/* True if the connection waited for a buffer: then nothing is in flight for it. */
bool uring_echo_forget(struct uring_echo *echo, struct place place);

#endif
