/* SPDX-License-Identifier: MIT */
/* Carries out a plan in one thread, and yields a result whatever happens. */
#ifndef TCPGOON_RUN_RUN_H
#define TCPGOON_RUN_RUN_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/run/run_params.h"

/*
 * Dials, holds, closes. Signals belong to the caller, who has work before and after a run. The
 * caller has initialised `result`; it is filled on success and stays valid on failure. Returns 0,
 * also if connections failed, because that is a result; or a negative errno with a message if this
 * program could not do its work.
 */
int run_execute(const struct run_params *params, struct result *result, struct error *error);

#endif
