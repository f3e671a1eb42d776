/* SPDX-License-Identifier: MIT */
#include "run/records.h"

#include "tcpgoon/result/connection_list.h"

static enum connection_state state_of(const struct conn *conn)
{
	static const enum connection_state states[CONN_STATE_MAX] = {
		[CONN_NOT_INITIATED] = CONNECTION_NOT_DIALED,
		[CONN_DIALING] = CONNECTION_DIALING,
		[CONN_ESTABLISHED] = CONNECTION_OPEN,
		[CONN_CLOSED] = CONNECTION_CLOSED,
		[CONN_ERROR] = CONNECTION_FAILED,
	};
	return states[conn->state];
}

/* A failure has its `dialed` already: it may have come before its dial. */
static void fill(struct connection_record *record, const struct conn *conn, uint64_t ordinal)
{
	bool established = conn->state == CONN_ESTABLISHED || conn->state == CONN_CLOSED;
	record->state = (uint8_t)state_of(conn);
	record->cause = (uint8_t)conn->cause;
	record->ordinal = (uint32_t)ordinal;
	record->dialed |= established || conn->state == CONN_DIALING;
	record->dialed_us = conn->dialed_us;
	record->connect_us = conn->connect_us;
	record->connect_known = established && !conn->stalled;
}

void records_fill(const struct table *table, const struct tuple_pool *pool)
{
	for (uint64_t i = 0; table->records != NULL && i < table->count; i++) {
		const struct conn *conn = &table->conns[i];
		if (conn->state != CONN_NOT_INITIATED) {
			fill(&table->records[i], conn, tuple_pool_ordinal(pool, (uint32_t)i));
		}
	}
}
