/* SPDX-License-Identifier: MIT */
#include "tcpgoon/result/survival.h"

#include <assert.h>
#include <stdbool.h>

#include "tcpgoon/base/clock.h"

/* Times of interest: a load balancer forgets after a minute, a firewall after an hour. */
static const uint64_t instants_s[] = {1, 10, 60, 300, 600, 1800, 3600, 21600, 86400};

#define INSTANTS (sizeof(instants_s) / sizeof(instants_s[0]))
static_assert(INSTANTS < SURVIVAL_POINTS_MAX, "and the end");

/* How many had been dropped by the last sample that is not later than `elapsed_ns`. */
static uint64_t dropped_by(const struct series *series, uint64_t elapsed_ns)
{
	uint64_t dropped = 0;
	for (size_t i = 0; i < series->count && series->samples[i].elapsed_ns <= elapsed_ns; i++) {
		dropped = series->samples[i].closed;
	}
	return dropped;
}

static void add_point(struct survival *survival, uint64_t after_ns, uint64_t dropped)
{
	survival->points[survival->count++] = (struct survival_point){
		.after_ns = after_ns,
		.left = survival->established - dropped,
	};
}

void survival_compute(const struct result *result, struct survival *ret_survival)
{
	uint64_t last_dial_ns = result->generator.last_dial_ns;
	struct survival survival = {.established = result->totals.established};
	if (result->totals.established == 0 || result->duration_ns < last_dial_ns) {
		*ret_survival = survival;
		return;
	}
	uint64_t watched_ns = result->duration_ns - last_dial_ns;
	for (size_t i = 0; i < INSTANTS; i++) {
		uint64_t after_ns = instants_s[i] * NSEC_PER_SEC;
		bool told_apart =
			after_ns >= result->series.step_ns && after_ns + after_ns / 10 < watched_ns;
		if (told_apart) {
			add_point(&survival, after_ns,
				dropped_by(&result->series, last_dial_ns + after_ns));
		}
	}
	add_point(&survival, watched_ns, result->totals.dropped);
	*ret_survival = survival;
}
