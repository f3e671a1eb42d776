/* SPDX-License-Identifier: MIT */
/* The words that follow from a number: "1 connection was", "2 connections were". */
#ifndef TCPGOON_BASE_PLURAL_H
#define TCPGOON_BASE_PLURAL_H

#include <stdint.h>

/* The ending of a regular noun: "%" PRIu64 " connection%s". */
static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static inline const char *plural_were(uint64_t count)
{
	return count == 1 ? "was" : "were";
}

static inline const char *plural_they(uint64_t count)
{
	return count == 1 ? "it" : "they";
}

static inline const char *plural_are(uint64_t count)
{
	return count == 1 ? "is" : "are";
}

#endif
