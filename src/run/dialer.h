/* SPDX-License-Identifier: MIT */
/* Makes sockets, dials the connections that are due and arms the next ones. */
#ifndef TCPGOON_RUN_DIALER_H
#define TCPGOON_RUN_DIALER_H

#include <stdbool.h>
#include <stdint.h>

#include "run/dial_queue.h"
#include "run/index_list.h"
#include "run/pacer.h"
#include "run/table.h"
#include "run/tuple_pool.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/transport/transport.h"

struct dialer {
	const struct plan *plan;
	struct transport *transport;
	struct table *table;
	struct tuple_pool *pool;
	struct dial_queue *queue;
	struct pacer pacer;
	uint64_t next; /* the first connection that was neither dialled nor armed */
	uint64_t prepared; /* connections from `next` up to here have a socket, or have failed */
	struct index_list again; /* connections to be dialled once more, from another tuple */
};

/* All of them outlive the dialer. */
struct dialer_params {
	const struct plan *plan;
	struct transport *transport;
	struct table *table;
	struct tuple_pool *pool;
	struct dial_queue *queue;
	uint64_t start_ns; /* of the schedule */
};

void dialer_init(struct dialer *dialer, const struct dialer_params *params);
void dialer_finish(struct dialer *dialer);

/*
 * Dials some of the connections that are due; if none is, arms the next dials.
 * Returns 0 or a negative errno with a message.
 */
int dialer_advance(struct dialer *dialer, uint64_t now_ns, struct error *error);

/* When dialer_advance() next has something to do; CLOCK_NEVER: never again. */
uint64_t dialer_next_ns(const struct dialer *dialer, uint64_t now_ns);

/*
 * The connection's dial found its 4-tuple in use (EADDRNOTAVAIL, EADDRINUSE): dials it again from a
 * spare one. Returns false if no spare tuple is left.
 */
bool dialer_again(struct dialer *dialer, uint32_t index);

#endif
