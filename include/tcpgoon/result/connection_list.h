/* SPDX-License-Identifier: MIT */
/* Every connection of a run with its own times, for the reports that ask for it. */
#ifndef TCPGOON_RESULT_CONNECTION_LIST_H
#define TCPGOON_RESULT_CONNECTION_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/stats/cause.h"

/* A number of a connection that is not known, or that it does not have. */
#define CONNECTION_UNKNOWN UINT64_MAX

/* As the counts of a snapshot have them. */
enum connection_state {
	CONNECTION_NOT_DIALED,
	CONNECTION_DIALING,
	CONNECTION_OPEN,
	CONNECTION_CLOSED, /* established once, ended by the peer or the path */
	CONNECTION_FAILED, /* never established */
	CONNECTION_STATES,
};

/* What is kept of one while the run goes on; all zero: not dialled. Instants since its start. */
struct connection_record {
	uint64_t dialed_us; /* if it was dialled */
	uint64_t ended_us; /* if it was closed or failed */
	uint32_t connect_us; /* if it was established and no stall blurs it */
	uint32_t handshake_us; /* 0: not known */
	uint32_t ordinal; /* of its tuple */
	uint8_t state; /* enum connection_state */
	uint8_t cause; /* enum cause */
	bool dialed;
	bool connect_known;
};
static_assert(sizeof(struct connection_record) == 32, "a million connections in 32 MB");

/* Owns copies of what it computes the rest from, so it outlives the plan. */
struct connection_list {
	struct connection_record *records; /* owned; those not written to take no memory */
	uint64_t count;
	struct targets targets; /* owned */
	struct tuples tuples; /* owned */
	struct schedule schedule;
};

/* The same with all that is known of it; where there is nothing, CONNECTION_UNKNOWN. */
struct connection {
	uint64_t number; /* from 0 on, in the order of the schedule */
	struct address source; /* family AF_UNSPEC: not known; port 0: the kernel chose it */
	struct address target;
	uint64_t due_ns;
	uint64_t dialed_ns;
	uint64_t connect_us;
	uint64_t handshake_us;
	uint64_t ended_ns;
	enum connection_state state;
	enum cause cause;
};

/* Of the connections of a plan, all of them not dialled. Returns 0 or -ENOMEM. */
int connection_list_create(const struct plan *plan, struct connection_list **ret_list);
/* Accepts NULL. */
void connection_list_destroy(struct connection_list *list);

/* `number` must be below the count. */
void connection_list_at(
	const struct connection_list *list, uint64_t number, struct connection *ret_connection);

/* "not_dialed", "open". */
const char *connection_state_name(enum connection_state state);

#endif
