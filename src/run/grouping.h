/* SPDX-License-Identifier: MIT */
/* Failures by source address, family and port, grouped once when a run is over. */
#ifndef TCPGOON_RUN_GROUPING_H
#define TCPGOON_RUN_GROUPING_H

#include "run/table.h"
#include "run/tuple_pool.h"

/*
 * Fills the groups of the table's result. For each connection below `prepared` a socket was made,
 * or could not be made.
 */
void grouping_make(const struct table *table, const struct tuple_pool *pool, uint64_t prepared);

#endif
