/* SPDX-License-Identifier: MIT */
/* Hands over what the table has of each connection, if the result is to have it. */
#ifndef TCPGOON_RUN_RECORDS_H
#define TCPGOON_RUN_RECORDS_H

#include "run/table.h"
#include "run/tuple_pool.h"

/* Call when the run is over. Does nothing if the result keeps no connections. */
void records_fill(const struct table *table, const struct tuple_pool *pool);

#endif
