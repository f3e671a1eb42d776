/* SPDX-License-Identifier: MIT */
/*
 * All dials have the same time, so it is over in the order in which they began, and they begin in
 * the order of their index: one cursor over the table is all that it takes. A LINK_TIMEOUT on each
 * CONNECT would say the same for a request and a timer of the kernel's, which a dial that is
 * answered in microseconds pays as well: 5% of what a connection costs.
 *
 * A connection that is dialled again, as its 4-tuple was in use, is behind its neighbours by as long
 * as that took. Those wait for it: their time is over so much later.
 */
#include "run/deadline.h"

#include "tcpgoon/base/clock.h"

/* As long as a SYN takes to be sent again, at most. */
#define MOMENT_NS NSEC_PER_SEC

static uint64_t end_ns(const struct deadline *deadline, uint32_t index)
{
	return table_dialed_ns(deadline->table, index) + deadline->timeout_ns;
}

static bool is_decided(const struct table *table, uint32_t index)
{
	enum conn_state state = table_state(table, index);
	return state != CONN_NOT_INITIATED && state != CONN_DIALING;
}

/* Else it has been answered, or is about to be dialled again, and its time does not matter. */
static bool is_connecting(const struct table *table, uint32_t index)
{
	return table_state(table, index) == CONN_DIALING &&
		table_holds(table, index, CONN_CONNECTING);
}

bool deadline_is_over(const struct deadline *deadline, uint32_t index, uint64_t now_ns)
{
	return is_connecting(deadline->table, index) && now_ns >= end_ns(deadline, index) &&
		now_ns >= deadline->not_before_ns;
}

bool deadline_take(struct deadline *deadline, uint64_t now_ns, uint32_t *ret_index)
{
	const struct table *table = deadline->table;
	while (deadline->first < table->count && is_decided(table, (uint32_t)deadline->first)) {
		deadline->first++;
	}
	if (deadline->first == table->count ||
		!deadline_is_over(deadline, (uint32_t)deadline->first, now_ns)) {
		return false;
	}
	*ret_index = (uint32_t)deadline->first++;
	return true;
}

void deadline_again(struct deadline *deadline, uint32_t index)
{
	if (index < deadline->first) {
		deadline->first = index;
	}
}

void deadline_stalled(struct deadline *deadline, uint64_t length_ns, uint64_t now_ns)
{
	uint64_t moment_ns = length_ns < MOMENT_NS ? length_ns : MOMENT_NS;
	moment_ns = moment_ns < deadline->timeout_ns ? moment_ns : deadline->timeout_ns;
	deadline->not_before_ns = now_ns + moment_ns;
}

uint64_t deadline_next_ns(const struct deadline *deadline)
{
	if (deadline->first == deadline->table->count ||
		!is_connecting(deadline->table, (uint32_t)deadline->first)) {
		return CLOCK_NEVER;
	}
	uint64_t next_ns = end_ns(deadline, (uint32_t)deadline->first);
	return next_ns > deadline->not_before_ns ? next_ns : deadline->not_before_ns;
}
