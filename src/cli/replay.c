/* SPDX-License-Identifier: MIT */
/*
 * Of a run that is over, only the counts are known as they were at an instant. So a sample has them
 * and what follows from them; times and causes are those of a result that knows of none. There are
 * as many samples as the result keeps, whatever the interval of the run was.
 */
#include "cli/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "tcpgoon/base/cleanup.h"

/* As the command line gave them; the texts stay those of the result. */
static struct settings settings_of(const struct result *result)
{
	const struct result_settings *from = &result->settings;
	return (struct settings){
		.host = from->host,
		.ports = from->ports,
		.connections = from->connections,
		.rate = from->rate,
		.ramps = from->ramps,
		.burst = from->burst,
		.sleep_ns = from->sleep_ns,
		.start_at = from->start_at,
		.dial_timeout_ns = from->dial_timeout_ns,
		.hold_ns = from->hold_ns,
		.close_mode = from->close_mode,
		.resolve_mode = from->resolve_mode,
		.only_ipv4 = from->only_ipv4,
		.only_ipv6 = from->only_ipv6,
		.sources = from->sources,
		.source_port = from->source_port,
		.fail_if = from->fail_if,
		.abort_if = from->abort_if,
		.force = from->force,
	};
}

static void set_instant(struct result *so_far, const struct snapshot *sample)
{
	so_far->at_end = *sample;
	so_far->duration_ns = sample->elapsed_ns;
	so_far->totals = (struct totals){
		.dialed = sample->total - sample->not_initiated,
		.established = sample->established + sample->closed,
		.failed = sample->failed,
		.dropped = sample->closed,
	};
}

static void give_samples(struct report *report, const struct result *result, struct result *so_far)
{
	so_far->started_at_ns = result->started_at_ns;
	so_far->target = result->target;
	for (size_t i = 0; i < result->series.count; i++) {
		set_instant(so_far, &result->series.samples[i]);
		report_sample(report, so_far);
	}
}

int replay(struct report *report, const struct result *result, struct error *error)
{
	const struct settings settings = settings_of(result);
	/* Not on the stack, which may be small. */
	CLEANUP(cleanup_free) struct result *so_far = malloc(sizeof(*so_far));
	int r = so_far == NULL ? -ENOMEM : result_init(so_far);
	if (r < 0) {
		return error_set(error, r, "out of memory for the samples");
	}
	r = result_set_settings(so_far, &settings);
	if (r == 0) {
		r = report_begin(report, NULL, &settings);
	}
	if (r == 0) {
		give_samples(report, result, so_far);
	} else {
		error_set(error, r, "out of memory for the samples");
	}
	result_finish(so_far);
	return r;
}
