/* SPDX-License-Identifier: MIT */
/* What is read before and after a run: the kernel's counters, the listener, our own use of CPU. */
#ifndef TCPGOON_RUN_EVIDENCE_H
#define TCPGOON_RUN_EVIDENCE_H

#include <stdint.h>

#include "tcpgoon/net/netstat.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/uring/lanes.h"

struct evidence {
	const struct targets *targets; /* the plan's */
	struct netstat before;
	uint64_t cpu_before_ns;
	uint64_t turns_with_dials; /* and how long they took together: what blurs `connect` */
	uint64_t turns_ns;
};

void evidence_begin(
	struct evidence *evidence, const struct targets *targets, struct result *result);

/* A turn of the loop that had no time to wait, as there is to dial, has taken so long. */
static inline void evidence_add_turn(struct evidence *evidence, uint64_t duration_ns)
{
	evidence->turns_with_dials++;
	evidence->turns_ns += duration_ns;
}

/* The last connection is decided, or the run ends before that. */
void evidence_end_dialling(struct evidence *evidence, struct result *result);

/* The numbers are taken. */
void evidence_end(struct evidence *evidence, const struct lanes *lanes, struct result *result);

#endif
