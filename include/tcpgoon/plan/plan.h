/* SPDX-License-Identifier: MIT */
/* What will be dialled: made before the first SYN, immutable afterwards. */
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
	size_t routeless; /* targets that this machine has no route to, or that its routes refuse */
};

/*
 * Resolves the host (once), chooses the sources and lays out tuples and schedule, towards the first
 * address that it has, or all of them. *ret_plan is the caller's: plan_destroy().
 * Returns 0, -EINVAL or -ENOENT (name) with a message.
 */
int plan_create(const struct settings *settings, const struct notes *notes, struct plan **ret_plan,
	struct error *error);

/*
 * Lays it out anew towards the candidate with that number, where one is dialled and not all. Returns
 * as above; after a failure the plan can only be destroyed.
 */
int plan_choose(struct plan *plan, size_t number, struct error *error);
/* Accepts NULL. */
void plan_destroy(struct plan *plan);

#endif
