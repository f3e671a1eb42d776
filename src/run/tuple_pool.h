/* SPDX-License-Identifier: MIT */
/* Which 4-tuple each slot is dialled from, and which tuples are left. */
#ifndef TCPGOON_RUN_TUPLE_POOL_H
#define TCPGOON_RUN_TUPLE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/plan/plan.h"

/*
 * By plan, a slot has the tuple whose ordinal is the slot's number. If that tuple is in use, the
 * slot takes the next spare one to the same target.
 */
struct tuple_pool {
	const struct plan *plan;
	uint64_t *spare; /* owned: for each target, the next tuple that no slot has by plan */
	void *displaced; /* owned: tsearch(3) tree of slots with a spare tuple */
};

#define TUPLE_POOL_INIT \
	{               \
		0       \
	}

/* `plan` outlives the pool. Returns 0 or -ENOMEM. Call tuple_pool_finish() either way. */
int tuple_pool_init(struct tuple_pool *pool, const struct plan *plan);
void tuple_pool_finish(struct tuple_pool *pool);

/* Whether this tuple exists: a run with --force may have more slots than tuples. */
bool tuple_pool_has(const struct tuple_pool *pool, uint64_t ordinal);

/* Whether a spare tuple is left for the target of this one. */
bool tuple_pool_has_spare(const struct tuple_pool *pool, uint64_t ordinal);

/*
 * Replaces *ordinal by the next spare tuple to the same target, which is then used up. False if
 * none is left.
 */
bool tuple_pool_take_spare(struct tuple_pool *pool, uint64_t *ordinal);

/* The slot is dialled from this tuple from now on. */
void tuple_pool_assign(struct tuple_pool *pool, uint32_t slot, uint64_t ordinal);

/* Which of the plan's targets the slot is dialled to, by whichever of its tuples. */
size_t tuple_pool_target(const struct tuple_pool *pool, uint32_t slot);

/* The tuple that the slot was last dialled from, and its ordinal. */
uint64_t tuple_pool_ordinal(const struct tuple_pool *pool, uint32_t slot);
struct tuple tuple_pool_of(const struct tuple_pool *pool, uint32_t slot);

/* How many of the slots below `below` were last dialled from this source address. */
uint64_t tuple_pool_count_source(
	const struct tuple_pool *pool, const struct address *source, uint64_t below);

/* One more than the highest ordinal used, if slots below `prepared` had a socket. */
uint64_t tuple_pool_used(const struct tuple_pool *pool, uint64_t prepared);

#endif
