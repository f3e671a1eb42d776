/* SPDX-License-Identifier: MIT */
/*
 * The plan lays out one tuple for each slot, and most slots are dialled from theirs: so only the
 * exceptions are kept, in a tree. If another program uses the source port, or the kernel still has
 * the 4-tuple in a state that a dial cannot take over, the slot takes a spare tuple. The spare
 * tuples follow those of the slots; a tuple that was in use is not tried again in the same run.
 */
#include "run/tuple_pool.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

/* A slot whose tuple is not the one with its own number as the ordinal. */
struct displaced {
	uint32_t slot;
	uint64_t ordinal;
};

int tuple_pool_init(struct tuple_pool *pool, const struct plan *plan)
{
	uint64_t slots = plan->settings.connections;
	size_t targets = plan->targets.count;
	*pool = (struct tuple_pool){
		.plan = plan,
		.spare = calloc(targets, sizeof(*pool->spare)),
	};
	if (pool->spare == NULL) {
		return -ENOMEM;
	}
	/* The first tuple of each target that no slot has. */
	for (uint64_t i = 0; i < targets; i++) {
		pool->spare[targets_turn(&plan->targets, slots + i)] = slots + i;
	}
	return 0;
}

void tuple_pool_finish(struct tuple_pool *pool)
{
	tdestroy(pool->displaced, free);
	free(pool->spare);
	*pool = (struct tuple_pool)TUPLE_POOL_INIT;
}

bool tuple_pool_has(const struct tuple_pool *pool, uint64_t ordinal)
{
	return ordinal < tuples_capacity(&pool->plan->tuples);
}

static uint64_t *spare_of(const struct tuple_pool *pool, uint64_t ordinal)
{
	return &pool->spare[targets_turn(&pool->plan->targets, ordinal)];
}

bool tuple_pool_has_spare(const struct tuple_pool *pool, uint64_t ordinal)
{
	return tuple_pool_has(pool, *spare_of(pool, ordinal));
}

bool tuple_pool_take_spare(struct tuple_pool *pool, uint64_t *ordinal)
{
	uint64_t *spare = spare_of(pool, *ordinal);
	if (!tuple_pool_has(pool, *spare)) {
		return false;
	}
	*ordinal = *spare;
	*spare += pool->plan->targets.count;
	return true;
}

static int compare_displaced(const void *a, const void *b)
{
	uint32_t first = ((const struct displaced *)a)->slot;
	uint32_t second = ((const struct displaced *)b)->slot;
	return first < second ? -1 : first > second;
}

/*
 * Without memory for the entry, the survey asks about the wrong tuple, and the kernel finds none.
 */
void tuple_pool_assign(struct tuple_pool *pool, uint32_t slot, uint64_t ordinal)
{
	struct displaced *entry = ordinal == slot ? NULL : malloc(sizeof(*entry));
	if (entry == NULL) {
		return;
	}
	*entry = (struct displaced){.slot = slot, .ordinal = ordinal};
	struct displaced **found = tsearch(entry, &pool->displaced, compare_displaced);
	if (found == NULL) {
		free(entry);
	} else if (*found != entry) {
		(*found)->ordinal = ordinal; /* displaced once more */
		free(entry);
	}
}

size_t tuple_pool_target(const struct tuple_pool *pool, uint32_t slot)
{
	return targets_turn(&pool->plan->targets, slot);
}

uint64_t tuple_pool_ordinal(const struct tuple_pool *pool, uint32_t slot)
{
	const struct displaced wanted = {.slot = slot};
	struct displaced *const *found = tfind(&wanted, &pool->displaced, compare_displaced);
	return found != NULL ? (*found)->ordinal : (uint64_t)slot;
}

struct tuple tuple_pool_of(const struct tuple_pool *pool, uint32_t slot)
{
	return tuples_at(&pool->plan->tuples, tuple_pool_ordinal(pool, slot));
}

/* How displaced slots change the count of a source. */
struct recount {
	const struct tuples *tuples;
	const struct address *source;
	uint64_t below;
	uint64_t count;
};

static bool is_from(const struct recount *recount, uint64_t ordinal)
{
	struct tuple tuple = tuples_at(recount->tuples, ordinal);
	return address_same_host(&tuple.source, recount->source);
}

static void recount_displaced(const void *node, VISIT order, void *context)
{
	const struct displaced *entry = *(const struct displaced *const *)node;
	struct recount *recount = context;
	if ((order != postorder && order != leaf) || entry->slot >= recount->below) {
		return; /* each node but a leaf is visited three times */
	}
	recount->count -= is_from(recount, entry->slot);
	recount->count += is_from(recount, entry->ordinal);
}

uint64_t tuple_pool_count_source(
	const struct tuple_pool *pool, const struct address *source, uint64_t below)
{
	struct recount recount = {
		.tuples = &pool->plan->tuples,
		.source = source,
		.below = below,
		.count = tuples_count_source(&pool->plan->tuples, source, below),
	};
	twalk_r(pool->displaced, recount_displaced, &recount);
	return recount.count;
}

uint64_t tuple_pool_used(const struct tuple_pool *pool, uint64_t prepared)
{
	uint64_t slots = pool->plan->settings.connections;
	uint64_t targets = pool->plan->targets.count;
	uint64_t used = prepared;
	for (uint64_t i = 0; i < targets; i++) {
		/* A spare tuple that was taken lies beyond those of the slots. */
		if (pool->spare[i] >= slots + targets) {
			uint64_t end = pool->spare[i] - targets + 1;
			used = end > used ? end : used;
		}
	}
	return used;
}
