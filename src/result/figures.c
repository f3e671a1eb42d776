/* SPDX-License-Identifier: MIT */
/*
 * The struct has named members, which run and rules use. This table is for code that treats them
 * alike: JSON, thresholds, the man page, and future formats. A number that is computed from others
 * (a rate, a share) is no figure: result.h has a function for it.
 */
#include "tcpgoon/result/figures.h"

#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"

#define OF(member) offsetof(struct result, member)

#define ROW(group_, name_, unit_, merge_, unknown_, member_, title_)                               \
	{                                                                                          \
		.name = name_, .title = title_, .group = FIGURES_##group_, .unit = FIGURE_##unit_, \
		.merge = FIGURE_##merge_, .may_be_unknown = unknown_, .offset = OF(member_),       \
		.size = sizeof(((struct result *)0)->member_)                                      \
	}

/* Known if `known_` is not 0. */
#define ROW_IF(known_, group_, name_, unit_, merge_, member_, title_)                              \
	{                                                                                          \
		.name = name_, .title = title_, .group = FIGURES_##group_, .unit = FIGURE_##unit_, \
		.merge = FIGURE_##merge_, .may_be_unknown = true, .known_by = OF(known_),          \
		.known_by_size = sizeof(((struct result *)0)->known_), .offset = OF(member_),      \
		.size = sizeof(((struct result *)0)->member_)                                      \
	}

/* A count of connections. */
#define METRIC(name_, member_, metric_, share_of_, title_)                             \
	{                                                                              \
		.name = name_, .title = title_, .group = FIGURES_CONNECTIONS,          \
		.unit = FIGURE_COUNT, .merge = FIGURE_SUM, .offset = OF(member_),      \
		.size = sizeof(uint64_t), .metric = metric_, .share_of = OF(share_of_) \
	}

static const struct figure rows[] = {
	ROW(RUN, "duration_ns", NS, GREATEST, false, duration_ns,
		"from the start to the end of the hold"),
	ROW(RUN, "dialing_ns", NS, GREATEST, true, dialing_ns,
		"from the start until the last connection was decided"),

	ROW(CONNECTIONS, "requested", COUNT, SUM, false, at_end.total, "connections asked for"),
	METRIC("dialed", totals.dialed, "dialed", at_end.total, "connections that were dialed"),
	METRIC("established", totals.established, "established", at_end.total,
		"connections ever established"),
	{
		.name = "unconfirmed_least",
		.title = "established here, while the peer repeats its SYN-ACK",
		.group = FIGURES_CONNECTIONS,
		.unit = FIGURE_COUNT,
		.merge = FIGURE_SUM,
		.may_be_unknown = true,
		.offset = OF(unconfirmed),
		.size = sizeof(uint64_t),
		.by_kernel = true,
		.metric = "unconfirmed",
		.share_of = OF(totals.established),
		.at_most = OF(unconfirmed_most),
	},
	ROW(CONNECTIONS, "unconfirmed_most", COUNT, SUM, true, unconfirmed_most,
		"established here, while the peer may be repeating its SYN-ACK"),
	METRIC("failed", totals.failed, "errors", totals.dialed,
		"connections that were never established"),
	METRIC("closed_by_peer", totals.dropped, "drops", totals.established,
		"established, then ended by the peer or the path"),
	METRIC("open_at_end", at_end.established, "open", at_end.total,
		"connections open at the end"),
	METRIC("undecided", at_end.dialing, "undecided", at_end.total,
		"still dialing when the run ended"),
	ROW(CONNECTIONS, "not_dialed", COUNT, SUM, false, at_end.not_initiated,
		"connections that were never dialed"),
	{
		.name = "max_concurrent",
		.title = "most connections open at one time",
		.group = FIGURES_CONNECTIONS,
		.unit = FIGURE_COUNT,
		.merge = FIGURE_GREATEST, /* at least: when the others had theirs is not known */
		.offset = OF(max_concurrent),
		.size = sizeof(uint64_t),
		.metric = "max-concurrent",
		.share_of = OF(at_end.total),
	},
	ROW(CONNECTIONS, "given_up_by_kernel", COUNT, SUM, false, given_up_by_kernel,
		"dials that the kernel gave up before the dial timeout"),
	ROW(CONNECTIONS, "received_from", COUNT, SUM, false, received_from,
		"established connections on which the peer sent data"),
	ROW(CONNECTIONS, "first_rejected", COUNT, LEAST, true, first_rejected,
		"number of the first connection that the path or the target rejected"),
	ROW(CONNECTIONS, "last_rejected", COUNT, GREATEST, true, last_rejected,
		"number of the last connection that the path or the target rejected"),

	ROW_IF(kernel.possible, KERNEL, "asked", COUNT, SUM, kernel.asked,
		"connections that the kernel was asked about"),
	ROW_IF(kernel.possible, KERNEL, "unanswered", COUNT, SUM, kernel.unanswered,
		"connections that the kernel gave no answer about"),
	ROW_IF(kernel.possible, KERNEL, "agreed", COUNT, SUM, kernel.agreed,
		"connections that the kernel had in the same state"),
	ROW_IF(kernel.possible, KERNEL, "missing", COUNT, SUM, kernel.missing,
		"open connections that the kernel did not know"),
	ROW_IF(kernel.possible, KERNEL, "too_young", COUNT, SUM, kernel.too_young,
		"connections too young to tell whether the peer completed them"),
	ROW_IF(kernel.possible, KERNEL, "doubtful", COUNT, SUM, kernel.doubtful,
		"connections whose SYN-ACK may have been repeated, outcome not known"),
	ROW_IF(kernel.possible, KERNEL, "repeated_once", COUNT, SUM, kernel.repeated_once,
		"connections whose SYN-ACK was repeated once, at most"),
	ROW_IF(kernel.possible, KERNEL, "syn_retransmits", COUNT, SUM, kernel.syn_retransmits,
		"SYNs retransmitted"),
	ROW_IF(kernel.possible, KERNEL, "retransmitted", COUNT, SUM, kernel.retransmitted,
		"connections whose SYN was retransmitted"),
	ROW_IF(kernel.possible, KERNEL, "stale_syns", COUNT, SUM, kernel.stale_syns,
		"SYNs retransmitted because the peer still had the 4-tuple in use"),
	ROW_IF(kernel.possible, KERNEL, "stale_tuples", COUNT, SUM, kernel.stale_tuples,
		"connections whose 4-tuple the peer still had in use"),
	ROW_IF(kernel.possible, KERNEL, "slow_syns", COUNT, SUM, kernel.slow_syns,
		"SYNs retransmitted although the first was answered, late"),
	ROW_IF(kernel.possible, KERNEL, "slow_answers", COUNT, SUM, kernel.slow_answers,
		"connections whose first SYN was answered late"),
	ROW(KERNEL, "not_accepted", COUNT, SUM, true, kernel.not_accepted,
		"open connections that no program of this host has accepted"),
	ROW(KERNEL, "no_other_end", COUNT, SUM, true, kernel.no_other_end,
		"open connections whose other end the kernel does not know"),
	ROW_IF(kernel.possible, KERNEL, "cost_ns", NS, SUM, kernel.cost_ns,
		"time spent asking the kernel"),

	ROW(STALLS, "count", COUNT, SUM, false, stalls.count, "stalls of this program"),
	ROW(STALLS, "total_ns", NS, SUM, false, stalls.total_ns, "time stalled in all"),
	ROW(STALLS, "longest_ns", NS, GREATEST, false, stalls.longest_ns, "longest stall"),
	ROW(STALLS, "suspended_ns", NS, SUM, false, stalls.suspended_ns,
		"time stalled because the machine was suspended"),
	ROW(STALLS, "run_delay_ns", NS, SUM, true, stalls.run_delay_ns,
		"time ready to run but without a CPU, in the whole run"),
	ROW(STALLS, "connect_apart", COUNT, SUM, false, stalls.connect_apart,
		"connect times set apart because they span a stall"),
	ROW(STALLS, "failure_apart", COUNT, SUM, false, stalls.failure_apart,
		"times to an error set apart because they span a stall"),
	ROW(STALLS, "lifetime_apart", COUNT, SUM, false, stalls.lifetime_apart,
		"lifetimes set apart because they span a stall"),

	ROW(CLOSING, "closed", COUNT, SUM, false, closing.closed, "connections closed at the end"),
	ROW(CLOSING, "half_closed", COUNT, SUM, false, closing.half_closed,
		"connections shut down first because the peer had sent data"),
	ROW(CLOSING, "acknowledged", COUNT, SUM, true, closing.acknowledged,
		"FINs that the peer acknowledged"),
	ROW(CLOSING, "unanswered", COUNT, SUM, true, closing.unanswered,
		"FINs that the peer did not answer"),
	ROW(CLOSING, "reset", COUNT, SUM, true, closing.reset,
		"connections reset while closing, at least"),
	ROW(CLOSING, "undetermined", COUNT, SUM, true, closing.undetermined,
		"FINs whose fate was not seen"),
	ROW(CLOSING, "waited_ns", NS, GREATEST, false, closing.waited_ns,
		"time spent looking for the answers to the FINs"),

	ROW_IF(listener.known, LISTENER, "backlog", COUNT, GREATEST, listener.backlog,
		"size of the listening socket's accept queue"),
	ROW_IF(listener.known, LISTENER, "queued_most", COUNT, GREATEST, listener.queued_most,
		"most connections seen waiting to be accepted"),
	ROW_IF(listener.known, LISTENER, "queued_at_start", COUNT, FIRST, listener.queued_at_start,
		"connections waiting to be accepted at the start"),
	ROW_IF(listener.known, LISTENER, "queued_at_end", COUNT, GREATEST, listener.queued_at_end,
		"connections waiting to be accepted at the end"),
	ROW(LISTENER, "drained_for_ns", NS, GREATEST, false, listener.drained_for_ns,
		"time over which the accept queues were watched"),
	ROW(LISTENER, "dropped", COUNT, GREATEST, true, listener.dropped,
		"SYNs and last ACKs that the listening socket had no room for"),

	ROW(TABLES, "conntrack_used", COUNT, GREATEST, true, tables.conntrack_used,
		"entries in use of the connection tracking table"),
	ROW(TABLES, "conntrack_max", COUNT, SAME, true, tables.conntrack_max,
		"size of the connection tracking table; 0: unlimited"),
	ROW(TABLES, "time_wait_used", COUNT, GREATEST, true, tables.time_wait_used,
		"TIME_WAIT sockets"),
	ROW(TABLES, "time_wait_max", COUNT, SAME, true, tables.time_wait_max,
		"limit of TIME_WAIT sockets"),

	ROW(ICMP, "told", COUNT, SUM, false, icmp.told, "dials that an ICMP error ended"),
	ROW(ICMP, "told_here", COUNT, SUM, false, icmp.told_here,
		"dials that an ICMP error of this host ended"),

	ROW(GENERATOR, "cpu_ns", NS, SUM, false, generator.cpu_ns, "CPU time while dialling"),
	ROW(GENERATOR, "cpu_wait_ns", NS, SUM, true, generator.cpu_wait_ns,
		"time ready to run but without a CPU, while dialing"),
	ROW_IF(totals.dialed, GENERATOR, "last_dial_ns", NS, GREATEST, generator.last_dial_ns,
		"when the last dial began"),
	ROW(GENERATOR, "late", COUNT, SUM, false, generator.late,
		"dials more than 10 ms after their due time"),
	ROW(GENERATOR, "late_spells", COUNT, SUM, false, generator.late_spells,
		"runs of late dials"),
	ROW(GENERATOR, "cq_overflows", COUNT, SUM, false, generator.cq_overflows,
		"completions that did not fit their queue and came late"),
	ROW(GENERATOR, "lines_dropped", COUNT, SUM, false, generator.lines_dropped,
		"lines of status and debugging that were not read in time"),
	ROW(GENERATOR, "resolution_us", US, GREATEST, false, generator.resolution_us,
		"resolution of the connect times"),
	ROW(GENERATOR, "lanes", COUNT, SUM, false, generator.lanes, "rings in use"),

	ROW(QUOTA, "quota_ns", NS, FIRST, true, generator.quota_ns,
		"tightest CPU quota of the control groups, in each period"),
	ROW(QUOTA, "period_ns", NS, FIRST, true, generator.quota_period_ns, "period of that quota"),
	ROW(QUOTA, "throttled", COUNT, SUM, false, generator.throttled,
		"times that a quota stopped a control group"),
	ROW(QUOTA, "throttled_ns", NS, SUM, false, generator.throttled_ns,
		"time that quotas stopped control groups, of all CPUs"),

	ROW(HOST, "cpus", COUNT, SAME, true, machine.cpus, "CPUs online"),
	ROW(HOST, "cpus_allowed", COUNT, SAME, true, machine.cpus_allowed,
		"CPUs that the process may use"),
	ROW(HOST, "memory_bytes", BYTES, SAME, true, machine.memory_bytes, "memory of the machine"),
	ROW(HOST, "nofile", COUNT, SAME, true, machine.nofile,
		"limit of open files of the process"),
	ROW(HOST, "port_low", COUNT, SAME, true, machine.port_low,
		"lower end of net.ipv4.ip_local_port_range"),
	ROW(HOST, "port_high", COUNT, SAME, true, machine.port_high,
		"upper end of net.ipv4.ip_local_port_range"),
	ROW(HOST, "syn_retries", COUNT, SAME, true, machine.syn_retries,
		"net.ipv4.tcp_syn_retries"),

	ROW(LEFT, "ports", COUNT, LEAST, true, left.ports, "ports left to other programs"),
	ROW(LEFT, "ports_of", COUNT, SAME, true, left.ports_of, "ports that the kernel hands out"),
	ROW(LEFT, "files", COUNT, LEAST, true, left.files, "open files left to other programs"),
	ROW(LEFT, "files_of", COUNT, SAME, true, left.files_of, "fs.file-max"),
	ROW(LEFT, "memory_bytes", BYTES, LEAST, true, left.memory_bytes,
		"memory left to other programs"),
	ROW(LEFT, "memory_of_bytes", BYTES, SAME, true, left.memory_of_bytes,
		"memory of the machine"),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const group_names[FIGURE_GROUPS] = {
	[FIGURES_RUN] = NULL,
	[FIGURES_CONNECTIONS] = "connections",
	[FIGURES_KERNEL] = "kernel",
	[FIGURES_STALLS] = "stalls",
	[FIGURES_CLOSING] = "closing",
	[FIGURES_LISTENER] = "listener",
	[FIGURES_TABLES] = "tables",
	[FIGURES_ICMP] = "icmp",
	[FIGURES_GENERATOR] = "generator",
	[FIGURES_QUOTA] = "cpu_quota",
	[FIGURES_HOST] = "host",
	[FIGURES_LEFT] = "left_for_others",
};

const struct figure *figure_at(size_t index)
{
	return index < ROWS ? &rows[index] : NULL;
}

const struct figure *figure_by_offset(size_t offset)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].offset == offset) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *figure_group_name(enum figure_group group)
{
	return group_names[group];
}

static const struct {
	const char *own; /* at the end of a name */
	const char *base;
	uint64_t per_base;
} units[] = {
	[FIGURE_COUNT] = {"", "", 1},
	[FIGURE_NS] = {"_ns", "_seconds", NSEC_PER_SEC},
	[FIGURE_US] = {"_us", "_seconds", USEC_PER_SEC},
	[FIGURE_BYTES] = {"_bytes", "_bytes", 1},
};

char *figure_base_name(const struct figure *figure, char buffer[FIGURE_BASE_NAME_MAX])
{
	size_t length = strlen(figure->name) - strlen(units[figure->unit].own);
	snprintf(buffer, FIGURE_BASE_NAME_MAX, "%.*s%s", (int)length, figure->name,
		units[figure->unit].base);
	return buffer;
}

uint64_t figure_per_base_unit(const struct figure *figure)
{
	return units[figure->unit].per_base;
}

static uint64_t value_at(const struct result *result, size_t offset, size_t size)
{
	const char *at = (const char *)result + offset;
	return size == sizeof(uint64_t) ? *(const uint64_t *)at
		: size == sizeof(bool)  ? *(const bool *)at
					: *(const uint32_t *)at;
}

uint64_t figure_value(const struct figure *figure, const struct result *result)
{
	uint64_t value = value_at(result, figure->offset, figure->size);
	bool known = value > 0 || figure->known_by_size == 0 ||
		value_at(result, figure->known_by, figure->known_by_size) != 0;
	return known ? value : RESULT_UNKNOWN;
}

bool figure_set(const struct figure *figure, struct result *result, uint64_t value)
{
	char *at = (char *)result + figure->offset;
	if (value == RESULT_UNKNOWN && figure->known_by_size > 0) {
		value = 0;
	}
	if (figure->size == sizeof(uint64_t)) {
		*(uint64_t *)at = value;
	} else if (value <= UINT32_MAX) {
		*(uint32_t *)at = (uint32_t)value;
	} else {
		return false;
	}
	return true;
}

static uint64_t merged(const struct figure *figure, uint64_t a, uint64_t b)
{
	bool known = a != RESULT_UNKNOWN && b != RESULT_UNKNOWN;
	switch (figure->merge) {
	case FIGURE_SUM:
		return known ? a + b : RESULT_UNKNOWN;
	case FIGURE_GREATEST:
		return known ? (a > b ? a : b) : (a == RESULT_UNKNOWN ? b : a);
	case FIGURE_LEAST:
		return a < b ? a : b; /* unknown is the greatest */
	case FIGURE_SAME:
		return a == b ? a : RESULT_UNKNOWN;
	case FIGURE_FIRST:
		break;
	}
	return a;
}

void figures_merge(struct result *into, const struct result *from)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct figure *figure = &rows[i];
		uint64_t a = figure_value(figure, into);
		uint64_t b = figure_value(figure, from);
		figure_set(figure, into, merged(figure, a, b));
	}
}
