/* SPDX-License-Identifier: MIT */
/* Where a connection of the server is. */
#ifndef TCPGOON_SERVER_PLACE_H
#define TCPGOON_SERVER_PLACE_H

#include <stdint.h>

/*
 * Where a connection is, in blocks of equal size: a lane and a slot, or a descriptor in two parts.
 */
struct place {
	uint32_t block;
	uint32_t slot;
};

#endif
