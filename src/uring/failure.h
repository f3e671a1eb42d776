/* SPDX-License-Identifier: MIT */
/* Explains why a call for io_uring failed, and what to change. */
#ifndef TCPGOON_URING_FAILURE_H
#define TCPGOON_URING_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"

enum failure_call {
	FAILURE_SETUP,
	FAILURE_FILES, /* a table of direct descriptors */
	FAILURE_FILES_UPDATE, /* sockets into that table */
	FAILURE_EVENTFD, /* eventfd(2) */
	FAILURE_WAKE, /* an eventfd for a ring */
	FAILURE_ENTER,
	FAILURE_CALL_MAX,
};

#define FAILURE_KERNEL_MAX 65
#define FAILURE_NO_LIMIT UINT64_MAX

/* What the system says about itself: information, never a reason to try or not to try a call. */
struct failure_view {
	char kernel[FAILURE_KERNEL_MAX]; /* as uname -r says it; empty: not known */
	long disabled; /* kernel.io_uring_disabled; 0 if the kernel has none */
	long seccomp; /* mode of this process: 2 is a filter, 0 none; -1: not known */
	uint64_t memlock; /* soft limit, in bytes; FAILURE_NO_LIMIT */
	bool memlock_applies; /* no capability lifts it */
	uint64_t nofile; /* soft limit; FAILURE_NO_LIMIT */
	unsigned uid;
	bool plain_ring_works; /* FAILURE_SETUP with EINVAL: a ring without flags works */
};

/* What was asked for. */
struct failure {
	enum failure_call call;
	int code; /* a negative errno */
	size_t memory; /* of the ring, in bytes; 0: does not matter */
	uint32_t slots; /* of the table; 0: does not matter */
	uint64_t lasted_ns; /* how long the call was retried; 0: tried once */
};

void failure_look(struct failure_view *ret_view);

/* Puts one sentence into `error`. Returns the code. Pure. */
int failure_explain(
	const struct failure *failure, const struct failure_view *view, struct error *error);

/* Looks at the system and explains. Returns the code. */
int failure_set(const struct failure *failure, struct error *error);

#endif
