/* SPDX-License-Identifier: MIT */
/*
 * A run may take a second or a month, which is not known in advance. So whenever the series is
 * full, the step doubles and every other sample is dropped: from then on there are between half of
 * SERIES_MAX and all of it, evenly spread.
 */
#include "tcpgoon/result/series.h"

uint64_t series_next_ns(const struct series *series)
{
	return series->count == 0 ? 0
				  : series->samples[series->count - 1].elapsed_ns + series->step_ns;
}

bool series_wants(const struct series *series, uint64_t elapsed_ns)
{
	return elapsed_ns >= series_next_ns(series);
}

static void thin_out(struct series *series)
{
	size_t kept = 0;
	for (size_t i = 0; i < series->count; i += 2) {
		series->samples[kept++] = series->samples[i];
	}
	series->count = kept;
	series->step_ns *= 2;
}

static void append(struct series *series, const struct snapshot *snapshot)
{
	if (series->count == SERIES_MAX) {
		thin_out(series);
	}
	series->samples[series->count++] = *snapshot;
}

void series_add(struct series *series, const struct snapshot *snapshot)
{
	if (series->step_ns == 0) {
		series->step_ns = SERIES_FIRST_STEP_NS;
	}
	if (series_wants(series, snapshot->elapsed_ns)) {
		append(series, snapshot);
	}
}

void series_end(struct series *series, const struct snapshot *snapshot)
{
	append(series, snapshot);
}
