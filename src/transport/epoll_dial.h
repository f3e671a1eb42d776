/* SPDX-License-Identifier: MIT */
/* The dials of the epoll transport: begins them, keeps them until their instant, and ends them. */
#ifndef TCPGOON_TRANSPORT_EPOLL_DIAL_H
#define TCPGOON_TRANSPORT_EPOLL_DIAL_H

#include <stdint.h>

#include "transport/epoll_state.h"

/* All return 0 or a negative errno. */

/* Dials now, or at due_ns if that is not 0. */
int epoll_dial(struct epoll_transport *epoll, struct slot slot, const struct address *target,
	uint64_t due_ns);

/* Begins the dial of a slot whose instant has come. */
int epoll_dial_begin(struct epoll_transport *epoll, struct slot slot, const struct address *target);

/* Ends the dial or watch of a slot: FAILED and IDLE follow, or IDLE alone. */
int epoll_dial_end(struct epoll_transport *epoll, enum transport_event_kind kind, struct slot slot,
	int error_number);

/* The first waiting dial that was not disarmed; NULL if there is none. */
const struct due_dial *epoll_dial_first_due(struct epoll_transport *epoll);

#endif
