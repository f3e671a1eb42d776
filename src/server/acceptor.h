/* SPDX-License-Identifier: MIT */
/* Lets connections in: keeps the accepts outstanding that there is room for. */
#ifndef TCPGOON_SERVER_ACCEPTOR_H
#define TCPGOON_SERVER_ACCEPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "server/connections.h"
#include "server/submit.h"
#include "tcpgoon/base/error.h"

struct acceptor {
	struct connections *connections;
	int listen_fd; /* not owned */
	uint64_t most; /* to be accepted in all; 0: no limit */
	uint64_t margin;
	unsigned lane; /* its number */
	unsigned singles; /* outstanding */
	uint32_t single_number; /* of the next, for its token */
	bool multishot; /* outstanding */
	bool stopping; /* and being cancelled */
	bool may_grow; /* by lanes */
	bool said_paused;
	bool shut;
	uint64_t resume_ns; /* no accept is asked for before */
};

void acceptor_init(
	struct acceptor *acceptor, struct connections *connections, int listen_fd, uint64_t most);

/* Asks for as many connections as there is room for. Returns 0 or a negative errno. */
int acceptor_steer(struct acceptor *acceptor, uint64_t now_ns);

/* An accept has completed (OPERATION_MULTISHOT or _SINGLE). Returns 0 or a negative errno. */
int acceptor_completed(struct acceptor *acceptor, struct lane *lane,
	enum server_operation operation, int result, unsigned flags, uint64_t now_ns);

/* Whether any accept is outstanding. */
static inline bool acceptor_is_asking(const struct acceptor *acceptor)
{
	return acceptor->multishot || acceptor->singles > 0;
}

/* Whether a connection waits to be accepted. */
bool acceptor_somebody_waits(const struct acceptor *acceptor);

/*
 * Lets no more in; what is outstanding completes, and those that it brings are accepted still.
 * Returns 0 or a negative errno with a message.
 */
int acceptor_shut(struct acceptor *acceptor, struct error *error);

#endif
