/* SPDX-License-Identifier: MIT */
/* Turns the events of epoll into those of the epoll transport's slots. */
#ifndef TCPGOON_TRANSPORT_EPOLL_HARVEST_H
#define TCPGOON_TRANSPORT_EPOLL_HARVEST_H

#include <stdint.h>

#include "tcpgoon/transport/transport.h"

/* As transport_ops.harvest. */
int epoll_harvest(
	struct transport *transport, uint64_t now_ns, transport_handler *handler, void *context);

#endif
