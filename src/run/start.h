/* SPDX-License-Identifier: MIT */
/* Waits for the instant at which a run is to begin. */
#ifndef TCPGOON_RUN_START_H
#define TCPGOON_RUN_START_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/run/run_params.h"

struct start {
	uint64_t at_ns; /* of the monotonic clock; 0: as soon as all is ready */
	bool interrupted; /* by a signal, which is still there to be read */
};

/* Waits until there is just enough time left to make what the run needs. */
struct start start_await(const struct run_params *params);

/* Waits for the instant itself. Returns the beginning of the schedule. */
uint64_t start_reach(const struct start *start);

#endif
