/* SPDX-License-Identifier: MIT */
/* Finds out, once before the run, which address of a name answers. */
#ifndef TCPGOON_RUN_PROBE_H
#define TCPGOON_RUN_PROBE_H

#include <stddef.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/notes.h"
#include "tcpgoon/plan/plan.h"

/* An address that is silent for this time, or for the dial timeout, is passed over. */
#define PROBE_PATIENCE_NS (2 * NSEC_PER_SEC)

/*
 * Dials the plan's candidates, one connection at a time, and returns the number of the first that
 * answers; 0 if none does, so that the run shows what is wrong with it. Adds the addresses that it
 * passed over to `notes`.
 */
size_t probe_candidates(const struct plan *plan, const struct notes *notes);

#endif
