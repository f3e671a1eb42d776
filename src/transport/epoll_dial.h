/* SPDX-License-Identifier: MIT */
/* Dials of the epoll transport: begun, waiting for their instant, and ended by us. */
#ifndef TCPGOON_TRANSPORT_EPOLL_DIAL_H
#define TCPGOON_TRANSPORT_EPOLL_DIAL_H

#include <stdint.h>

#include "transport/epoll_state.h"

/* All return 0 or a negative errno. */

/* Now, or at due_ns where that is not 0. */
int epoll_dial(struct epoll_transport *epoll, struct slot slot, const struct address *target,
	uint64_t due_ns);

/* Begins the dial of a slot that waits for its instant no longer. */
int epoll_dial_begin(struct epoll_transport *epoll, struct slot slot, const struct address *target);

/* Nothing of the slot is in flight from here on: FAILED and IDLE come, or IDLE alone. */
int epoll_dial_end(struct epoll_transport *epoll, enum transport_event_kind kind, struct slot slot,
	int error_number);

/* The first dial that waits and was not taken back; NULL where there is none. */
const struct due_dial *epoll_dial_first_due(struct epoll_transport *epoll);

#endif
