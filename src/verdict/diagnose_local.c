/* SPDX-License-Identifier: MIT */
/* This machine: it failed connections, lost packets, or could not keep up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "verdict/rules.h"

/*
 * A table of this host counts as full from this share of its limit on, because entries come and go.
 */
#define FULL_PERCENT 95

/* Of the pace that was asked for. */
#define PACE_MIN_PERCENT 95
/* At least one dial in this many was late, in this many spells; fewer are isolated events. */
#define LATE_ONE_IN 4
#define LATE_SPELLS_MIN 4
#define CPU_MAX_PERCENT 90
/* Share of the dialing time spent waiting for a CPU that others have. */
#define CPU_WAIT_PERCENT 10
/* A stall this long is reported even if nothing was timed across it. */
#define STALL_REMARKABLE_NS NSEC_PER_SEC

/* Connections that failed here for one cause; the hint is that of the cause. */
static bool failed_here(
	const struct result *result, enum cause cause, const char *what, struct finding *finding)
{
	const struct cause_tally *tally = &result->causes[cause];
	char first[RULE_TEXT_MAX];
	finding->count = tally->count;
	rule_say(finding->evidence,
		"%" PRIu64 " of %" PRIu64 " connection%s %s, the first after %s.", tally->count,
		result->at_end.total, plural(result->at_end.total), what,
		rule_seconds(tally->first_ns, first));
	rule_say(finding->hint, "%s", cause_hint(cause));
	return tally->count > 0;
}

bool rule_local_ports_exhausted(const struct result *result, struct finding *finding)
{
	if (!failed_here(result, CAUSE_PORTS_EXHAUSTED, "found no free local port on this machine",
		    finding)) {
		return false;
	}
	/* The run's own are its dials, and those redialed from another port. */
	uint64_t opened = result_added(result, NETSTAT_ACTIVE_OPENS);
	if (opened > 2 * result->totals.dialed) {
		size_t used = strlen(finding->evidence);
		snprintf(finding->evidence + used, sizeof(finding->evidence) - used,
			" Other programs here dialled as well, at most %" PRIu64 " time%s.",
			opened - result->totals.dialed, plural(opened - result->totals.dialed));
	}
	return true;
}

bool rule_local_descriptors(const struct result *result, struct finding *finding)
{
	return failed_here(
		result, CAUSE_DESCRIPTORS, "got no file descriptor on this machine", finding);
}

bool rule_local_memory(const struct result *result, struct finding *finding)
{
	return failed_here(
		result, CAUSE_MEMORY, "got no memory from the kernel of this machine", finding);
}

bool rule_local_not_permitted(const struct result *result, struct finding *finding)
{
	const struct refusal *refusal = rule_first_refusal(result, CAUSE_NOT_PERMITTED);
	bool found = failed_here(
		result, CAUSE_NOT_PERMITTED, "were not permitted on this machine", finding);
	if (found && refusal != NULL) {
		bool module = refusal->error_number == EACCES;
		rule_say(finding->hint, "connect said %s, and no packet was sent: check %s%s%s%s.",
			module ? "EACCES" : "EPERM",
			module ? "the rules of a security module (Landlock, SELinux, AppArmor"
			       : "the programs of the cgroup (connect4, connect6), IPsec policies that "
				 "block (`ip xfrm policy`) and the container's profile",
			module && refusal->by[0] != '\0' ? "; this kernel has " : "",
			module ? refusal->by : "", module ? ")" : "");
	}
	return found;
}

/* A way to another host from a loopback address of this machine, which IPv6 lets out. */
static const struct way *loopback_way(const struct result *result)
{
	for (size_t i = 0; i < result->way_count; i++) {
		const struct way *way = &result->ways[i];
		if (!way->local && way->source.any.sa_family != AF_UNSPEC &&
			address_is_loopback(&way->source)) {
			return way;
		}
	}
	return NULL;
}

bool rule_source_unusable(const struct result *result, struct finding *finding)
{
	const struct refusal *refusal = rule_first_refusal(result, CAUSE_SOURCE_INVALID);
	const struct way *stays = loopback_way(result);
	bool found = failed_here(
		result, CAUSE_SOURCE_INVALID, "could not use their source address", finding);
	if (!found && stays != NULL) {
		char source[ADDRESS_TEXT_MAX];
		char target[ADDRESS_TEXT_MAX];
		finding->count = stays->failed;
		finding->weight = FINDING_LOCAL;
		rule_say(finding->evidence,
			"%" PRIu64 " connection%s %s dialled from %s, which no answer from "
			"another host can reach.",
			stays->failed, plural(stays->failed), plural_were(stays->failed),
			address_format_host(&stays->source, source));
		rule_say(finding->hint,
			"Give a --source that %s can answer to, or none: loopback addresses work "
			"only within this machine.",
			address_format_host(&stays->target, target));
		return true;
	}
	if (found && refusal != NULL) {
		char source[ADDRESS_TEXT_MAX];
		char target[ADDRESS_TEXT_MAX];
		address_format_host(&refusal->target, target);
		if (refusal->source.any.sa_family == AF_UNSPEC) {
			rule_say(finding->hint,
				"This machine has no address to reach %s from: give one to the device of "
				"the route, or dial an address of another family.",
				target);
		} else {
			rule_say(finding->hint,
				"%s cannot reach %s: give a --source that is on a route to it, or "
				"none.",
				address_format_host(&refusal->source, source), target);
		}
	}
	return found;
}

/* Of a table that has room at the end: dials found none meanwhile. */
static void say_no_entry_left(
	const struct result *result, uint64_t dropped, struct finding *finding)
{
	uint64_t evicted = result_added(result, NETSTAT_CONNTRACK_EARLY_DROPS);
	char room[64] = "";
	if (evicted > 0) {
		snprintf(room, sizeof(room), " although %" PRIu64 " other%s %s evicted", evicted,
			plural(evicted), plural_were(evicted));
	}
	rule_say(finding->evidence,
		"This host's connection tracking had no entry left for %" PRIu64
		" packet%s%s, and %" PRIu64 " connection%s had to wait or timed out.",
		dropped, plural(dropped), room, finding->count, plural(finding->count));
}

bool rule_conntrack_full(const struct result *result, struct finding *finding)
{
	const struct host_tables *tables = &result->tables;
	bool limited = tables->conntrack_max > 0 && tables->conntrack_max != RESULT_UNKNOWN &&
		tables->conntrack_used != RESULT_UNKNOWN;
	uint64_t timed_out = rule_cause(result, CAUSE_TIMED_OUT);
	finding->count = rule_waited_or_timed_out(result);
	bool full = limited &&
		tables->conntrack_used >= tables->conntrack_max / 100 * FULL_PERCENT +
				tables->conntrack_max % 100 * FULL_PERCENT / 100;
	/*
	 * Entries of unanswered SYNs come and go, so there may be room again at the end. And a
	 * table full of other programs' entries dropped nothing of ours if it counts no drop.
	 */
	bool counted = result->network.values[NETSTAT_CONNTRACK_DROPS] != NETSTAT_ABSENT;
	uint64_t dropped = result_added(result, NETSTAT_CONNTRACK_DROPS);
	if (finding->count == 0 || (counted ? dropped < finding->count : !full)) {
		return false;
	}
	if (timed_out == 0) {
		finding->weight = FINDING_REMARK; /* they were established, late */
	}
	if (!full) {
		say_no_entry_left(result, dropped, finding);
	} else {
		rule_say(finding->evidence,
			"This host's connection tracking held %" PRIu64 " of at most %" PRIu64
			" entries at the end, and %" PRIu64
			" connection%s had to wait or timed out.",
			tables->conntrack_used, tables->conntrack_max, finding->count,
			plural(finding->count));
	}
	rule_say(finding->hint,
		"A full table drops SYNs here: raise net.netfilter.nf_conntrack_max, or exempt this "
		"traffic with a notrack rule.");
	return true;
}

bool rule_time_wait_overflow(const struct result *result, struct finding *finding)
{
	uint64_t overflows = result_added(result, NETSTAT_TIME_WAIT_OVERFLOWS);
	/*
	 * Connections of this run leave TIME_WAIT here during the run if the server is here and
	 * closes them.
	 */
	uint64_t own = result->listener.here ? result->totals.dropped : 0;
	finding->count = overflows < own ? overflows : own;
	if (finding->count == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"%" PRIu64 " connection%s on this host, at most %" PRIu64
		" of them of this run, ended without TIME_WAIT.",
		overflows, plural(overflows), finding->count);
	rule_say(finding->hint,
		"Late segments may meet new connections: raise net.ipv4.tcp_max_tw_buckets.");
	return true;
}

bool rule_memory_pressure(const struct result *result, struct finding *finding)
{
	uint64_t pressures = result_added(result, NETSTAT_MEMORY_PRESSURES);
	uint64_t aborts = result_added(result, NETSTAT_ABORTS_ON_MEMORY);
	/*
	 * The counters cover all programs of this host: they matter only if connections of this run
	 * were harmed.
	 */
	uint64_t hurt =
		greater(result->totals.failed + result->totals.dropped, result_lost_a_syn(result));
	if ((pressures == 0 && aborts == 0) || hurt == 0) {
		return false;
	}
	rule_say(finding->evidence,
		"TCP on this host ran short of memory: %" PRIu64 " time%s under pressure, "
		"%" PRIu64 " connection%s of any program aborted; %" PRIu64 " of this run "
		"%s harmed.",
		pressures, plural(pressures), aborts, plural(aborts), hurt, plural_were(hurt));
	rule_say(finding->hint,
		"Raise net.ipv4.tcp_mem, or open fewer connections on this machine.");
	return true;
}

/*
 * For a run without a pace: others had the CPU. That it took all of one CPU itself is what was
 * asked for (result_is_cpu_bound), and not a finding.
 */
static bool cpu_was_the_limit(const struct result *result, struct finding *finding)
{
	uint64_t dialing_ns = result->dialing_ns;
	uint64_t cpu_ns = result->generator.cpu_ns;
	uint64_t wait_ns =
		result->generator.cpu_wait_ns == RESULT_UNKNOWN ? 0 : result->generator.cpu_wait_ns;
	double rate = result_dial_rate(result);
	if (rate <= 0 || !result_knows_cpu_share(result) ||
		cpu_ns + wait_ns < dialing_ns / 100 * CPU_MAX_PERCENT ||
		wait_ns < dialing_ns / 100 * CPU_WAIT_PERCENT) {
		return false;
	}
	rule_say(finding->evidence,
		"The run was client-limited: this machine spent %.0f%% of a CPU core on "
		"%.0f dials a second, and kept it waiting for one %.0f%% of the time.",
		100.0 * result_cpu_share(result), rate,
		100.0 * (double)wait_ns / (double)dialing_ns);
	rule_say(finding->hint,
		"The rate and the connect times are this machine's, not the target's: "
		"give this machine less other work.");
	return true;
}

/* "of 500.0 dials a second asked, 312.0 were kept", "100 at once every 1s were asked" */
static void say_pace(const struct result *result, char text[FINDING_TEXT_MAX])
{
	char described[SCHEDULE_TEXT_MAX];
	double asked = result_pace_asked(result);
	double kept = (double)(result->totals.dialed - 1) * (double)NSEC_PER_SEC /
		(double)result->generator.last_dial_ns;
	if (result->schedule.kind == SCHEDULE_STAGES || schedule_is_even(&result->schedule)) {
		rule_say(text, "of %.1f dials a second asked%s, %.1f were kept", asked,
			schedule_is_even(&result->schedule) ? "" : " on average", kept);
	} else {
		rule_say(
			text, "%.160s were asked", schedule_describe(&result->schedule, described));
	}
}

/*
 * For a run with a pace: many dials were late, and either the last ones too or others again and
 * again. A process that waits once for the CPU is late with all dials due in the meantime: a large
 * share of a short run, but an isolated event.
 */
static bool pace_was_lost(const struct result *result, struct finding *finding)
{
	const struct generator *generator = &result->generator;
	uint64_t asked_ns = schedule_due_ns(&result->schedule, result->totals.dialed - 1);
	uint64_t late_ns = histogram_percentile(&result->times[TIMES_LAG], 99) * NSEC_PER_USEC;
	bool slow = generator->last_dial_ns > asked_ns + GENERATOR_LATE_NS &&
		asked_ns < generator->last_dial_ns / 100 * PACE_MIN_PERCENT;
	bool often = generator->late_spells >= LATE_SPELLS_MIN;
	if (generator->late * LATE_ONE_IN < result->times[TIMES_LAG].count || (!slow && !often)) {
		return false;
	}
	char pace[FINDING_TEXT_MAX];
	say_pace(result, pace);
	rule_say(finding->evidence,
		"The run was client-limited: %.200s; %" PRIu64 " of %" PRIu64
		" were more than 10 ms late, one in a hundred %.1f ms or more.",
		pace, generator->late, result->times[TIMES_LAG].count,
		(double)late_ns / (double)NSEC_PER_MSEC);
	rule_say(finding->hint,
		"The target did not face the load that was asked for: give this machine "
		"less other work, ask for a slower pace, or dial from several machines.");
	return true;
}

/* The reason, as far as the kernel tells. */
static const char *why_it_stood_still(const struct stall_view *stalls)
{
	if (stalls->suspended_ns >= stalls->total_ns / 2) {
		return "The machine was suspended in the meantime.";
	}
	if (stalls->run_delay_ns == RESULT_UNKNOWN) {
		return "It was stopped, or had no CPU: give this machine less other work.";
	}
	if (stalls->run_delay_ns >= stalls->total_ns / 2) {
		return "It was ready to run but had no CPU: give this machine less other work, "
		       "or this program a larger CPU quota.";
	}
	return "It was not waiting for a CPU: it was stopped (SIGSTOP, a debugger, a cgroup's "
	       "freezer), or the whole machine was.";
}

/* It affected something that was timed, or was long enough to be noticed. */
static bool stood_still(const struct result *result, struct finding *finding)
{
	const struct stall_view *stalls = &result->stalls;
	uint64_t apart = rule_set_apart(result);
	if (stalls->count == 0 || (apart == 0 && stalls->longest_ns < STALL_REMARKABLE_NS)) {
		return false;
	}
	char total[RULE_TEXT_MAX];
	char longest[RULE_TEXT_MAX];
	char times[RULE_TEXT_MAX + 32] = "once";
	if (stalls->count > 1) {
		snprintf(times, sizeof(times), "%" PRIu64 " times, at most %s at a time, in all",
			stalls->count, rule_seconds(stalls->longest_ns, longest));
	}
	finding->count = apart;
	rule_say(finding->evidence,
		"The run was client-limited: this program was stalled %s for %s. Set "
		"apart because they span a stall: %" PRIu64 " connect time%s, %" PRIu64 " time%s "
		"to an error, %" PRIu64 " lifetime%s.",
		times, rule_seconds(stalls->total_ns, total), stalls->connect_apart,
		plural(stalls->connect_apart), stalls->failure_apart, plural(stalls->failure_apart),
		stalls->lifetime_apart, plural(stalls->lifetime_apart));
	rule_say(finding->hint, "%s", why_it_stood_still(stalls));
	return true;
}

bool rule_client_limited(const struct result *result, struct finding *finding)
{
	/* What failed here was not dialed, and has findings of its own. */
	bool dialled = result->totals.dialed >= 2 && result_failed_here(result) == 0;
	/* A throttled process is stalled: the quota says why. */
	if (dialled && rule_quota_was_the_limit(result, finding)) {
		return true;
	}
	if (stood_still(result, finding)) {
		return true;
	}
	if (!dialled) {
		return false;
	}
	return schedule_is_paced(&result->schedule) ? pace_was_lost(result, finding)
						    : cpu_was_the_limit(result, finding);
}
