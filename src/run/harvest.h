/* SPDX-License-Identifier: MIT */
/* What each event of the transport means for its connection. */
#ifndef TCPGOON_RUN_HARVEST_H
#define TCPGOON_RUN_HARVEST_H

#include "run/run_state.h"
#include "tcpgoon/transport/transport.h"

/* A transport_handler; `context` is the run. */
int harvest_event(void *context, const struct transport_event *event);

/*
 * Where nothing of the connection is in flight any more but its socket is still in the slot: closes
 * it, unless it is to be dialled again. Returns 0 or a negative errno.
 */
int harvest_settle(struct run_state *run, uint32_t index);

#endif
