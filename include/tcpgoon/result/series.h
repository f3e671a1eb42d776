/* SPDX-License-Identifier: MIT */
/* The counts over time, in a bounded number of samples. */
#ifndef TCPGOON_RESULT_SERIES_H
#define TCPGOON_RESULT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/result/snapshot.h"

#define SERIES_MAX 240
/* Time between two samples at first; doubled whenever the series is full. */
#define SERIES_FIRST_STEP_NS UINT64_C(100000000)

/* All zero: empty. */
struct series {
	struct snapshot samples[SERIES_MAX];
	size_t count;
	uint64_t step_ns;
};

/* Whether a sample at `elapsed_ns` would be kept. */
bool series_wants(const struct series *series, uint64_t elapsed_ns);

/* When the next sample is wanted. */
uint64_t series_next_ns(const struct series *series);

/* Keeps the sample if it is wanted. Samples come in order of time. */
void series_add(struct series *series, const struct snapshot *snapshot);

/* Keeps the last sample of a run, wanted or not. */
void series_end(struct series *series, const struct snapshot *snapshot);

#endif
