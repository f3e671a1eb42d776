/* SPDX-License-Identifier: MIT */
/* Which 4-tuple each slot is dialled from, and which are left. */
#ifndef TCPGOON_RUN_TUPLE_POOL_H
#define TCPGOON_RUN_TUPLE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/plan/plan.h"

/*
 * A slot has the tuple whose ordinal is its own number, by plan. One that finds it in use takes the
 * next spare one to the same target.
 */
struct tuple_pool {
	const struct plan *plan;
	uint64_t *spare; /* owned: of each target, the next tuple that no slot has by plan */
	void *displaced; /* owned: tsearch(3) tree of slots with a spare tuple */
};

#define TUPLE_POOL_INIT \
	{               \
		0       \
	}

/* `plan` outlives the pool. Returns 0 or -ENOMEM; tuple_pool_finish() is due either way. */
int tuple_pool_init(struct tuple_pool *pool, const struct plan *plan);
void tuple_pool_finish(struct tuple_pool *pool);

/* Whether there is such a tuple: a run that was forced may have more slots than tuples. */
bool tuple_pool_has(const struct tuple_pool *pool, uint64_t ordinal);

/* Whether a spare tuple is left for the target that this one has. */
bool tuple_pool_has_spare(const struct tuple_pool *pool, uint64_t ordinal);

/*
 * Turns *ordinal into the next spare tuple to the same target, which is used up by that. False where
 * none is left.
 */
bool tuple_pool_take_spare(struct tuple_pool *pool, uint64_t *ordinal);

/* The slot is dialled from this tuple from now on. */
void tuple_pool_assign(struct tuple_pool *pool, uint32_t slot, uint64_t ordinal);

/* Which of the plan's targets the slot is dialled to, by whichever of its tuples. */
size_t tuple_pool_target(const struct tuple_pool *pool, uint32_t slot);

/* The tuple that the slot was dialled from last. */
struct tuple tuple_pool_of(const struct tuple_pool *pool, uint32_t slot);

/* How many of the slots below `below` were dialled from this source address last. */
uint64_t tuple_pool_count_source(
	const struct tuple_pool *pool, const struct address *source, uint64_t below);

/* The highest ordinal that was used, and one more, where slots below `prepared` had a socket. */
uint64_t tuple_pool_used(const struct tuple_pool *pool, uint64_t prepared);

#endif
