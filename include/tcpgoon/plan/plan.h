/* SPDX-License-Identifier: MIT */
/* What will be dialled: made before the first SYN, immutable afterwards. */
#ifndef TCPGOON_PLAN_PLAN_H
#define TCPGOON_PLAN_PLAN_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/schedule.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/plan/tuples.h"

struct plan {
	struct settings settings;
	struct targets targets;
	struct tuples tuples;
	struct schedule schedule;
	bool target_is_here; /* the first target is an address of this host */
};

/*
 * Resolves the target (once), chooses the sources and lays out tuples and schedule.
 * *ret_plan is the caller's: plan_destroy(). Returns 0, -EINVAL or -ENOENT (name) with a message.
 */
int plan_create(const struct settings *settings, struct plan **ret_plan, struct error *error);
/* Accepts NULL. */
void plan_destroy(struct plan *plan);

#endif
