/* SPDX-License-Identifier: MIT */
/*
 * The table keeps the cause of each connection that failed or ended, and the plan computes where it
 * was dialled from. So nothing has to be counted during the run: one walk over the table at its end
 * finds the groups with failures, and arithmetic says how many were dialled in each. If nothing
 * failed, there is no walk.
 */
#include "run/grouping.h"

#include <string.h>

#include "tcpgoon/stats/cause.h"

struct grouping {
	const struct table *table;
	const struct tuple_pool *pool;
	uint32_t prepared; /* for slots below a socket was made, or could not be made */
	struct failure_groups *groups; /* GROUP_KINDS of them */
	size_t last_used[GROUP_KINDS]; /* consecutive slots are mostly in the same group */
};

static bool same_group(enum group_kind kind, const struct address *a, const struct address *b)
{
	switch (kind) {
	case GROUP_SOURCE:
		return address_same_host(a, b);
	case GROUP_FAMILY:
		return a->any.sa_family == b->any.sa_family;
	case GROUP_PORT:
		return address_port(a) == address_port(b);
	case GROUP_KINDS:
		break;
	}
	return false;
}

/* NULL if there is none and `add` is false, or if there is no room for it. */
static struct failure_group *find_group(
	struct grouping *grouping, enum group_kind kind, const struct address *address, bool add)
{
	struct failure_groups *groups = &grouping->groups[kind];
	size_t last = grouping->last_used[kind];
	if (last < groups->count && same_group(kind, &groups->list[last].address, address)) {
		return &groups->list[last];
	}
	size_t i = 0;
	while (i < groups->count && !same_group(kind, &groups->list[i].address, address)) {
		i++;
	}
	if (i == groups->count) {
		if (!add || i == RESULT_GROUPS_MAX) {
			return NULL;
		}
		groups->list[groups->count++] = (struct failure_group){
			.address = *address,
			.first_rejected = RESULT_UNKNOWN,
		};
	}
	grouping->last_used[kind] = i;
	return &groups->list[i];
}

/*
 * The address that puts the connection into a group of this kind. False if it is not known: the
 * kernel chose the source, or the plan had none left.
 */
static bool group_address(const struct grouping *grouping, enum group_kind kind, uint32_t index,
	struct address *ret_address)
{
	const struct tuples *tuples = &grouping->pool->plan->tuples;
	const struct targets *targets = tuples->targets;
	if (kind != GROUP_SOURCE) {
		*ret_address = targets->list[tuple_pool_target(grouping->pool, index)];
		return true;
	}
	if (index >= tuples_capacity(tuples)) {
		return false;
	}
	*ret_address = tuple_pool_of(grouping->pool, index).source;
	return ret_address->any.sa_family != AF_UNSPEC;
}

static bool is_rejection(enum conn_state state, enum cause cause)
{
	bool at_once = cause == CAUSE_CLOSED_AT_ONCE || cause == CAUSE_RESET_AT_ONCE;
	return at_once || (state == CONN_ERROR && cause_side(cause) != CAUSE_SIDE_LOCAL);
}

static void add_failure(struct grouping *grouping, enum group_kind kind, uint32_t index)
{
	const struct conn *conn = &grouping->table->conns[index];
	struct address address;
	if (!group_address(grouping, kind, index, &address)) {
		return;
	}
	struct failure_group *group = find_group(grouping, kind, &address, true);
	if (group == NULL) {
		grouping->groups[kind].unlisted++;
		return;
	}
	group->causes[conn->cause]++;
	if (group->first_rejected == RESULT_UNKNOWN &&
		is_rejection((enum conn_state)conn->state, (enum cause)conn->cause)) {
		group->first_rejected = index;
	}
}

/* Corrects the group of a connection that was never begun, or not decided. */
static void take_undecided(struct grouping *grouping, enum group_kind kind, uint32_t index)
{
	struct address address;
	if (!group_address(grouping, kind, index, &address)) {
		return;
	}
	struct failure_group *group = find_group(grouping, kind, &address, false);
	if (group != NULL && table_state(grouping->table, index) == CONN_NOT_INITIATED) {
		group->dialed--;
	} else if (group != NULL) {
		group->undecided++;
	}
}

/* How many of the connections below `below` are in the group. */
static uint64_t count_in_group(const struct grouping *grouping, enum group_kind kind,
	const struct failure_group *group, uint64_t below)
{
	const struct targets *targets = grouping->pool->plan->tuples.targets;
	if (kind == GROUP_SOURCE) {
		return tuple_pool_count_source(grouping->pool, &group->address, below);
	}
	uint64_t count = 0;
	for (size_t i = 0; i < targets->count; i++) {
		if (same_group(kind, &targets->list[i], &group->address)) {
			count += below > i ? (below - i - 1) / targets->count + 1 : 0;
		}
	}
	return count;
}

/* Whether connections of the run can differ in this kind. */
static bool tells_apart(const struct tuples *tuples, enum group_kind kind)
{
	const struct targets *targets = tuples->targets;
	if (kind == GROUP_SOURCE) {
		return tuples->source_count > 1 || targets->count > 1;
	}
	for (size_t i = 1; i < targets->count; i++) {
		if (!same_group(kind, &targets->list[0], &targets->list[i])) {
			return true;
		}
	}
	return false;
}

static void walk(struct grouping *grouping, enum group_kind kind)
{
	const struct table *table = grouping->table;
	uint32_t prepared = grouping->prepared;
	for (uint32_t i = 0; i < prepared; i++) {
		enum conn_state state = table_state(table, i);
		if (state == CONN_ERROR || state == CONN_CLOSED) {
			add_failure(grouping, kind, i);
		}
	}
	struct failure_groups *groups = &grouping->groups[kind];
	for (size_t i = 0; i < groups->count; i++) {
		struct failure_group *group = &groups->list[i];
		group->dialed = count_in_group(grouping, kind, group, prepared);
		group->before_rejected = group->first_rejected == RESULT_UNKNOWN
			? 0
			: count_in_group(grouping, kind, group, group->first_rejected);
	}
	for (uint32_t i = 0; i < prepared && !table_decided(table); i++) {
		enum conn_state state = table_state(table, i);
		if (state == CONN_NOT_INITIATED || state == CONN_DIALING) {
			take_undecided(grouping, kind, i);
		}
	}
}

/* A group that contains every dialled connection tells nothing apart. */
static void drop_the_whole(struct failure_groups *groups, const struct result *result)
{
	uint64_t begun = result->at_end.total - result->at_end.not_initiated;
	if (groups->count == 1 && groups->list[0].dialed >= begun) {
		*groups = (struct failure_groups){0};
	}
}

void grouping_make(const struct table *table, const struct tuple_pool *pool, uint64_t prepared)
{
	struct result *result = table->result;
	struct grouping grouping = {
		.table = table,
		.pool = pool,
		.prepared = (uint32_t)prepared,
		.groups = result->groups,
	};
	if (result->totals.failed + result->totals.dropped == 0) {
		return;
	}
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		if (tells_apart(&pool->plan->tuples, (enum group_kind)i)) {
			walk(&grouping, (enum group_kind)i);
			drop_the_whole(&result->groups[i], result);
		}
	}
}
