/* SPDX-License-Identifier: MIT */
/* What the clients for comparison share: arguments, tuples, processes, and the report line. */
#ifndef TCPGOON_BENCH_CLIENT_H
#define TCPGOON_BENCH_CLIENT_H

#include <stdint.h>

#include "tcpgoon/plan/tuples.h"

/* The connections that one process opens: ordinals first, first + 1, ... */
struct share {
	const struct tuples *tuples;
	uint64_t first;
	uint64_t count;
};

/* What became of a share. */
struct outcome {
	uint64_t established;
	uint64_t cpu_user_ns;
	uint64_t cpu_system_ns;
	uint64_t peak_rss_bytes;
	char stopped[128]; /* why it could not open all connections; empty if it could */
};

struct client {
	const char *name;
	void *context; /* of this process alone: a child has its own copy */
	/* Opens the share's connections; fills in `established` and `stopped`. */
	void (*dial)(void *context, const struct share *share, struct outcome *outcome);
	/* Keeps them until `control_fd` is readable, because it has ended. */
	void (*hold)(void *context, int control_fd);
};

/*
 * The whole of main: dials, prints one line of JSON, holds until standard input ends, and exits
 * without closing anything. Returns the exit status: 0 if all were established, otherwise 1.
 */
int client_main(const struct client *client, int argc, char **argv);

/* Records in `outcome` which call failed; only the first failure is kept. */
void client_stopped(struct outcome *outcome, const char *call, int error_number);

/*
 * Makes a socket with SO_REUSEADDR, bound to the tuple. Returns a descriptor, or -1 with the
 * reason.
 */
int client_bound_socket(const struct tuple *tuple, int type, struct outcome *outcome);

/* Waits until there is something to read, or the end of the file. */
void client_wait_readable(int fd);

#endif
