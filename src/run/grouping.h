/* SPDX-License-Identifier: MIT */
/* Failures by source address, family and port: made once, when a run is over. */
#ifndef TCPGOON_RUN_GROUPING_H
#define TCPGOON_RUN_GROUPING_H

#include "run/dialer.h"
#include "run/table.h"

/* Fills the groups of the table's result. */
void grouping_make(const struct table *table, const struct dialer *dialer);

#endif
