/* SPDX-License-Identifier: MIT */
/* Prints the lines of a run with some of everything, for the check against their schema. */
#include <stdlib.h>

#include "json_samples.h"
#include "report/ndjson.h"

static int print(void *state, const struct result *empty, const struct result *full,
	const struct verdict *verdict)
{
	const struct report_ops *ops = &report_ndjson;
	struct settings settings;
	sample_settings(&settings);
	int r = ops->begin(state, stdout, &settings);
	if (r == 0) {
		r = ops->sample(state, stdout, empty);
	}
	if (r == 0) {
		r = ops->sample(state, stdout, full);
	}
	for (int kind = 0; r == 0 && kind < EVENT_KINDS; kind++) {
		const struct event event = {.kind = (enum event_kind)kind,
			.elapsed_ns = 5,
			.count = 1000,
			.duration_ns = kind == EVENT_HOLDING ? NSEC_PER_SEC : 0};
		r = ops->event(state, stdout, &event);
	}
	return r == 0 ? ops->end(state, stdout, full, verdict) : r;
}

int main(void)
{
	struct result empty;
	struct result full;
	struct threshold_rules rules;
	struct verdict verdict;
	void *state = calloc(1, report_ndjson.state_size);
	int r = state == NULL ? -ENOMEM : sample_empty(&empty);
	if (r == 0) {
		r = sample_full(&full);
	}
	full.at_end.elapsed_ns = NSEC_PER_SEC;
	if (r == 0) {
		r = sample_verdict(&full, &rules, &verdict);
	}
	if (r == 0) {
		r = print(state, &empty, &full, &verdict);
	}
	result_finish(&full);
	result_finish(&empty);
	free(state);
	return r == 0 ? 0 : 1;
}
