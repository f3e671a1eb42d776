/* SPDX-License-Identifier: MIT */
/*
 * Whether the dials left this machine. Three kinds of evidence, each with its own certainty:
 *
 *   of the connection   connect was refused here, without a packet (result->refusals); or an ICMP error
 *                       came from an address of this host about a target that is elsewhere
 *   of the way          device and neighbour of the route, examined when the run was over
 *   of the namespace    counters, to which others of this host add as well: they count only if they
 *                       explain each connection that was harmed, and are not several times that
 *
 * Between Ip.OutRequests and Ip.OutTransmits lie this machine's filters: the hooks output and
 * postrouting, its connection tracker and the egress programs of cgroups. Dropping or rejecting a
 * SYN there makes a difference of one. What is dropped below IP (the hook egress, traffic control)
 * shows when the SYN is retransmitted: TCP is then told, and counts TcpExt.TCPRetransFail.
 */
#include <stdio.h>
#include <string.h>

#include "verdict/rules.h"

/*
 * A counter of the namespace explains a number if it is at most this many times as large, plus a
 * few.
 */
#define ABOUT_TIMES 2
#define ABOUT_MORE 16
/* For answers dropped by filters, to whose counter others add more: a few repeats. */
#define INPUT_TIMES 4

/* " and to others", if more than one target or source was refused for it. */
static const char *and_others(const struct result *result, const struct refusal *first)
{
	for (size_t i = 0; i < result->refusal_count; i++) {
		const struct refusal *other = &result->refusals[i];
		if (other != first && other->cause == first->cause &&
			!address_same_host(&other->target, &first->target)) {
			return " and to others";
		}
	}
	return "";
}

static const char *ip_command(const struct address *address)
{
	return address->any.sa_family == AF_INET6 ? "ip -6" : "ip";
}

bool rule_no_route(const struct result *result, struct finding *finding)
{
	const struct refusal *refusal = rule_first_refusal(result, CAUSE_NO_ROUTE);
	finding->count = rule_cause(result, CAUSE_NO_ROUTE);
	if (finding->count == 0) {
		return false;
	}
	if (refusal == NULL) {
		rule_say(finding->evidence,
			"%" PRIu64 " of %" PRIu64
			" connection%s found no route on this machine, and no SYN was sent.",
			finding->count, result->at_end.total, plural(result->at_end.total));
		rule_say(finding->hint, "%s", cause_hint(CAUSE_NO_ROUTE));
		return true;
	}
	char target[ADDRESS_TEXT_MAX];
	address_format_host(&refusal->target, target);
	rule_say(finding->evidence,
		"This machine has no route to %s%s: no SYN was sent for %" PRIu64 " of %" PRIu64
		" connection%s.",
		target, and_others(result, refusal), finding->count, result->at_end.total,
		plural(result->at_end.total));
	if (refusal->down[0] != '\0') {
		rule_say(finding->hint,
			"The device %s would lead there, but is down: `ip link set %s up`.",
			refusal->down, refusal->down);
	} else {
		rule_say(finding->hint,
			"Compare `%s route get %s` with what you expect: add the route, bring up the "
			"device it needs, or dial an address of a family that this machine has.",
			ip_command(&refusal->target), target);
	}
	return true;
}

/* The command that removes it: routes by their words, rules by their number. */
static void hint_at_refuser(const struct refusal *refusal, struct finding *finding)
{
	static const char rule[] = "rule ";
	const char *number = refusal->by + strlen(rule);
	const char *command = ip_command(&refusal->target);
	if (strncmp(refusal->by, rule, strlen(rule)) == 0) {
		rule_say(finding->hint,
			"`%s rule del priority %.*s` removes it; or dial what it does not apply "
			"to.",
			command, (int)strcspn(number, ":"), number);
	} else {
		rule_say(finding->hint, "`%s route del %s` removes it, if it is in the main table.",
			command, refusal->by + strlen("route "));
	}
}

bool rule_route_refuses(const struct result *result, struct finding *finding)
{
	const struct refusal *refusal = rule_first_refusal(result, CAUSE_ROUTE_REFUSES);
	finding->count = rule_cause(result, CAUSE_ROUTE_REFUSES);
	if (finding->count == 0) {
		return false;
	}
	if (refusal == NULL || refusal->by[0] == '\0') {
		rule_say(finding->evidence,
			"This machine's own routes refuse %" PRIu64 " of %" PRIu64
			" connection%s: no SYN was sent.",
			finding->count, result->at_end.total, plural(result->at_end.total));
		rule_say(finding->hint, "%s", cause_hint(CAUSE_ROUTE_REFUSES));
		return true;
	}
	char target[ADDRESS_TEXT_MAX];
	rule_say(finding->evidence,
		"This machine's own %s refuses %" PRIu64 " of %" PRIu64
		" connection%s, to %s%s: no SYN was sent.",
		refusal->by, finding->count, result->at_end.total, plural(result->at_end.total),
		address_format_host(&refusal->target, target), and_others(result, refusal));
	hint_at_refuser(refusal, finding);
	return true;
}

/* A way whose device is down or without carrier, or whose neighbour is silent. */
static const struct way *find_way(
	const struct result *result, bool (*fits)(const struct way *way), uint64_t *ret_failed)
{
	const struct way *first = NULL;
	*ret_failed = 0;
	for (size_t i = 0; i < result->way_count; i++) {
		if (fits(&result->ways[i])) {
			first = first == NULL ? &result->ways[i] : first;
			*ret_failed += result->ways[i].failed;
		}
	}
	return first;
}

static bool is_dead_device(const struct way *way)
{
	return way->device.state == LINK_DOWN || way->device.state == LINK_NO_CARRIER;
}

static bool is_silent_neighbour(const struct way *way)
{
	return !is_dead_device(way) && way->neighbour == NEIGHBOUR_SILENT;
}

bool rule_device_down(const struct result *result, struct finding *finding)
{
	const struct way *way = find_way(result, is_dead_device, &finding->count);
	if (way == NULL) {
		return false;
	}
	char target[ADDRESS_TEXT_MAX];
	bool down = way->device.state == LINK_DOWN;
	rule_say(finding->evidence,
		"This machine's route to %s uses the device %s, which %s: %" PRIu64 " "
		"connection%s failed.",
		address_format_host(&way->target, target), way->device.name,
		down ? "is down" : "has no carrier", finding->count, plural(finding->count));
	if (down) {
		rule_say(finding->hint, "Bring it up: `ip link set %s up`.", way->device.name);
	} else {
		rule_say(finding->hint, "Check the cable, the switch or the other end of %s.",
			way->device.name);
	}
	return true;
}

bool rule_neighbour_silent(const struct result *result, struct finding *finding)
{
	const struct way *way = find_way(result, is_silent_neighbour, &finding->count);
	if (way == NULL) {
		return false;
	}
	char neighbour[ADDRESS_TEXT_MAX];
	bool gateway = !address_same_host(&way->next_hop, &way->target);
	/* A SYN that has left is retransmitted; one that waits for the neighbour is not. */
	bool none_left = result->totals.established == 0 && result->kernel.possible &&
		result->kernel.syn_retransmits == 0;
	rule_say(finding->evidence,
		"%s%s did not answer on the device %s when this machine asked for its link-layer "
		"address (%s)%s; %" PRIu64 " connection%s failed.",
		gateway ? "The gateway " : "", address_format_host(&way->next_hop, neighbour),
		way->device.name,
		way->next_hop.any.sa_family == AF_INET ? "ARP" : "neighbour discovery",
		none_left ? ": no SYN left this machine" : "", finding->count,
		plural(finding->count));
	rule_say(finding->hint,
		"It is down, not on this link, or has another address: check that, and the prefix "
		"length of this machine's address on %s.",
		way->device.name);
	return true;
}

static bool dials_family(const struct result *result, sa_family_t family)
{
	bool dials = result->target.any.sa_family == family;
	for (size_t i = 0; i < result->target_count; i++) {
		dials |= result->targets[i].address.any.sa_family == family;
	}
	return dials;
}

static uint64_t beyond(uint64_t value, uint64_t base)
{
	return value > base ? value - base : 0;
}

/*
 * Of IPv6, but for the loopback: a RST that the hook output makes over IPv6 leaves by it, and is
 * counted behind the filters only.
 */
static uint64_t unsent_over_ipv6(const struct result *result)
{
	uint64_t requests = result_added(result, NETSTAT_IP6_REQUESTS);
	uint64_t transmits = result_added(result, NETSTAT_IP6_TRANSMITS);
	uint64_t elsewhere = beyond(beyond(requests, result_added(result, NETSTAT_LO_IP6_REQUESTS)),
		beyond(transmits, result_added(result, NETSTAT_LO_IP6_TRANSMITS)));
	return elsewhere > beyond(requests, transmits) ? elsewhere : beyond(requests, transmits);
}

/* Whether this kernel counts what gets past its filters. */
static bool knows_unsent(const struct result *result)
{
	return result->network.values[NETSTAT_IP_TRANSMITS] != NETSTAT_ABSENT;
}

/* Packets that did not get past the filters of this machine's output. */
static uint64_t unsent(const struct result *result)
{
	uint64_t count = 0;
	const uint64_t *values = result->network.values;
	if (dials_family(result, AF_INET) && values[NETSTAT_IP_TRANSMITS] != NETSTAT_ABSENT) {
		count += beyond(result_added(result, NETSTAT_IP_REQUESTS),
			result_added(result, NETSTAT_IP_TRANSMITS));
	}
	if (dials_family(result, AF_INET6) && values[NETSTAT_IP6_TRANSMITS] != NETSTAT_ABSENT) {
		count += unsent_over_ipv6(result);
	}
	return count;
}

/*
 * The counter of the namespace is as large as what it should explain, and not several times that.
 */
static bool explains(uint64_t counted, uint64_t wanted)
{
	return wanted > 0 && counted >= wanted && counted <= ABOUT_TIMES * wanted + ABOUT_MORE;
}

/*
 * Retransmitted SYNs: ours or, if the kernel could not be asked about them, those of the namespace.
 */
static uint64_t sent_again(const struct result *result)
{
	return result->kernel.possible ? result_resent_for_loss(result)
				       : result_added(result, NETSTAT_SYN_RETRANSMITS);
}

/* Our unanswered SYNs: each that was retransmitted, and the last of each dial that timed out. */
static uint64_t lost_syns(const struct result *result)
{
	return sent_again(result) + rule_cause(result, CAUSE_TIMED_OUT);
}

/* TCP was told that its retransmitted SYNs were dropped, and not for lack of a route. */
static bool retransmits_failed(const struct result *result)
{
	uint64_t no_routes = result_added(result, NETSTAT_IP_NO_ROUTES) +
		result_added(result, NETSTAT_IP6_NO_ROUTES);
	return explains(beyond(result_added(result, NETSTAT_RETRANSMIT_FAILS), no_routes),
		sent_again(result));
}

/* Packets not sent because SYNs were dropped; 0 if something else was dropped. */
static uint64_t unsent_by_drops(const struct result *result)
{
	uint64_t lost = lost_syns(result);
	if (rule_cause(result, CAUSE_TIMED_OUT) + result_lost_a_syn(result) == 0) {
		return 0;
	}
	if (sent_again(result) > 0 && !retransmits_failed(result)) {
		return 0;
	}
	return unsent(result) >= lost ? lost : 0;
}

/* Names the rule in the hint, if the ruleset could be read and has one. */
static bool name_rule(const struct result *result, enum ruleset_deed deed, struct finding *finding)
{
	const struct ruleset_match *match = &result->own_rules[deed];
	const char *does = deed == RULESET_REJECTS ? "reject" : "drop";
	const char *direction = deed == RULESET_DROPS_ANSWERS ? "in" : "out";
	if (match->count == 0) {
		return false;
	}
	if (match->count == 1) {
		rule_say(finding->hint,
			"Check %s: no other rule of nf_tables can %s them on the way %s.",
			match->text, does, direction);
	} else {
		rule_say(finding->hint,
			"Check %s and %u more that can %s them on the way %s: `nft -a list "
			"ruleset`.",
			match->text, match->count - 1, does, direction);
	}
	return true;
}

bool rule_output_dropped(const struct result *result, struct finding *finding)
{
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	uint64_t lost = lost_syns(result);
	bool by_hook = unsent_by_drops(result) > 0 && explains(unsent(result), lost);
	/* What waits for a key is dropped without telling TCP. */
	bool by_ipsec = !by_hook && timed_out > 0 && unsent(result) >= lost &&
		result_added(result, NETSTAT_XFRM_NO_STATES) >= lost;
	bool below_ip = !by_hook && !by_ipsec && retransmits_failed(result);
	finding->count = rule_waited_or_timed_out(result);
	if (!by_hook && !below_ip && !by_ipsec) {
		return false;
	}
	if (timed_out == 0) {
		finding->weight = FINDING_REMARK; /* they were established, late */
	}
	uint64_t stayed =
		below_ip ? result_added(result, NETSTAT_RETRANSMIT_FAILS) : unsent(result);
	rule_say(finding->evidence,
		"This machine dropped SYNs it was about to send: %" PRIu64 " packet%s did "
		"not leave, and %" PRIu64 " connection%s had to wait or timed out.",
		stayed, plural(stayed), finding->count, plural(finding->count));
	if (by_ipsec) {
		rule_say(finding->hint,
			"An IPsec policy wants them encrypted, and there is no security "
			"association: check `ip xfrm policy`, and the daemon that exchanges the "
			"keys.");
		return true;
	}
	if (name_rule(result, by_hook ? RULESET_DROPS : RULESET_DROPS_AT_EGRESS, finding)) {
		return true;
	}
	rule_say(finding->hint, "%s",
		by_hook ? "Look for a rule in the hooks output and postrouting (`nft list ruleset`, "
			  "`iptables -S OUTPUT`), and for an egress program of the cgroup."
			: "They got through IP: look for a rule in the hook egress (`nft list "
			  "ruleset`) and for traffic control of the device (`tc -s qdisc`, `tc filter "
			  "show dev ... egress`).");
	return true;
}

/*
 * Whether a target is on another host: then an ICMP error from an address of this host is our own.
 */
static bool is_elsewhere(const struct result *result)
{
	for (size_t i = 0; i < result->way_count; i++) {
		if (!result->ways[i].local) {
			return true;
		}
	}
	return false;
}

/* Dials that were refused, by an ICMP error or a RST. */
static uint64_t told_no(const struct result *result)
{
	return rule_cause(result, CAUSE_REFUSED) + rule_cause(result, CAUSE_HOST_UNREACHABLE) +
		rule_cause(result, CAUSE_NETWORK_UNREACHABLE) +
		rule_cause(result, CAUSE_PROHIBITED);
}

/*
 * The loopback shows it, because a rule that rejects here answers through it. A refused dial to
 * this host takes two packets on it, the SYN and the answer: if fewer came in, there were answers
 * without SYNs. (Other programs can only add packets.)
 */
static bool answers_without_syns(const struct result *result, uint64_t refused)
{
	uint64_t came_in = result->network.values[NETSTAT_LO_PACKETS];
	return !is_elsewhere(result) && result->way_count > 0 && came_in != NETSTAT_ABSENT &&
		came_in < 2 * refused;
}

/*
 * They are as many as the packets that did not leave, and may have been answered through the
 * loopback.
 */
static bool answered_here(const struct result *result, uint64_t refused)
{
	uint64_t came_in = result->network.values[NETSTAT_LO_PACKETS];
	uint64_t left = beyond(unsent(result), unsent_by_drops(result));
	return explains(left, refused) && (came_in == NETSTAT_ABSENT || came_in >= refused);
}

bool rule_output_rejected(const struct result *result, struct finding *finding)
{
	/* An ICMP error from another host is not ours; who sent a RST cannot be seen. */
	uint64_t by_others = result->icmp.told - result->icmp.told_here;
	uint64_t maybe = beyond(told_no(result), by_others);
	uint64_t failed;
	bool stuck = find_way(result, is_silent_neighbour, &failed) != NULL ||
		find_way(result, is_dead_device, &failed) != NULL;
	bool told = result->icmp.told_here > 0 && is_elsewhere(result) && !stuck &&
		(!knows_unsent(result) || unsent(result) >= result->icmp.told_here);
	bool counted = answers_without_syns(result, maybe) || answered_here(result, maybe);
	if (!counted && !told) {
		return false;
	}
	finding->count = counted ? maybe : result->icmp.told_here;
	rule_say(finding->evidence,
		"This machine itself rejected %" PRIu64 " of %" PRIu64
		" connection%s: %s, and no SYN left.",
		finding->count, result->totals.dialed, plural(result->totals.dialed),
		told ? "the ICMP error came from an address of this host"
		     : "what it was about to send did not get past its output hook");
	if (name_rule(result, RULESET_REJECTS, finding)) {
		return true;
	}
	rule_say(finding->hint,
		"Look for a rule in the hook output that rejects (`nft list ruleset`, "
		"`iptables -S OUTPUT`), and allow this traffic there.");
	return true;
}

bool rule_reverse_path_filtered(const struct result *result, struct finding *finding)
{
	uint64_t filtered = result_added(result, NETSTAT_REVERSE_PATH_FILTERED);
	const struct reverse_path *view = &result->reverse_path;
	finding->count = rule_cause(result, CAUSE_TIMED_OUT);
	if (finding->count == 0 || filtered < finding->count ||
		filtered > RULE_ANSWERS_TIMES * (lost_syns(result) + 1)) {
		return false;
	}
	rule_say(finding->evidence,
		"This machine's reverse path filter dropped %" PRIu64 " incoming "
		"packet%s, and %" PRIu64 " connection%s %s not answered.",
		filtered, plural(filtered), finding->count, plural(finding->count),
		plural_were(finding->count));
	char name[IF_NAMESIZE + 32] = "net.ipv4.conf.DEVICE.rp_filter";
	if (view->all || view->device[0] != '\0') {
		snprintf(name, sizeof(name), "net.ipv4.conf.%s.rp_filter",
			view->all ? "all" : view->device);
	}
	rule_say(finding->hint,
		"The answers arrive on another device than the one this machine's route "
		"to their sender uses: correct the routes, or set %s to 2 (loose) or 0.",
		name);
	return true;
}

/* Unicast packets for this host that did not get past the filters of its input. */
static uint64_t undelivered(const struct result *result)
{
	uint64_t count = 0;
	const uint64_t *values = result->network.values;
	if (dials_family(result, AF_INET) && values[NETSTAT_IP_DELIVERS] != NETSTAT_ABSENT) {
		count += beyond(result_added(result, NETSTAT_IP_RECEIVES),
			result_added(result, NETSTAT_IP_DELIVERS) +
				result_added(result, NETSTAT_IP_FORWARDED) +
				result_added(result, NETSTAT_IP_MULTICASTS) +
				result_added(result, NETSTAT_IP_BROADCASTS));
	}
	if (dials_family(result, AF_INET6) && values[NETSTAT_IP6_DELIVERS] != NETSTAT_ABSENT) {
		count += beyond(result_added(result, NETSTAT_IP6_RECEIVES),
			result_added(result, NETSTAT_IP6_DELIVERS) +
				result_added(result, NETSTAT_IP6_FORWARDED) +
				result_added(result, NETSTAT_IP6_MULTICASTS));
	}
	return beyond(count, result_added(result, NETSTAT_REVERSE_PATH_FILTERED));
}

/*
 * If the target answers each SYN and the answers are dropped here, as many arrive as SYNs were
 * sent, plus those that the target repeats. If the target is on this host, the SYNs themselves may
 * be what is dropped, which other rules report.
 */
bool rule_input_dropped(const struct result *result, struct finding *finding)
{
	uint64_t lost = lost_syns(result);
	uint64_t dropped = undelivered(result);
	finding->count = rule_cause(result, CAUSE_TIMED_OUT);
	if (finding->count == 0 || !is_elsewhere(result) || dropped < lost ||
		dropped > INPUT_TIMES * lost + ABOUT_MORE) {
		return false;
	}
	rule_say(finding->evidence,
		"This machine dropped %" PRIu64 " incoming packet%s, as many as may be "
		"the answers to its SYNs, and %" PRIu64 " connection%s timed out.",
		dropped, plural(dropped), finding->count, plural(finding->count));
	if (!name_rule(result, RULESET_DROPS_ANSWERS, finding)) {
		rule_say(finding->hint,
			"Look for a rule in the hooks prerouting and input that drops the "
			"answers (`nft list ruleset`, `iptables -S INPUT`): it should accept "
			"established connections.");
	}
	return true;
}
