/* SPDX-License-Identifier: MIT */
/* Every address and port that is dialled. */
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
 * `ports` is a port, a list "8000,8001", a range "8000-8003", or a list of both; each port is
 * dialled on each host. Returns 0, -EINVAL (ports) or -ENOMEM, with a message.
 */
int targets_init(struct targets *targets, const struct address *hosts, size_t host_count,
	const char *ports, struct error *error);

/* Checks that the text can be parsed as ports. Returns as above. */
int targets_check_ports(const char *ports, struct error *error);
void targets_finish(struct targets *targets);

/* Which of so many targets the tuple with this ordinal goes to: they take turns. */
static inline size_t targets_turn_of(size_t count, uint64_t ordinal)
{
	return (size_t)(ordinal % count);
}

static inline size_t targets_turn(const struct targets *targets, uint64_t ordinal)
{
	return targets_turn_of(targets->count, ordinal);
}

#endif
