/* SPDX-License-Identifier: MIT */
/* How packets to the targets leave this machine, looked at when the run is over. */
#ifndef TCPGOON_RUN_WAY_H
#define TCPGOON_RUN_WAY_H

#include "tcpgoon/plan/plan.h"
#include "tcpgoon/result/result.h"

/*
 * Fills result->ways with the targets to which dials failed, and result->reverse_path where the kernel
 * has filtered by it. The counts of the result are taken.
 */
void ways_look(const struct plan *plan, struct result *result);

#endif
