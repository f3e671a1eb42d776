/* SPDX-License-Identifier: MIT */
/* The parameters of a run. */
#ifndef TCPGOON_RUN_RUN_PARAMS_H
#define TCPGOON_RUN_RUN_PARAMS_H

#include <stdbool.h>

#include "tcpgoon/plan/plan.h"
#include "tcpgoon/run/observer.h"
#include "tcpgoon/transport/transport.h"

struct signals;

/* All of them outlive the run. */
struct run_params {
	const struct plan *plan;
	const struct run_observer *observer;
	const struct transport_ops *transport;
	uint64_t frame_ns; /* between two calls of on_frame; 0: none */
	bool keep_connections; /* the result is to have each connection with its own times */
	struct signals *signals; /* the first signal ends the run with its result */
};

#endif
