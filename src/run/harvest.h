/* SPDX-License-Identifier: MIT */
/* Applies each event of the transport to its connection. */
#ifndef TCPGOON_RUN_HARVEST_H
#define TCPGOON_RUN_HARVEST_H

#include "run/run_state.h"
#include "tcpgoon/transport/transport.h"

/* A transport_handler; `context` is the run. */
int harvest_event(void *context, const struct transport_event *event);

/*
 * Closes the connection's socket if it is still in the slot, nothing of it is in flight any more,
 * and it is not to be dialled again. Returns 0 or a negative errno.
 */
int harvest_settle(struct run_state *run, uint32_t index);

#endif
