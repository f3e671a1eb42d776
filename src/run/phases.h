/* SPDX-License-Identifier: MIT */
/* What a run does in each of its phases, and when it goes on to the next. */
#ifndef TCPGOON_RUN_PHASES_H
#define TCPGOON_RUN_PHASES_H

#include <stdint.h>

#include "run/run_state.h"

/*
 * Does what this phase has to do now; *ret_until_ns is when it has more to do. Returns 0 or a
 * negative errno, which the transport explains if the run's error has no message yet.
 */
int phases_work(struct run_state *run, uint64_t *ret_until_ns);

/* Goes on to the next phase, or through several, if this one is over. */
void phases_advance(struct run_state *run);

#endif
