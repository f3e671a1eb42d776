/* SPDX-License-Identifier: MIT */
/* What the clients for comparison share: arguments, tuples, processes, the line that reports. */
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
	char stopped[128]; /* what kept it from opening all; empty where nothing did */
};

struct client {
	const char *name;
	void *context; /* of this process alone: a child has its own copy */
	/* Opens the share's connections; fills in `established` and `stopped`. */
	void (*dial)(void *context, const struct share *share, struct outcome *outcome);
	/* Keeps them until `control_fd` can be read, which is when it has ended. */
	void (*hold)(void *context, int control_fd);
};

/*
 * The whole of main: dials, prints one line of JSON, holds until standard input ends, and leaves
 * without closing anything. Returns the exit status: 0 where all were established, otherwise 1.
 */
int client_main(const struct client *client, int argc, char **argv);

/* Says in `outcome` which call failed; the first to say so is heard. */
void client_stopped(struct outcome *outcome, const char *call, int error_number);

/* A socket with SO_REUSEADDR, bound as the tuple says: its descriptor, or -1 with the reason. */
int client_bound_socket(const struct tuple *tuple, int type, struct outcome *outcome);

/* Waits until there is something to read, or the end. */
void client_wait_readable(int fd);

#endif
