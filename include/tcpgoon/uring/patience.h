/* SPDX-License-Identifier: MIT */
/* How long io_uring_enter may fail before that is final; shared by a thread's lanes. */
#ifndef TCPGOON_URING_PATIENCE_H
#define TCPGOON_URING_PATIENCE_H

#include <stdint.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/error.h"

/* How long the enters of one lane may fail in a row. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)
/* The same from the moment that `watch_fd` is readable: the run is to end. */
#define PATIENCE_WATCHED_NS NSEC_PER_SEC

struct patience {
	int watch_fd; /* a signalfd; -1: none */
	uint64_t
		watched_since_ns; /* when it was first found readable, while an enter failed; 0: not */
	struct error error; /* of the first call that failed for good; empty: none did */
};

#define PATIENCE_INIT          \
	{                      \
		.watch_fd = -1 \
	}

/*
 * An enter has failed with `code`, an errno that may pass (-EAGAIN, -EBUSY, -EINTR). Sleeps a
 * moment and returns 0: try again; or returns `code`, with the error set. `since_ns` belongs to the
 * lane and is 0 after each successful enter. -EINTR is retried forever, unless watch_fd is
 * readable.
 */
int patience_bear(struct patience *patience, uint64_t *since_ns, int code);

#endif
