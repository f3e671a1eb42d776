/* SPDX-License-Identifier: MIT */
/* What ever happened to connections in a run; how they are at one instant: snapshot.h. */
#ifndef TCPGOON_RESULT_TOTALS_H
#define TCPGOON_RESULT_TOTALS_H

#include <stdint.h>

/* None of these falls. */
struct totals {
	uint64_t dialed; /* their dial began */
	uint64_t established;
	uint64_t failed; /* never established; also those that could not be dialled */
	uint64_t
		dropped; /* established, and ended by the peer or the path before the run was over */
};

#endif
