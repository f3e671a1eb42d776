/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "tcpgoon/net/sources.h"
#include "tcpgoon/plan/origin.h"

int plan_create(const struct settings *settings, struct plan **ret_plan, struct error *error)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the plan");
	}
	plan->settings = *settings;
	plan->schedule.period_ns = settings->sleep_ns;

	int r = targets_init(
		&plan->targets, settings->host, settings->ports, settings->resolve_mode, error);
	if (r == 0) {
		r = origin_lay_out(&plan->tuples, &plan->settings, &plan->targets, error);
	}
	if (r < 0) {
		plan_destroy(plan);
		return r;
	}
	plan->target_is_here = sources_check(&plan->targets.list[0]) == 0;
	*ret_plan = plan;
	return 0;
}

void plan_destroy(struct plan *plan)
{
	if (plan == NULL) {
		return;
	}
	tuples_finish(&plan->tuples);
	targets_finish(&plan->targets);
	free(plan);
}
