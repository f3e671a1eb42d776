/* SPDX-License-Identifier: MIT */
/*
 * Each rule looks in a result for evidence of one thing that may have happened and, if it finds it,
 * says so with its numbers. The table lists the rules by weight: first what kept connections from
 * being established, this machine before all else, because it makes the rest doubtful; then what
 * became of the established ones; last what merely affects the numbers.
 *
 * Several rules may see the same fact: dials that timed out look like a firewall until a full
 * accept queue explains them. So each rule names the rules that know better, and yields to one of
 * them that covers at least as many connections.
 */
#include "tcpgoon/verdict/diagnose.h"

#include <assert.h>

#include "verdict/rules.h"

enum rule_id {
	RULE_LOCAL_PORTS_EXHAUSTED,
	RULE_LOCAL_DESCRIPTORS,
	RULE_LOCAL_MEMORY,
	RULE_LOCAL_NOT_PERMITTED,
	RULE_SOURCE_UNUSABLE,
	RULE_NO_ROUTE,
	RULE_ROUTE_REFUSES,
	RULE_CONNTRACK_FULL,
	RULE_DEVICE_DOWN,
	RULE_OUTPUT_DROPPED,
	RULE_OUTPUT_REJECTED,
	RULE_REVERSE_PATH_FILTERED,
	RULE_INPUT_DROPPED,
	RULE_NEIGHBOUR_SILENT,
	RULE_DAMAGED_SEGMENTS,
	RULE_NAME_WITH_DEAD_ADDRESS,
	RULE_FAILURES_BY_FAMILY,
	RULE_FAILURES_BY_PORT,
	RULE_FAILURES_BY_SOURCE,
	RULE_BACKLOG_FULL,
	RULE_CONNECTION_CAP,
	RULE_FIREWALL_RESET,
	RULE_NO_LISTENER,
	RULE_FIREWALL_REJECT,
	RULE_UNREACHABLE,
	RULE_FIREWALL_DROP,
	RULE_PARTIAL_DROP,
	RULE_SOME_REFUSED,
	RULE_RESET_IN_HANDSHAKE,
	RULE_UNCONFIRMED,
	RULE_CLOSED_AT_ONCE,
	RULE_RESET_AT_ONCE,
	RULE_SERVER_WENT_AWAY,
	RULE_OLDEST_CLOSED,
	RULE_IDLE_TIMEOUT,
	RULE_SILENT,
	RULE_DROPPED_WHILE_HELD,
	RULE_FIN_UNANSWERED,
	RULE_SERVER_STOPPED_ACCEPTING,
	RULE_SERVER_ACCEPTS_SLOWLY,
	RULE_SYN_LOSS,
	RULE_LOST_AFTER_COOKIE,
	RULE_SYN_COOKIES,
	RULE_RESET_WHILE_CLOSING,
	RULE_CLIENT_LIMITED,
	RULE_MEMORY_PRESSURE,
	RULE_TIME_WAIT_OVERFLOW,
	RULE_FEW_PORTS_LEFT,
	RULE_HOST_NEARLY_FULL,
	RULE_MAX,
};

#define THE(rule) (UINT64_C(1) << RULE_##rule)

struct rule {
	const char *name;
	enum cause_side side;
	enum finding_weight weight;
	rule_function *holds;
	uint64_t yields_to; /* set of THE(rule) */
};

/* Why SYNs or their answers did not get through this machine, or to the next one. */
#define EXPLAINED_HERE                                                                        \
	(THE(SOURCE_UNUSABLE) | THE(INPUT_DROPPED) | THE(CONNTRACK_FULL) | THE(DEVICE_DOWN) | \
		THE(OUTPUT_DROPPED) | THE(OUTPUT_REJECTED) | THE(REVERSE_PATH_FILTERED) |     \
		THE(NEIGHBOUR_SILENT))
/* The same, or why they did not leave it. */
#define REFUSED_OR_LOST_HERE (EXPLAINED_HERE | THE(NO_ROUTE) | THE(ROUTE_REFUSES))
/* What the failed connections have in common. */
#define GROUPS (THE(FAILURES_BY_FAMILY) | THE(FAILURES_BY_PORT) | THE(FAILURES_BY_SOURCE))
/* Everything that explains unanswered SYNs. */
#define EXPLAINS_SILENCE                                                        \
	(EXPLAINED_HERE | THE(DAMAGED_SEGMENTS) | THE(NAME_WITH_DEAD_ADDRESS) | \
		THE(BACKLOG_FULL) | THE(CONNECTION_CAP) | GROUPS)
/* Everything that explains a refusal. */
#define EXPLAINS_REFUSAL (EXPLAINED_HERE | THE(NAME_WITH_DEAD_ADDRESS) | THE(CONNECTION_CAP))

/* Rules by which connections end whatever their age. */
#define ENDED_THEM_ALL (THE(SERVER_WENT_AWAY) | THE(OLDEST_CLOSED))

#define ROW(id, side, weight, name, better) \
	[RULE_##id] = {#name, CAUSE_SIDE_##side, FINDING_##weight, rule_##name, better}

static const struct rule rules[RULE_MAX] = {
	ROW(LOCAL_PORTS_EXHAUSTED, LOCAL, REMARK, local_ports_exhausted, 0),
	ROW(LOCAL_DESCRIPTORS, LOCAL, REMARK, local_descriptors, 0),
	ROW(LOCAL_MEMORY, LOCAL, REMARK, local_memory, 0),
	ROW(LOCAL_NOT_PERMITTED, LOCAL, REMARK, local_not_permitted, 0),
	ROW(SOURCE_UNUSABLE, LOCAL, REMARK, source_unusable, 0),
	ROW(NO_ROUTE, LOCAL, REMARK, no_route, 0),
	ROW(ROUTE_REFUSES, LOCAL, REMARK, route_refuses, 0),
	ROW(CONNTRACK_FULL, LOCAL, LOCAL, conntrack_full, 0),
	ROW(DEVICE_DOWN, LOCAL, LOCAL, device_down, 0),
	ROW(OUTPUT_DROPPED, LOCAL, LOCAL, output_dropped, THE(CONNTRACK_FULL) | THE(DEVICE_DOWN)),
	ROW(OUTPUT_REJECTED, LOCAL, LOCAL, output_rejected, THE(DEVICE_DOWN)),
	ROW(REVERSE_PATH_FILTERED, LOCAL, LOCAL, reverse_path_filtered, 0),
	ROW(INPUT_DROPPED, LOCAL, LOCAL, input_dropped,
		THE(SOURCE_UNUSABLE) | THE(CONNTRACK_FULL) | THE(DEVICE_DOWN) |
			THE(OUTPUT_DROPPED) | THE(REVERSE_PATH_FILTERED)),
	ROW(NEIGHBOUR_SILENT, PATH, REMARK, neighbour_silent, THE(SOURCE_UNUSABLE)),
	ROW(DAMAGED_SEGMENTS, PATH, REMARK, damaged_segments, EXPLAINED_HERE),
	ROW(NAME_WITH_DEAD_ADDRESS, REMOTE, REMARK, name_with_dead_address,
		EXPLAINED_HERE | THE(FAILURES_BY_FAMILY) | THE(FAILURES_BY_PORT)),
	ROW(FAILURES_BY_FAMILY, PATH, REMARK, failures_by_family, REFUSED_OR_LOST_HERE),
	ROW(FAILURES_BY_PORT, PATH, REMARK, failures_by_port, REFUSED_OR_LOST_HERE),
	ROW(FAILURES_BY_SOURCE, PATH, REMARK, failures_by_source,
		REFUSED_OR_LOST_HERE | THE(NAME_WITH_DEAD_ADDRESS) | THE(FAILURES_BY_FAMILY) |
			THE(FAILURES_BY_PORT)),
	ROW(BACKLOG_FULL, REMOTE, REMARK, backlog_full, EXPLAINED_HERE),
	ROW(CONNECTION_CAP, REMOTE, REMARK, connection_cap,
		EXPLAINED_HERE | THE(BACKLOG_FULL) | GROUPS),
	ROW(FIREWALL_RESET, PATH, REMARK, firewall_reset,
		EXPLAINED_HERE | THE(CONNECTION_CAP) | GROUPS),
	ROW(NO_LISTENER, REMOTE, REMARK, no_listener, EXPLAINED_HERE | THE(FIREWALL_RESET)),
	ROW(FIREWALL_REJECT, PATH, REMARK, firewall_reject, EXPLAINS_REFUSAL),
	ROW(UNREACHABLE, PATH, REMARK, unreachable, EXPLAINS_REFUSAL),
	ROW(FIREWALL_DROP, PATH, REMARK, firewall_drop, EXPLAINS_SILENCE),
	ROW(PARTIAL_DROP, PATH, REMARK, partial_drop, EXPLAINS_SILENCE),
	ROW(SOME_REFUSED, REMOTE, REMARK, some_refused,
		EXPLAINS_REFUSAL | GROUPS | THE(FIREWALL_RESET)),
	ROW(RESET_IN_HANDSHAKE, REMOTE, REMARK, reset_in_handshake,
		EXPLAINS_REFUSAL | THE(BACKLOG_FULL)),
	ROW(UNCONFIRMED, REMOTE, REMARK, unconfirmed, THE(BACKLOG_FULL)),
	ROW(CLOSED_AT_ONCE, REMOTE, REMARK, closed_at_once,
		EXPLAINS_REFUSAL | GROUPS | THE(OLDEST_CLOSED)),
	ROW(RESET_AT_ONCE, REMOTE, REMARK, reset_at_once,
		EXPLAINS_REFUSAL | GROUPS | THE(OLDEST_CLOSED) | THE(BACKLOG_FULL)),
	ROW(SERVER_WENT_AWAY, REMOTE, REMARK, server_went_away, 0),
	ROW(OLDEST_CLOSED, REMOTE, REMARK, oldest_closed, THE(SERVER_WENT_AWAY)),
	ROW(IDLE_TIMEOUT, REMOTE, REMARK, idle_timeout, ENDED_THEM_ALL),
	ROW(SILENT, PATH, REMARK, silent, 0),
	ROW(DROPPED_WHILE_HELD, REMOTE, REMARK, dropped_while_held,
		ENDED_THEM_ALL | THE(IDLE_TIMEOUT)),
	ROW(FIN_UNANSWERED, PATH, FAILURE, fin_unanswered,
		THE(BACKLOG_FULL) | THE(UNCONFIRMED) | THE(SERVER_STOPPED_ACCEPTING)),
	ROW(SERVER_STOPPED_ACCEPTING, REMOTE, FAILURE, server_stopped_accepting, THE(BACKLOG_FULL)),
	ROW(SERVER_ACCEPTS_SLOWLY, REMOTE, REMARK, server_accepts_slowly, THE(BACKLOG_FULL)),
	ROW(SYN_LOSS, PATH, REMARK, syn_loss, EXPLAINS_SILENCE | THE(PARTIAL_DROP)),
	ROW(LOST_AFTER_COOKIE, REMOTE, FAILURE, lost_after_cookie, 0),
	ROW(SYN_COOKIES, REMOTE, REMARK, syn_cookies, 0),
	ROW(RESET_WHILE_CLOSING, REMOTE, REMARK, reset_while_closing, 0),
	ROW(CLIENT_LIMITED, LOCAL, REMARK, client_limited, 0),
	ROW(MEMORY_PRESSURE, LOCAL, REMARK, memory_pressure, 0),
	ROW(TIME_WAIT_OVERFLOW, LOCAL, REMARK, time_wait_overflow, 0),
	ROW(FEW_PORTS_LEFT, LOCAL, REMARK, few_ports_left, 0),
	ROW(HOST_NEARLY_FULL, LOCAL, REMARK, host_nearly_full, 0),
};

#define OF(cause) (UINT64_C(1) << CAUSE_##cause)

/* The causes a rule is about, for rules whose connections may share a source, family or port. */
static const uint64_t causes_of[RULE_MAX] = {
	[RULE_LOCAL_PORTS_EXHAUSTED] = OF(PORTS_EXHAUSTED),
	[RULE_LOCAL_NOT_PERMITTED] = OF(NOT_PERMITTED),
	[RULE_SOURCE_UNUSABLE] = OF(SOURCE_INVALID),
	[RULE_NO_ROUTE] = OF(NO_ROUTE),
	[RULE_ROUTE_REFUSES] = OF(ROUTE_REFUSES),
	[RULE_DEVICE_DOWN] = OF(TIMED_OUT) | OF(HOST_UNREACHABLE),
	[RULE_OUTPUT_DROPPED] = OF(TIMED_OUT),
	[RULE_OUTPUT_REJECTED] =
		OF(REFUSED) | OF(HOST_UNREACHABLE) | OF(NETWORK_UNREACHABLE) | OF(PROHIBITED),
	[RULE_REVERSE_PATH_FILTERED] = OF(TIMED_OUT),
	[RULE_NEIGHBOUR_SILENT] = OF(TIMED_OUT) | OF(HOST_UNREACHABLE),
	[RULE_NO_LISTENER] = OF(REFUSED),
	[RULE_FIREWALL_REJECT] = OF(PROHIBITED),
	[RULE_UNREACHABLE] = OF(HOST_UNREACHABLE) | OF(NETWORK_UNREACHABLE),
	[RULE_PARTIAL_DROP] = OF(TIMED_OUT),
	[RULE_SOME_REFUSED] = OF(REFUSED),
	[RULE_RESET_IN_HANDSHAKE] = OF(RESET_IN_HANDSHAKE),
	[RULE_CLOSED_AT_ONCE] = OF(CLOSED_AT_ONCE),
	[RULE_RESET_AT_ONCE] = OF(RESET_AT_ONCE),
	[RULE_SERVER_WENT_AWAY] = OF(CLOSED_BY_PEER) | OF(RESET_BY_PEER),
	[RULE_IDLE_TIMEOUT] = OF(CLOSED_BY_PEER) | OF(RESET_BY_PEER),
	[RULE_SILENT] = OF(SILENT),
	[RULE_DROPPED_WHILE_HELD] = OF(CLOSED_BY_PEER) | OF(RESET_BY_PEER),
};

static_assert(RULE_MAX <= FINDINGS_MAX, "each rule may match");
static_assert(RULE_MAX <= 64 && CAUSE_MAX <= 64, "a bit for each");

/* Whether a rule that knows better covers all connections of this one. */
static bool yields(enum rule_id id, const struct finding *candidates)
{
	for (size_t i = 0; i < RULE_MAX; i++) {
		bool knows_better = (rules[id].yields_to >> i & 1) != 0;
		if (knows_better && candidates[i].name != NULL &&
			candidates[i].count >= candidates[id].count) {
			return true;
		}
	}
	return false;
}

void diagnose(const struct result *result, struct findings *ret_findings)
{
	*ret_findings = (struct findings){0};
	struct finding *candidates = ret_findings->list; /* no name: the rule does not hold */
	uint64_t stay = 0; /* set of THE(rule) */
	for (size_t i = 0; i < RULE_MAX; i++) {
		candidates[i].side = rules[i].side;
		candidates[i].weight = rules[i].weight;
		if (rules[i].holds(result, &candidates[i])) {
			candidates[i].name = rules[i].name;
			rule_add_group(result, causes_of[i], &candidates[i]);
		}
	}
	for (size_t i = 0; i < RULE_MAX; i++) {
		if (candidates[i].name != NULL && !yields((enum rule_id)i, candidates)) {
			stay |= UINT64_C(1) << i;
		}
	}
	for (size_t i = 0; i < RULE_MAX; i++) {
		if ((stay >> i & 1) != 0) {
			ret_findings->list[ret_findings->count++] = candidates[i];
		}
	}
}

const char *diagnose_rule_at(size_t index)
{
	return index < RULE_MAX ? rules[index].name : NULL;
}
