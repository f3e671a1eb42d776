/* SPDX-License-Identifier: MIT */
/* The rules that findings come from: what diagnose.c makes its table of. */
#ifndef TCPGOON_VERDICT_RULES_H
#define TCPGOON_VERDICT_RULES_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/compare.h"
#include "tcpgoon/base/plural.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/finding.h"

/* Whether the rule holds; if so, it has set count, evidence and hint. Pure. */
typedef bool rule_function(const struct result *result, struct finding *finding);

/* diagnose_local.c: this machine */
rule_function rule_local_ports_exhausted;
rule_function rule_local_descriptors;
rule_function rule_local_memory;
rule_function rule_local_not_permitted;
rule_function rule_source_unusable;
rule_function rule_conntrack_full;
rule_function rule_time_wait_overflow;
rule_function rule_memory_pressure;
rule_function rule_client_limited;

/* diagnose_output.c: whether the dials left this machine */
rule_function rule_no_route;
rule_function rule_route_refuses;
rule_function rule_device_down;
rule_function rule_output_dropped;
rule_function rule_output_rejected;
rule_function rule_reverse_path_filtered;
rule_function rule_input_dropped;
rule_function rule_neighbour_silent;

/* diagnose_quota.c: a part of client_limited */
rule_function rule_quota_was_the_limit;

/* diagnose_sharing.c: what is left to others of this machine */
rule_function rule_few_ports_left;
rule_function rule_host_nearly_full;

/* diagnose_path.c: the path, and several targets */
rule_function rule_name_with_dead_address;
rule_function rule_firewall_drop;
rule_function rule_firewall_reject;
rule_function rule_firewall_reset;
rule_function rule_damaged_segments;
rule_function rule_unreachable;
rule_function rule_partial_drop;
rule_function rule_syn_loss;

/* diagnose_remote.c: the target */
rule_function rule_no_listener;
rule_function rule_some_refused;
rule_function rule_reset_in_handshake;
rule_function rule_backlog_full;
rule_function rule_server_stopped_accepting;
rule_function rule_server_accepts_slowly;
rule_function rule_unconfirmed;
rule_function rule_syn_cookies;
rule_function rule_lost_after_cookie;
rule_function rule_connection_cap;
rule_function rule_closed_at_once;
rule_function rule_reset_at_once;

/* diagnose_groups.c: failures of one source address, family or port alone */
rule_function rule_failures_by_source;
rule_function rule_failures_by_family;
rule_function rule_failures_by_port;

/*
 * Adds to the evidence of a rule on these causes (bits 1 << cause) what its connections have in
 * common, if anything: "These are all the connections from source 192.0.2.1, and no others."
 */
void rule_add_group(const struct result *result, uint64_t causes, struct finding *finding);

/* diagnose_held.c: what became of established connections */
rule_function rule_server_went_away;
rule_function rule_oldest_closed;
rule_function rule_idle_timeout;
rule_function rule_silent;
rule_function rule_dropped_while_held;
rule_function rule_fin_unanswered;
rule_function rule_reset_while_closing;

/* For all of them. */

void rule_say(char text[FINDING_TEXT_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define RULE_TEXT_MAX 32

/* "3600 s", "60.0 s", "2.05 s", "12 ms", "less than 1 ms". Returns `buffer`. */
char *rule_seconds(uint64_t ns, char buffer[RULE_TEXT_MAX]);

static inline uint64_t rule_cause(const struct result *result, enum cause cause)
{
	return result->causes[cause].count;
}

/* Connections that timed out, or were established only after a retransmitted SYN. */
static inline uint64_t rule_waited_or_timed_out(const struct result *result)
{
	return greater(rule_cause(result, CAUSE_TIMED_OUT), result_lost_a_syn(result));
}

/* Times set apart because they span a stall of this program. */
static inline uint64_t rule_set_apart(const struct result *result)
{
	const struct stall_view *stalls = &result->stalls;
	return stalls->connect_apart + stalls->failure_apart + stalls->lifetime_apart;
}

/* The first dial that connect refused for this cause; NULL if none is kept. */
const struct refusal *rule_first_refusal(const struct result *result, enum cause cause);

/*
 * Answers are repeated: a counter of them may be this many times what it should explain, at most.
 */
#define RULE_ANSWERS_TIMES 16

/* Ended by the peer as soon as they were established. */
static inline uint64_t rule_ended_at_once(const struct result *result)
{
	return rule_cause(result, CAUSE_CLOSED_AT_ONCE) + rule_cause(result, CAUSE_RESET_AT_ONCE);
}

/*
 * Number of connections rejected after the first ones were established and stayed; 0 if they are
 * not in that order. diagnose_remote.c.
 */
uint64_t rule_capped(const struct result *result);

/* Whether the rejected connections began, in the order of the dials, after the kept ones. */
bool rule_is_cap(uint64_t rejected, uint64_t kept, uint64_t dropped_later, uint64_t before_first);

/*
 * The same within each source or port that has failures, for a limit that counts by them: sets
 * count, evidence and how many each kept. diagnose_groups.c.
 */
bool rule_group_caps(
	const struct result *result, char ret_limit[RULE_TEXT_MAX], struct finding *finding);

/* A local listener existed throughout, so a refusal is not due to a missing one. */
static inline bool rule_listens_here(const struct result *result)
{
	return result->listener.known_at_start && result->listener.known_at_end;
}

/* It listened here at the start, and no longer did at the end. */
static inline bool rule_listener_left(const struct result *result)
{
	return result->listener.known_at_start && !result->listener.known_at_end &&
		!result->listener.look_failed;
}

/* How long the run went on after its last dial. */
static inline uint64_t rule_watched_ns(const struct result *result)
{
	uint64_t last_dial_ns = result->generator.last_dial_ns;
	return result->duration_ns > last_dial_ns ? result->duration_ns - last_dial_ns : 0;
}

#endif
