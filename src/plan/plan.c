/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "tcpgoon/net/sources.h"

/* All of 127.0.0.0/8 can be a source without being configured: as many as are needed. */
static uint64_t loopback_sources_needed(uint64_t connections, const struct targets *targets)
{
	uint64_t ports = TUPLES_PORT_HIGH - TUPLES_PORT_LOW; /* one may be the target's own */
	uint64_t each = ports * targets->count;
	/* One more than needed: held ports and those in TIME_WAIT want spare ones. */
	return connections / each + 2;
}

/*
 * The walk over the ports begins at a place within the range the kernel would use, by chance and
 * such that the first source stays in it where it is large enough: a run then seldom meets the
 * TIME_WAIT of the run before, and seldom the ports of this host's services.
 */
static uint16_t choose_first_port(uint64_t connections, uint64_t targets)
{
	uint16_t low;
	uint16_t high;
	if (sources_local_port_range(&low, &high) < 0 || low < TUPLES_PORT_LOW) {
		return TUPLES_PORT_LOW;
	}
	uint64_t size = (uint64_t)high - low + 1;
	uint64_t needed = connections / targets + 1;
	uint32_t random;
	if (needed >= size || getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		return low;
	}
	return (uint16_t)(low + random % (size - needed));
}

static int lay_out_tuples(struct plan *plan, struct error *error)
{
	const struct targets *targets = &plan->targets;
	struct source_range source;
	size_t ranges = 0;
	if (sources_preferred(&targets->list[0], &source.first) == 0) {
		bool v4_loopback =
			source.first.any.sa_family == AF_INET && address_is_loopback(&source.first);
		source.count = v4_loopback
			? loopback_sources_needed(plan->settings.connections, targets)
			: 1;
		ranges = 1;
	}
	/* No route: nothing is bound, and connect itself will say what is wrong. */
	const struct tuples_params params = {
		.targets = targets,
		.sources = &source,
		.source_ranges = ranges,
		.port_low = TUPLES_PORT_LOW,
		.port_high = TUPLES_PORT_HIGH,
		.port_first = choose_first_port(plan->settings.connections, targets->count),
	};
	int r = tuples_init(&plan->tuples, &params);
	if (r < 0) {
		return error_set(error, r, "out of memory for the source addresses");
	}
	return 0;
}

int plan_create(const struct settings *settings, struct plan **ret_plan, struct error *error)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the plan");
	}
	plan->settings = *settings;
	plan->schedule.period_ns = settings->sleep_ns;

	int r = targets_init(&plan->targets, settings->host, settings->ports, error);
	if (r == 0) {
		r = lay_out_tuples(plan, error);
	}
	if (r < 0) {
		plan_destroy(plan);
		return r;
	}
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
