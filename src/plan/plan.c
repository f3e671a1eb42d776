/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "plan/source_select.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/route.h"
#include "tcpgoon/net/sources.h"
#include "tcpgoon/plan/pace.h"

/* Asks how the kernel would route a SYN now; if it cannot be asked, assumes a route. */
static bool is_routeless(const struct tuples *tuples, size_t target)
{
	struct address source;
	bool bound = tuples_first_source(tuples, target, &source);
	struct route route;
	return route_find(bound ? &source : NULL, &tuples->targets->list[target], &route) == 0 &&
		route.refused != 0;
}

/* Targets of one host share a route. */
static void count_routeless(struct plan *plan)
{
	const struct address *list = plan->targets.list;
	size_t hosts = 1;
	while (hosts < plan->targets.count && !address_same_host(&list[hosts], &list[0])) {
		hosts++;
	}
	plan->routeless = 0;
	for (size_t i = 0; i < hosts; i++) {
		if (is_routeless(&plan->tuples, i)) {
			plan->routeless += plan->targets.count / hosts;
		}
	}
}

/* Lays the plan out for one candidate, or all. On failure it can only be destroyed. */
static int lay_out(struct plan *plan, size_t number, struct error *error)
{
	const struct candidates *candidates = &plan->candidates;
	bool all = plan->settings.resolve_mode == RESOLVE_ALL;
	int r = targets_init(&plan->targets, candidates->list + (all ? 0 : number),
		all ? candidates->count : 1, plan->settings.ports, error);
	if (r < 0) {
		return r;
	}
	r = source_select_lay_out(&plan->tuples, &plan->settings, &plan->targets, error);
	if (r < 0) {
		return r;
	}
	count_routeless(plan);
	plan->target_is_here = sources_check(&plan->targets.list[0]) == 0;
	return 0;
}

static void cleanup_plan(struct plan **plan)
{
	plan_destroy(*plan);
}

int plan_create(const struct settings *settings, const struct notes *notes, struct plan **ret_plan,
	struct error *error)
{
	CLEANUP(cleanup_plan) struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the plan");
	}
	plan->settings = *settings;

	/* Check what needs no look-up first. */
	const struct pace pace = {
		.sleep_ns = settings->sleep_ns,
		.rate = settings->rate,
		.ramps = &settings->ramps,
		.burst = settings->burst,
	};
	int r = pace_read(&pace, &plan->schedule, error);
	if (r < 0) {
		return r;
	}
	r = targets_check_ports(settings->ports, error);
	if (r < 0) {
		return r;
	}
	r = candidates_init(&plan->candidates, settings, notes, error);
	if (r < 0) {
		return r;
	}
	r = lay_out(plan, 0, error);
	if (r < 0) {
		return r;
	}
	*ret_plan = cleanup_take(&plan);
	return 0;
}

int plan_choose(struct plan *plan, size_t number, struct error *error)
{
	tuples_finish(&plan->tuples);
	targets_finish(&plan->targets);
	return lay_out(plan, number, error);
}

void plan_destroy(struct plan *plan)
{
	if (plan == NULL) {
		return;
	}
	tuples_finish(&plan->tuples);
	targets_finish(&plan->targets);
	candidates_finish(&plan->candidates);
	free(plan);
}
