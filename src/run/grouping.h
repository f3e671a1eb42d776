/* SPDX-License-Identifier: MIT */
/* Failures by source address, family and port: made once, when a run is over. */
#ifndef TCPGOON_RUN_GROUPING_H
#define TCPGOON_RUN_GROUPING_H

#include "run/table.h"
#include "run/tuple_pool.h"

/*
 * Fills the groups of the table's result. Connections below `prepared` had a socket, or could not
 * have one.
 */
void grouping_make(const struct table *table, const struct tuple_pool *pool, uint64_t prepared);

#endif
