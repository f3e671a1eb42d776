/* SPDX-License-Identifier: MIT */
/* Results whose report is checked twice: by its fields, and against the schema. */
#ifndef TESTS_UNIT_JSON_SAMPLES_H
#define TESTS_UNIT_JSON_SAMPLES_H

#include <errno.h>
#include <stdlib.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/result.h"

/* A run of which nothing is known but its target. */
static inline int sample_empty(struct result *result)
{
	int r = result_init(result);
	if (r < 0) {
		return r;
	}
	result->host = "::1";
	return address_parse_literal("::1", 65535, &result->target);
}

/* A run with some of everything. */
static inline int sample_full(struct result *result)
{
	int r = result_init(result);
	if (r < 0) {
		return r;
	}
	result->host = "example.org";
	result->at_end = (struct snapshot){.total = 1000,
		.not_initiated = 100,
		.dialing = 10,
		.established = 600,
		.closed = 200,
		.failed = 90};
	result->dialed = 900;
	result->established = 800;
	result->unconfirmed = 4;
	result->max_concurrent = 700;
	result->duration_ns = 12 * NSEC_PER_SEC + 345678901;
	result->dialing_ns = 9 * NSEC_PER_SEC;
	result->end = RUN_INTERRUPTED;
	for (uint64_t us = 1; us <= 1000; us++) {
		histogram_record(&result->handshake, us);
		histogram_record(&result->connect, 10 * us);
	}
	histogram_record(&result->failure, 5000000);
	for (int cause = CAUSE_NONE + 1; cause < CAUSE_MAX; cause++) {
		result->causes[cause] = (struct cause_tally){.count = (uint64_t)cause,
			.first_ns = NSEC_PER_MSEC,
			.last_ns = 1500 * NSEC_PER_MSEC,
			.last_errno = cause == CAUSE_REFUSED ? ECONNREFUSED : 0};
	}
	return address_parse_literal("192.0.2.1", 80, &result->target);
}

#endif
