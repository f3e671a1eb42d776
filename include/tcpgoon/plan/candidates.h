/* SPDX-License-Identifier: MIT */
/* The addresses of a host that this run could dial, in the order to try them. */
#ifndef TCPGOON_PLAN_CANDIDATES_H
#define TCPGOON_PLAN_CANDIDATES_H

#include <stddef.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/notes.h"
#include "tcpgoon/plan/settings.h"

struct candidates {
	struct address *list; /* owned; distinct, with port 0 */
	size_t count; /* at least one */
};

/* Empty: it owns nothing. */
#define CANDIDATES_INIT \
	{               \
		0       \
	}

/*
 * Looks up the host. Leaves out addresses that TCP cannot dial, and those that the given sources or
 * the routes of this host do not reach, unless none would be left. Returns 0, or -EINVAL, -ENOENT
 * or -ENOMEM like resolve_host(), with a message.
 */
int candidates_init(struct candidates *candidates, const struct settings *settings,
	const struct notes *notes, struct error *error);
void candidates_finish(struct candidates *candidates);

#endif
