/* SPDX-License-Identifier: MIT */
/* A set of TCP ports, one bit each. */
#ifndef TCPGOON_BASE_PORT_SET_H
#define TCPGOON_BASE_PORT_SET_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_SET_WORDS (65536 / 64)

struct port_set {
	uint64_t words[PORT_SET_WORDS];
};

static inline void port_set_add(struct port_set *set, uint16_t port)
{
	set->words[port / 64] |= UINT64_C(1) << (port % 64);
}

static inline bool port_set_has(const struct port_set *set, uint16_t port)
{
	return (set->words[port / 64] >> (port % 64) & 1) != 0;
}

#endif
