/* SPDX-License-Identifier: MIT */
/* What each completion means for its connection: one handler per operation. */
#ifndef TCPGOON_RUN_HARVEST_H
#define TCPGOON_RUN_HARVEST_H

#include "run/engine.h"
#include "tcpgoon/uring/lanes.h"

/* A lanes_handler; `context` is the engine. */
int harvest_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags);

/*
 * Where nothing of the connection is in flight any more but its socket is still in the slot: dials
 * again or closes, as its state asks. Returns 0 or a negative errno.
 */
int harvest_settle(struct engine *engine, uint32_t index);

#endif
