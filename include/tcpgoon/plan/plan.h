/* SPDX-License-Identifier: MIT */
/* What will be dialled. Made before the first SYN, and then immutable. */
#ifndef TCPGOON_PLAN_PLAN_H
#define TCPGOON_PLAN_PLAN_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/notes.h"
#include "tcpgoon/plan/candidates.h"
#include "tcpgoon/plan/schedule.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/plan/tuples.h"

struct plan {
	struct settings settings;
	struct candidates candidates; /* the addresses of the host */
	struct targets targets;
	struct tuples tuples;
	struct schedule schedule;
	bool target_is_here; /* the first target is an address of this host */
	size_t routeless; /* targets without a route from here, or refused by one */
};

/*
 * Resolves the host (once), chooses the sources and lays out tuples and schedule to its first
 * address, or to all. The caller frees *ret_plan with plan_destroy(). Returns 0, -EINVAL or -ENOENT
 * (name) with a message.
 */
int plan_create(const struct settings *settings, const struct notes *notes, struct plan **ret_plan,
	struct error *error);

/*
 * Lays the plan out again for another candidate, if only one is dialled. Returns as above; after a
 * failure the plan can only be destroyed.
 */
int plan_choose(struct plan *plan, size_t number, struct error *error);
/* Accepts NULL. */
void plan_destroy(struct plan *plan);

#endif
