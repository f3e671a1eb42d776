/* SPDX-License-Identifier: MIT */
/* The addresses that a host has and that this run could dial, in the order to try them. */
#ifndef TCPGOON_PLAN_CANDIDATES_H
#define TCPGOON_PLAN_CANDIDATES_H

#include <stddef.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/notes.h"
#include "tcpgoon/plan/settings.h"

struct candidates {
	struct address *list; /* owned; port 0; none is there twice */
	size_t count; /* at least one */
};

/* Empty: it owns nothing. */
#define CANDIDATES_INIT \
	{               \
		0       \
	}

/*
 * Looks the host up, and leaves out what TCP cannot dial and what the given sources, or the routes
 * of this host, do not reach; where that would be all, none of the latter. Returns 0, or -EINVAL,
 * -ENOENT or -ENOMEM as resolve_host(), with a message.
 */
int candidates_init(struct candidates *candidates, const struct settings *settings,
	const struct notes *notes, struct error *error);
void candidates_finish(struct candidates *candidates);

#endif
