/* SPDX-License-Identifier: MIT */
/* Where to: every address and port that is dialled. */
#ifndef TCPGOON_PLAN_TARGETS_H
#define TCPGOON_PLAN_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"

struct targets {
	struct address *list; /* owned; address and port of each */
	size_t count;
};

/* Empty: it owns nothing. */
#define TARGETS_INIT \
	{            \
		0    \
	}

/*
 * `ports` is one port, a list "8000,8001", ranges "8000-8003", or both: each of them on each of the
 * hosts. Returns 0, -EINVAL (ports) or -ENOMEM, with a message.
 */
int targets_init(struct targets *targets, const struct address *hosts, size_t host_count,
	const char *ports, struct error *error);

/* Whether that can be read as ports. Returns as above. */
int targets_check_ports(const char *ports, struct error *error);
void targets_finish(struct targets *targets);

/* Which target the connection or tuple with this number has: they take turns. */
static inline size_t targets_turn(const struct targets *targets, uint64_t number)
{
	return (size_t)(number % targets->count);
}

#endif
