/* SPDX-License-Identifier: MIT */
/* How packets to the targets leave this machine, looked up when the run is over. */
#ifndef TCPGOON_RUN_WAY_H
#define TCPGOON_RUN_WAY_H

#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"

/*
 * Fills result->ways with the targets to which dials failed, and result->reverse_path if the kernel
 * has dropped packets by it. The counts of the result must be final.
 */
void ways_look(const struct plan *plan, struct result *result);

#endif
