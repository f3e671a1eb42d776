/* SPDX-License-Identifier: MIT */
/*
 * Failures grouped by what the connections have in common: source address, family, port. A group is
 * significant if all of it failed and hardly anything outside it did. Targets have their own rule
 * (name_with_dead_address); family and port are reported if they explain more than one address, or
 * if there are too many targets to tally each.
 */
#include <stdio.h>
#include <string.h>

#include "verdict/rules.h"

/* A single failure is no group. */
#define GROUP_FAILURES_MIN 2
/* At most one in this many may have failed outside the groups. */
#define ELSEWHERE_ONE_IN 10
/* Group names in one sentence, at most. */
#define NAMES_MAX 2

/* The groups of one kind that were rejected as a whole, and the rest of the run. */
struct failing {
	size_t groups;
	uint64_t rejected; /* in these groups */
	uint64_t elsewhere; /* decided outside them, without those that failed here */
	uint64_t elsewhere_rejected;
	uint64_t first_rejected;
	uint64_t causes[CAUSE_MAX]; /* of these groups */
	char names[NAMES_MAX * (ADDRESS_TEXT_MAX + 2) + 8];
};

static uint64_t failed_here_in(const struct failure_group *group)
{
	uint64_t count = 0;
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		count += cause_side((enum cause)i) == CAUSE_SIDE_LOCAL ? group->causes[i] : 0;
	}
	return count;
}

/* Rejected by the path or the target, or ended at once; the others were held, or failed here. */
static uint64_t rejected_in(const struct failure_group *group)
{
	static const enum cause others[] = {
		CAUSE_SILENT, CAUSE_CLOSED_BY_PEER, CAUSE_RESET_BY_PEER};
	uint64_t count = 0;
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		count += group->causes[i];
	}
	count -= failed_here_in(group);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		count -= group->causes[others[i]];
	}
	return count;
}

static uint64_t decided_in(const struct failure_group *group)
{
	return group->dialed - group->undecided - failed_here_in(group);
}

static bool all_rejected(const struct failure_group *group)
{
	uint64_t rejected = rejected_in(group);
	return rejected >= GROUP_FAILURES_MIN && rejected == decided_in(group);
}

static void add_name(
	struct failing *failing, enum group_kind kind, const struct failure_group *group)
{
	char buffer[ADDRESS_TEXT_MAX];
	size_t used = strlen(failing->names);
	if (failing->groups == NAMES_MAX) {
		snprintf(failing->names + used, sizeof(failing->names) - used, ", ...");
	} else if (failing->groups < NAMES_MAX) {
		snprintf(failing->names + used, sizeof(failing->names) - used, "%s%s",
			used > 0 ? ", " : "", failure_group_value(kind, group, buffer));
	}
}

static struct failing look_at_groups(const struct result *result, enum group_kind kind)
{
	const struct failure_groups *groups = &result->groups[kind];
	const struct snapshot *end = &result->at_end;
	struct failing failing = {.first_rejected = RESULT_UNKNOWN};
	for (size_t i = 0; i < groups->count; i++) {
		const struct failure_group *group = &groups->list[i];
		if (!all_rejected(group)) {
			continue;
		}
		add_name(&failing, kind, group);
		failing.groups++;
		failing.rejected += rejected_in(group);
		if (group->first_rejected < failing.first_rejected) {
			failing.first_rejected = group->first_rejected;
		}
		for (size_t j = 0; j < CAUSE_MAX; j++) {
			failing.causes[j] += group->causes[j];
		}
	}
	uint64_t all = result_failed_there(result) + rule_ended_at_once(result);
	uint64_t decided =
		end->total - end->not_initiated - end->dialing - result_failed_here(result);
	failing.elsewhere_rejected = all - failing.rejected;
	failing.elsewhere = decided - failing.rejected;
	return failing;
}

static bool tells_apart(const struct result *result, const struct failing *failing)
{
	/* Of many small groups some fail by chance, but then more fails outside them too. */
	return failing->groups > 0 && failing->elsewhere > 0 &&
		failing->elsewhere_rejected <= failing->rejected &&
		failing->elsewhere_rejected * ELSEWHERE_ONE_IN <= failing->elsewhere &&
		/* A limit reached shortly before the group began would explain them as well. */
		(failing->elsewhere_rejected == 0 || rule_capped(result) <= failing->rejected);
}

static enum cause most_frequent(const uint64_t causes[CAUSE_MAX])
{
	enum cause most = CAUSE_NONE;
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		if (cause_side((enum cause)i) != CAUSE_SIDE_LOCAL && causes[i] > causes[most]) {
			most = (enum cause)i;
		}
	}
	return most;
}

/* "From source 192.0.2.1, all 25 connections failed (25 timed out); from others none of 25 did." */
static void say_failing(const struct failing *failing, const char *which, const char *others,
	struct finding *finding)
{
	enum cause cause = most_frequent(failing->causes);
	char elsewhere[RULE_TEXT_MAX];
	char all[2 * RULE_TEXT_MAX] = "the only connection";
	snprintf(elsewhere, sizeof(elsewhere), "%" PRIu64, failing->elsewhere_rejected);
	if (failing->rejected > 1) {
		snprintf(all, sizeof(all), "all %" PRIu64 " connections", failing->rejected);
	}
	finding->count = failing->rejected;
	finding->side = cause_side(cause);
	rule_say(finding->evidence, "%s %s, %s failed (%s%s); %s, %s of %" PRIu64 " did.", which,
		failing->names, all, failing->causes[cause] < failing->rejected ? "most: " : "",
		cause_phrase(cause), others, failing->elsewhere_rejected == 0 ? "none" : elsewhere,
		failing->elsewhere);
}

/* They were dialled last, so a limit on the number of connections would look the same. */
static bool may_be_a_limit(const struct result *result, const struct failing *failing)
{
	return rule_capped(result) == failing->rejected &&
		failing->first_rejected == result->first_rejected;
}

bool rule_failures_by_source(const struct result *result, struct finding *finding)
{
	struct failing failing = look_at_groups(result, GROUP_SOURCE);
	if (!tells_apart(result, &failing)) {
		return false;
	}
	say_failing(&failing, failing.groups > 1 ? "From the sources" : "From source",
		"from other sources", finding);
	rule_say(finding->hint,
		"The source address makes the difference: check this host's route, "
		"rp_filter and rules for it, the rules on the path, and the server's "
		"access list.%s",
		may_be_a_limit(result, &failing)
			? " They were dialled last, so a limit would look the same: with "
			  "--source-port auto the sources take turns."
			: "");
	return true;
}

/* Whether the failing groups cover more than one target that has a tally of its own. */
static bool explains_more_than_a_target(const struct result *result, enum group_kind kind)
{
	const struct failure_groups *groups = &result->groups[kind];
	const struct address *seen = NULL;
	for (size_t i = 0; i < result->target_count; i++) {
		const struct target_tally *target = &result->targets[i];
		bool inside = false;
		for (size_t j = 0; j < groups->count; j++) {
			const struct address *address = &groups->list[j].address;
			inside |= all_rejected(&groups->list[j]) &&
				(kind == GROUP_PORT ? address_port(address) ==
							address_port(&target->address)
						    : address->any.sa_family ==
							target->address.any.sa_family);
		}
		if (inside && seen != NULL && !address_same_host(seen, &target->address)) {
			return true;
		}
		seen = inside ? &target->address : seen;
	}
	return result->target_count == 0;
}

bool rule_failures_by_family(const struct result *result, struct finding *finding)
{
	struct failing failing = look_at_groups(result, GROUP_FAMILY);
	if (!tells_apart(result, &failing) || !explains_more_than_a_target(result, GROUP_FAMILY)) {
		return false;
	}
	say_failing(&failing, "Over", "over the other family", finding);
	rule_say(finding->hint,
		"Check %s as a whole: this host's address and route for it, the path, "
		"and whether the servers listen on it.",
		failing.names);
	return true;
}

bool rule_failures_by_port(const struct result *result, struct finding *finding)
{
	struct failing failing = look_at_groups(result, GROUP_PORT);
	if (!tells_apart(result, &failing) || !explains_more_than_a_target(result, GROUP_PORT)) {
		return false;
	}
	say_failing(&failing, failing.groups > 1 ? "To the ports" : "To port", "to other ports",
		finding);
	rule_say(finding->hint,
		"The port makes the difference: check whether anything listens on it, "
		"and for rules on it in front of the servers.");
	return true;
}

static uint64_t count_causes(const struct failure_group *group, uint64_t causes)
{
	uint64_t count = 0;
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		count += (causes >> i & 1) != 0 ? group->causes[i] : 0;
	}
	return count;
}

static bool is_whole_group(
	const struct failure_group *group, uint64_t causes, const struct finding *finding)
{
	return count_causes(group, causes) == finding->count &&
		group->dialed - group->undecided == finding->count;
}

static void add_group(
	enum group_kind kind, const struct failure_group *group, struct finding *finding)
{
	static const char *const prefixes[GROUP_KINDS] = {
		[GROUP_SOURCE] = "from source",
		[GROUP_FAMILY] = "over",
		[GROUP_PORT] = "to port",
	};
	char buffer[ADDRESS_TEXT_MAX];
	char sentence[ADDRESS_TEXT_MAX + 64];
	size_t used = strlen(finding->evidence);
	snprintf(sentence, sizeof(sentence), " These are all the connections %s %s, and no others.",
		prefixes[kind], failure_group_value(kind, group, buffer));
	if (used + strlen(sentence) < sizeof(finding->evidence)) {
		memcpy(finding->evidence + used, sentence, strlen(sentence) + 1);
	}
}

void rule_add_group(const struct result *result, uint64_t causes, struct finding *finding)
{
	if (finding->count < GROUP_FAILURES_MIN) {
		return;
	}
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		const struct failure_groups *groups = &result->groups[i];
		for (size_t j = 0; j < groups->count; j++) {
			if (is_whole_group(&groups->list[j], causes, finding)) {
				add_group((enum group_kind)i, &groups->list[j], finding);
				return;
			}
		}
	}
}

/* Established and not rejected, but dropped later. */
static uint64_t dropped_later_in(const struct failure_group *group)
{
	return group->causes[CAUSE_SILENT] + group->causes[CAUSE_CLOSED_BY_PEER] +
		group->causes[CAUSE_RESET_BY_PEER];
}

/* The groups that reached a limit. */
struct caps {
	size_t groups;
	uint64_t rejected;
	uint64_t kept_least; /* of any group */
	uint64_t kept_most;
};

static struct caps look_at_caps(const struct result *result, enum group_kind kind)
{
	const struct failure_groups *groups = &result->groups[kind];
	struct caps caps = {.kept_least = UINT64_MAX};
	for (size_t i = 0; i < groups->count; i++) {
		const struct failure_group *group = &groups->list[i];
		uint64_t rejected = rejected_in(group);
		uint64_t kept = decided_in(group) - rejected;
		if (!rule_is_cap(rejected, kept, dropped_later_in(group), group->before_rejected)) {
			continue;
		}
		caps.groups++;
		caps.rejected += rejected;
		caps.kept_least = kept < caps.kept_least ? kept : caps.kept_least;
		caps.kept_most = kept > caps.kept_most ? kept : caps.kept_most;
	}
	return caps;
}

static void say_caps(enum group_kind kind, const struct failure_group *first,
	const struct caps *caps, const char *limit, struct finding *finding)
{
	char buffer[ADDRESS_TEXT_MAX];
	const char *what = kind == GROUP_SOURCE ? "source" : "port";
	char which[2 * ADDRESS_TEXT_MAX];
	if (caps->groups == 1) {
		snprintf(which, sizeof(which), "Of %s %s", what,
			failure_group_value(kind, first, buffer));
	} else {
		snprintf(which, sizeof(which), "Of each of %zu %ss", caps->groups, what);
	}
	rule_say(finding->evidence,
		"%s, the first %s connection%s %s established and stayed; those dialled "
		"after %s, %" PRIu64 " in all, were rejected.",
		which, limit, plural(caps->kept_most), plural_were(caps->kept_most),
		caps->kept_most == 1 ? "it" : "them", caps->rejected);
}

bool rule_group_caps(
	const struct result *result, char ret_limit[RULE_TEXT_MAX], struct finding *finding)
{
	static const enum group_kind kinds[] = {GROUP_SOURCE, GROUP_PORT};
	uint64_t all = result_failed_there(result) + rule_ended_at_once(result);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct caps caps = look_at_caps(result, kinds[i]);
		if (caps.groups == 0 || caps.rejected < all || rule_listener_left(result)) {
			continue;
		}
		finding->count = caps.rejected;
		if (caps.kept_least == caps.kept_most) {
			snprintf(ret_limit, RULE_TEXT_MAX, "%" PRIu64, caps.kept_most);
		} else {
			snprintf(ret_limit, RULE_TEXT_MAX, "%" PRIu64 " to %" PRIu64,
				caps.kept_least, caps.kept_most);
		}
		say_caps(kinds[i], &result->groups[kinds[i]].list[0], &caps, ret_limit, finding);
		return true;
	}
	return false;
}
