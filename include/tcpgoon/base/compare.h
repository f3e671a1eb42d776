/* SPDX-License-Identifier: MIT */
/* The lesser and the greater of two numbers. */
#ifndef TCPGOON_BASE_COMPARE_H
#define TCPGOON_BASE_COMPARE_H

#include <stdint.h>

static inline uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
