/* SPDX-License-Identifier: MIT */
/* Accepts connections: keeps as many accepts outstanding as there is room for. */
#ifndef TCPGOON_SERVER_URING_ACCEPTOR_H
#define TCPGOON_SERVER_URING_ACCEPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "server/engine.h"
#include "server/uring_submit.h"

struct lanes;

struct uring_acceptor {
	struct server_engine *engine;
	struct lanes *lanes; /* not owned: the engine's */
	uint64_t margin;
	unsigned lane; /* its number */
	unsigned singles; /* outstanding */
	uint32_t single_number; /* of the next, for its token */
	bool multishot; /* outstanding */
	bool stopping; /* and being cancelled */
	bool may_grow; /* by lanes */
};

void uring_acceptor_init(
	struct uring_acceptor *acceptor, struct server_engine *engine, struct lanes *lanes);

/* Asks for as many connections as there is room for. Returns 0 or a negative errno. */
int uring_acceptor_steer(struct uring_acceptor *acceptor, uint64_t now_ns);

/*
 * An accept (OPERATION_MULTISHOT or _SINGLE) has completed, and may be over. The caller takes its
 * connection.
 */
void uring_acceptor_completed(
	struct uring_acceptor *acceptor, enum server_operation operation, unsigned flags);

/* Whether any accept is outstanding. */
static inline bool uring_acceptor_is_asking(const struct uring_acceptor *acceptor)
{
	return acceptor->multishot || acceptor->singles > 0;
}

#endif
