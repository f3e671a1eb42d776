/* SPDX-License-Identifier: MIT */
/* Where to: every address and port that is dialled, resolved once. */
#ifndef TCPGOON_PLAN_TARGETS_H
#define TCPGOON_PLAN_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/settings.h"

struct targets {
	struct address *list; /* owned; address and port of each */
	size_t count;
};

/*
 * `host` is a literal (brackets allowed) or a name; `ports` one port, a list "8000,8001", ranges
 * "8000-8003", or both. Each port on the first address that the name has, or on all of them.
 * Returns 0, -EINVAL (ports), -ENOENT (the name has no address) or -ENOMEM, with a message.
 */
int targets_init(struct targets *targets, const char *host, const char *ports,
	enum resolve_mode mode, struct error *error);
void targets_finish(struct targets *targets);

#endif
