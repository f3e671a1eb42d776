/* SPDX-License-Identifier: MIT */
/* What came out of a run: numbers only; knows no ring, no socket. */
#ifndef TCPGOON_RESULT_RESULT_H
#define TCPGOON_RESULT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/stats/cause.h"
#include "tcpgoon/stats/histogram.h"

/* How often a cause was met, and when first and last (ns since the start of the run). */
struct cause_tally {
	uint64_t count;
	uint64_t first_ns;
	uint64_t last_ns;
	int last_errno; /* positive; 0 where there was none */
};

/* A number that this run could not have. */
#define RESULT_UNKNOWN UINT64_MAX

/* Why the run ended. */
enum run_end {
	RUN_COMPLETED, /* every connection decided, the hold over */
	RUN_INTERRUPTED, /* SIGINT or SIGTERM */
};

struct result {
	const char *host; /* as given; belongs to the caller */
	struct address target; /* the first address dialled, with its port */
	struct snapshot at_end; /* before we began to close what was open */
	uint64_t dialed; /* left NOT_INITIATED */
	uint64_t established; /* ever: at_end.established + at_end.closed */
	/* Of the established, how many the peer never completed; RESULT_UNKNOWN: was not asked. */
	uint64_t unconfirmed;
	uint64_t max_concurrent;
	uint64_t duration_ns; /* from the start to the end of the hold, without the teardown */
	/* From the start until the last was decided, or until now; RESULT_UNKNOWN: not measured. */
	uint64_t dialing_ns;
	struct histogram handshake; /* of the established: the kernel's own measurement */
	struct histogram connect; /* of the established: dial to established, by the clock */
	struct histogram failure; /* of the failed: dial to the error, by the clock */
	struct histogram lag; /* of the dialled: scheduled instant to dial */
	struct cause_tally causes[CAUSE_MAX];
	enum run_end end;
	bool held; /* the run was asked to hold its connections */
};

/* Returns 0 or -ENOMEM. */
int result_init(struct result *result);
void result_finish(struct result *result);

#endif
