/* SPDX-License-Identifier: MIT */
/* Makes sockets and queues the chains of what is due, and of what is armed ahead. */
#ifndef TCPGOON_RUN_DIALER_H
#define TCPGOON_RUN_DIALER_H

#include <stdbool.h>
#include <stdint.h>

#include "run/pacer.h"
#include "run/requests.h"
#include "run/table.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/plan.h"

struct dialer {
	const struct plan *plan;
	struct requests *requests;
	struct table *table;
	struct pacer pacer;
	uint64_t next; /* the first connection that was neither dialled nor armed */
	uint64_t prepared; /* those from `next` up to here have their sockets, or have failed */
	uint64_t *spare; /* owned: of each target, the next tuple that no connection has by plan */

	void *displaced; /* owned: tsearch(3) tree of connections with a spare tuple */

	uint32_t *again; /* owned: connections to be dialled once more, from another tuple */
	uint32_t again_count;
	uint32_t again_capacity;
};

/* Returns 0 or -ENOMEM; dialer_finish() is due either way. */
int dialer_init(struct dialer *dialer, const struct plan *plan, struct requests *requests,
	struct table *table, uint64_t start_ns);
void dialer_finish(struct dialer *dialer);

/*
 * Queues some of what is due; when nothing is left that is due, arms the next chains.
 * Returns 0 or a negative errno with a message.
 */
int dialer_advance(struct dialer *dialer, uint64_t now_ns, struct error *error);

/* The 4-tuple that the connection was dialled from last. */
struct tuple dialer_tuple(const struct dialer *dialer, uint32_t index);

/* How many of the connections below `below` were dialled from this source address last. */
uint64_t dialer_count_source(
	const struct dialer *dialer, const struct address *source, uint64_t below);

/* Whether nothing is left to dial or to arm. */
/* The highest ordinal of a tuple that was taken so far, and one more. */
uint64_t dialer_tuples_used(const struct dialer *dialer);

bool dialer_done(const struct dialer *dialer);

/* The instant at which dialer_advance() next has something to do; CLOCK_NEVER where it has not. */
uint64_t dialer_next_ns(const struct dialer *dialer, uint64_t now_ns);

/*
 * The connection's CONNECT found its 4-tuple held (EADDRNOTAVAIL, EADDRINUSE): dials it again from
 * a spare one. Returns false where there is no spare tuple left.
 */
bool dialer_again(struct dialer *dialer, uint32_t index);

#endif
