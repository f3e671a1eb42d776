/* SPDX-License-Identifier: MIT */
/* Carries a plan out in one thread, and yields a result whatever happens. */
#ifndef TCPGOON_RUN_RUN_H
#define TCPGOON_RUN_RUN_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/run/observer.h"
#include "tcpgoon/transport/transport.h"

struct signals;

struct run_params {
	const struct plan *plan;
	const struct run_observer *observer;
	const struct transport_ops *transport; /* how */
	struct signals *signals; /* the first that comes ends the run with its result */
};

/*
 * Dials, holds, closes. Signals belong to the caller, as there is work before a run and after it.
 * `result` was initialised by the caller; it is filled on success and stays valid on failure.
 * Returns 0 (also where connections failed: that is a result), or a negative errno with a message
 * where this program could not do its work.
 */
int run_execute(const struct run_params *params, struct result *result, struct error *error);

#endif
