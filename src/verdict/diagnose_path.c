/* SPDX-License-Identifier: MIT */
/*
 * The path. Silence has three shapes: no dial is answered (a rule that drops, a host that is down);
 * some are never answered while the others are answered at once (a rule or a balancer that tells
 * them apart); or SYNs are lost at random, and most dials that lost one succeed with the next.
 */
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "verdict/rules.h"

/* A SYN is retransmitted after a second, so a dial with a shorter timeout has only one. */
#define FIRST_RETRANSMIT_NS NSEC_PER_SEC

static bool is_dead(const struct target_tally *target)
{
	return target->failed > 0 && target->established == 0;
}

/* Connections to another port of the same host were established. */
static bool host_is_alive(const struct result *result, const struct target_tally *dead)
{
	for (size_t i = 0; i < result->target_count; i++) {
		const struct target_tally *target = &result->targets[i];
		if (target->established > 0 &&
			address_same_host(&target->address, &dead->address)) {
			return true;
		}
	}
	return false;
}

bool rule_name_with_dead_address(const struct result *result, struct finding *finding)
{
	char names[2 * ADDRESS_TEXT_MAX + 16] = "";
	size_t used = 0;
	size_t dead = 0;
	size_t alive = 0;
	size_t dead_ports = 0; /* of hosts that are alive */
	for (size_t i = 0; i < result->target_count; i++) {
		const struct target_tally *target = &result->targets[i];
		alive += target->established > 0;
		if (!is_dead(target)) {
			continue;
		}
		finding->count += target->failed;
		dead_ports += host_is_alive(result, target);
		if (dead++ < 2) {
			char address[ADDRESS_TEXT_MAX];
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
				used > 0 ? ", " : "", address_format(&target->address, address));
		}
	}
	if (dead == 0 || alive == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%zu of %zu targets accepted no connection (%s%s), %" PRIu64 " failure%s "
		"in all, while the others did.",
		dead, result->target_count, names, dead > 2 ? ", ..." : "", finding->count,
		plural(finding->count));
	rule_say(finding->hint, "%s",
		dead_ports == dead
			? "The same host accepts connections on another port: check whether "
			  "anything listens on this one, and what is in front of it."
			: "Clients that use such an address fail or wait: repair that server, or "
			  "remove its address from the name.");
	return true;
}

/* Established connections that had lost a SYN or its answer. */
static uint64_t came_up_late(const struct result *result)
{
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	uint64_t lost = result_lost_a_syn(result);
	return lost > timed_out ? lost - timed_out : 0;
}

/* The dials timed out before a second SYN. (The kernel retransmits at least one.) */
static bool one_syn_each(const struct result *result)
{
	return result->settings.dial_timeout_ns > 0 &&
		result->settings.dial_timeout_ns <= FIRST_RETRANSMIT_NS;
}

/* Lost at random, as far as can be told. */
static bool is_loss(const struct result *result)
{
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	return one_syn_each(result) || came_up_late(result) >= timed_out;
}

/*
 * "was answered within 5.00 s", or who else gave up. The time is the dial timeout, because each
 * dial waited at least that long, or else that of the slowest failure.
 */
static void say_how_long(const struct result *result, char text[FINDING_TEXT_MAX])
{
	char waited[RULE_TEXT_MAX];
	uint64_t timeout_ns = result->settings.dial_timeout_ns;
	uint64_t slowest_ns = result->times[TIMES_FAILURE].max_us * NSEC_PER_USEC;
	bool ours = result->given_up_by_kernel == 0 && timeout_ns > 0 && timeout_ns < slowest_ns;
	rule_seconds(ours ? timeout_ns : slowest_ns, waited);
	if (result->given_up_by_kernel == 0) {
		rule_say(text, "was answered within %s", waited);
		return;
	}
	char setting[RULE_TEXT_MAX] = "";
	if (result->machine.syn_retries != RESULT_UNKNOWN) {
		snprintf(setting, sizeof(setting), " = %" PRIu64, result->machine.syn_retries);
	}
	rule_say(text,
		"was answered; this machine's kernel gave up %s after %s "
		"(net.ipv4.tcp_syn_retries%s)",
		result->given_up_by_kernel == rule_cause(result, CAUSE_TIMED_OUT) ? "each" : "some",
		waited, setting);
}

/*
 * The kernel was asked about the dials that we gave up ourselves. It no longer knows those that it
 * gave up itself, and its counter for the whole host is an upper bound.
 */
static void say_retransmissions(const struct result *result, char text[FINDING_TEXT_MAX])
{
	uint64_t counted = result->network.values[NETSTAT_SYN_RETRANSMITS];
	if (result->given_up_by_kernel == 0 && result->kernel.asked > 0) {
		rule_say(text, "%" PRIu64 " SYN%s %s retransmitted without an answer",
			result->kernel.syn_retransmits, plural(result->kernel.syn_retransmits),
			plural_were(result->kernel.syn_retransmits));
	} else if (counted != NETSTAT_ABSENT) {
		rule_say(text, "this machine retransmitted at most %" PRIu64 " SYN%s for them",
			counted, plural(counted));
	} else {
		rule_say(text, "how many SYNs were retransmitted is not known");
	}
}

/* The plan chose only source ports that other programs here do not get. */
static bool dialled_from_unusual_ports(const struct result *result)
{
	const struct leftover *left = &result->left;
	return result->settings.source_port == NULL && result->kernel.possible &&
		!result->listener.here && left->ports_of != RESULT_UNKNOWN && left->ports_of > 0 &&
		left->ports == left->ports_of;
}

bool rule_firewall_drop(const struct result *result, struct finding *finding)
{
	char how_long[FINDING_TEXT_MAX];
	char retransmissions[FINDING_TEXT_MAX];
	finding->count = rule_cause(result, CAUSE_TIMED_OUT);
	if (finding->count == 0 || result->totals.established > 0 ||
		finding->count < result_failed_there(result)) {
		return false;
	}
	say_how_long(result, how_long);
	if (one_syn_each(result) && result->kernel.syn_retransmits == 0) {
		rule_say(finding->evidence,
			"None of %" PRIu64 " connection%s %s, which is too short for a second SYN.",
			finding->count, plural(finding->count), how_long);
		rule_say(finding->hint,
			"Try a longer --dial-timeout first: a lost SYN is retransmitted after a "
			"second, and the path may be slow. If none is answered even then, a "
			"firewall drops them, or the host is down or unreachable.");
		return true;
	}
	say_retransmissions(result, retransmissions);
	rule_say(finding->evidence, "None of %" PRIu64 " connection%s %s; %s.", finding->count,
		plural(finding->count), how_long, retransmissions);
	rule_say(finding->hint,
		"A firewall drops these SYNs, or the host is down or unreachable: look "
		"for a rule that drops them, and capture at the target to see whether "
		"they arrive.%s",
		dialled_from_unusual_ports(result)
			? " If other programs get through: their source ports are in "
			  "ip_local_port_range, while these were not (--source-port auto)."
			: "");
	return true;
}

bool rule_partial_drop(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_TIMED_OUT);
	bool others_answered =
		result->totals.established > 0 || result_failed_there(result) > finding->count;
	if (finding->count == 0 || !others_answered ||
		(result->totals.established > 0 && is_loss(result))) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connections %s never answered, while the "
		"others were answered.",
		finding->count, result->totals.dialed, plural_were(finding->count));
	rule_say(finding->hint,
		"This is not random loss: look for a firewall's rate limit or rule on "
		"sources, a balancer with a dead backend, or one broken path of several.");
	return true;
}

bool rule_syn_loss(const struct result *result, struct finding *finding)
{
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	uint64_t late = came_up_late(result);
	if (result->totals.established == 0 || late + timed_out == 0 || !is_loss(result)) {
		return false;
	}
	/*
	 * Each retransmitted SYN stands for one lost, and so does the last SYN of a dial that timed
	 * out.
	 */
	uint64_t again = result_resent_for_loss(result);
	double lost = (double)(again + timed_out);
	double sent = (double)(result->totals.dialed + again);
	finding->count = late + timed_out;
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s %s established only after a SYN was "
		"retransmitted and %" PRIu64 " never %s: about %.1f%% of the SYNs or "
		"their answers were lost.",
		late, plural(late), plural_were(late), timed_out, plural_were(timed_out),
		100.0 * lost / sent);
	rule_say(finding->hint,
		"Each loss costs a client a second or more: look for packet loss or a "
		"rate limit on the path, and for drops at the target's network card.");
	return true;
}

bool rule_firewall_reject(const struct result *result, struct finding *finding)
{
	finding->count = rule_cause(result, CAUSE_PROHIBITED);
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64
		" connection%s %s rejected by a firewall: ICMP said administratively prohibited.",
		finding->count, result->totals.dialed, plural(result->totals.dialed),
		plural_were(finding->count));
	rule_say(finding->hint, "%s", cause_hint(CAUSE_PROHIBITED));
	return true;
}

/* Each target has a listener on this host. */
static bool all_targets_listen(const struct result *result)
{
	size_t targets = result->target_count > 0 ? result->target_count : 1;
	uint64_t all = targets == 64 ? UINT64_MAX : (UINT64_C(1) << targets) - 1;
	return rule_listens_here(result) && (result->listener.listened_at_end & all) == all;
}

/*
 * A listening server on this host refuses nothing. If other connections were established, it may
 * have been away for a moment; but then TCP on this host sent the resets, and counted them.
 */
bool rule_firewall_reset(const struct result *result, struct finding *finding)
{
	uint64_t refused = rule_cause(result, CAUSE_REFUSED);
	uint64_t resets = result->network.values[NETSTAT_RESETS_SENT];
	bool none_up = result->totals.established == 0 && result->target_count == 0 &&
		rule_listens_here(result);
	bool counted = all_targets_listen(result) && resets != NETSTAT_ABSENT && resets < refused;
	if (refused == 0 || (!none_up && !counted)) {
		return false;
	}
	finding->count = none_up ? refused : refused - resets;
	rule_say(finding->evidence,
		"%s%" PRIu64 " connection%s that %s answered %s refused, although a "
		"server on this host listens there%s.",
		none_up && finding->count > 1 ? "All " : "", finding->count, plural(finding->count),
		plural_were(finding->count), plural_were(finding->count),
		none_up ? "" : " and TCP on this host sent no reset for them");
	rule_say(finding->hint,
		"A firewall answers in its place: look for a rule that rejects with a "
		"TCP reset, or a NAT rule that sends them elsewhere.");
	return true;
}

/*
 * TCP on this host drops a segment with a wrong checksum without telling its sender. The counter
 * covers all connections of this host: it must explain those that were harmed.
 */
bool rule_damaged_segments(const struct result *result, struct finding *finding)
{
	uint64_t damaged = result_added(result, NETSTAT_CHECKSUM_ERRORS);
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	finding->count = rule_waited_or_timed_out(result);
	uint64_t answers = result->kernel.syn_retransmits + timed_out + 1;
	if (finding->count == 0 || damaged < finding->count ||
		damaged > RULE_ANSWERS_TIMES * answers) {
		return false;
	}
	rule_say(finding->evidence,
		"This machine dropped %" PRIu64 " incoming segment%s with a wrong "
		"checksum, and %" PRIu64 " connection%s had to wait or timed out.",
		damaged, plural(damaged), finding->count, plural(finding->count));
	rule_say(finding->hint,
		"Answers arrive damaged: check the checksum offload of the devices on "
		"the way, virtual ones first (at the sender, `ethtool -K DEVICE tx "
		"off`), and look for a bad link.");
	return true;
}

bool rule_unreachable(const struct result *result, struct finding *finding)
{
	uint64_t network = rule_cause(result, CAUSE_NETWORK_UNREACHABLE);
	uint64_t host = rule_cause(result, CAUSE_HOST_UNREACHABLE);
	finding->count = network + host;
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s %s unreachable (network %" PRIu64
		", host %" PRIu64 ").",
		finding->count, result->totals.dialed, plural(result->totals.dialed),
		plural_were(finding->count), network, host);
	rule_say(finding->hint, "%s",
		cause_hint(network > host ? CAUSE_NETWORK_UNREACHABLE : CAUSE_HOST_UNREACHABLE));
	return true;
}
