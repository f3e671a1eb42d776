/* SPDX-License-Identifier: MIT */
/* Which of the addresses that a name has answers: asked once, before the run. */
#ifndef TCPGOON_RUN_PROBE_H
#define TCPGOON_RUN_PROBE_H

#include <stddef.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/notes.h"
#include "tcpgoon/plan/plan.h"

/* An address that is silent for so long, or for the dial timeout, is passed over. */
#define PROBE_PATIENCE_NS (2 * NSEC_PER_SEC)

/*
 * Dials the plan's candidates, one connection at a time, and returns the number of the first that
 * answers; 0 where none does, so that the run tells what is wrong with it. Tells `notes` what it
 * passed over.
 */
size_t probe_candidates(const struct plan *plan, const struct notes *notes);

#endif
