/* SPDX-License-Identifier: MIT */
/* user_data of a request, packed and unpacked in this one place. */
#ifndef TCPGOON_URING_TOKEN_H
#define TCPGOON_URING_TOKEN_H

#include <stdint.h>

/*
 *  63      56 55      48 47              32 31                             0
 * +----------+----------+------------------+--------------------------------+
 * |    0     | operation|    generation    |             index              |
 * +----------+----------+------------------+--------------------------------+
 *
 * operation:  what the owner of the ring asked for; its own enum, from 1. 0 is reserved.
 * generation: tells requests of a slot's earlier use from those of its present use.
 * index:      the connection, or whatever the operation counts.
 *
 * A token is unique among the requests in flight on a ring: ASYNC_CANCEL finds its target by it,
 * and might cancel the wrong one of two that are alike.
 */
struct token {
	uint8_t operation;
	uint16_t generation;
	uint32_t index;
};

static inline uint64_t token_pack(struct token token)
{
	return (uint64_t)token.operation << 48 | (uint64_t)token.generation << 32 | token.index;
}

static inline struct token token_unpack(uint64_t user_data)
{
	return (struct token){
		.operation = (uint8_t)(user_data >> 48),
		.generation = (uint16_t)(user_data >> 32),
		.index = (uint32_t)user_data,
	};
}

#endif
