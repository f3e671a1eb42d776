/* SPDX-License-Identifier: MIT */
/*
 * The cost of a connection was measured with a million of them, idle and watched on both ends: each
 * end took 4.2 KB of MemFree. (It took only 3.2 KB of MemAvailable, which counts the inodes of open
 * sockets as reclaimable.) If the target is on this host, both ends are. Idle sockets charge
 * nothing to tcp_mem, which counts queued data; it only must not be exhausted by others already.
 *
 * A client's end is charged the same to its control group. (Measured with version 1: 4,190 to 4,210
 * bytes.) A server's end is charged 1.5 KB to its group: what loopback allocates for it is charged
 * to none. A target on this host is assumed to be in the same group, as in a demo.
 */
#include "tcpgoon/plan/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tcpgoon/base/units.h"

#define CONNECTION_BYTES 4300 /* per end, in the kernel */
#define RECORD_BYTES 16 /* in the table */
#define SERVER_GROUP_BYTES 1600 /* per end of a server, in its control group */
/* What the process needs for any number of connections: histograms, buffers, stack. */
#define PROCESS_BYTES (UINT64_C(2) << 20)

static void __attribute__((format(printf, 3, 4)))
judge(struct check *check, bool ok, const char *fix, ...)
{
	check->ok = ok;
	if (!ok) {
		va_list arguments;
		va_start(arguments, fix);
		vsnprintf(check->fix, sizeof(check->fix), fix, arguments);
		va_end(arguments);
	}
}

/* Failing with what is in use taken for nothing is certain; passing is not. */
static void note_unknown(struct check *check, bool unread)
{
	check->unknown = unread && check->ok;
}

static bool is_within(const struct check *check)
{
	return check->have == LIMITS_NONE || check->need <= check->have;
}

/* For limits shared by all programs of the host: how much is left for others. */
static void note_left(struct check *check, uint64_t have)
{
	bool limited = have < INT64_MAX; /* fs.file-max is set to this to disable it */
	check->left = !limited ? LIMITS_NONE : have > check->need ? have - check->need : 0;
}

static void check_tuples(struct checks *checks, const struct plan *plan)
{
	struct check *check = &checks->list[CHECK_TUPLES];
	const struct tuples *tuples = &plan->tuples;
	/* Without a route there are none, and none are needed: connect() fails at once. */
	uint64_t targets = plan->targets.count;
	uint64_t reachable = targets - plan->routeless;
	uint64_t capacity = tuples_capacity(tuples);
	check->have = capacity == LIMITS_NONE && reachable > 0 ? LIMITS_NONE
							       : capacity / targets * reachable;
	check->need = reachable == targets
		? plan->settings.connections
		: (plan->settings.connections + targets - 1) / targets * reachable;
	uint64_t each = (uint64_t)tuples->ports * plan->targets.count;
	if (each == 0) {
		judge(check, is_within(check),
			"another port with --source-port: no target is dialled from its own");
		return;
	}
	uint64_t sources = (check->need + each - 1) / each;
	judge(check, is_within(check),
		"--connections %" PRIu64 ", or %" PRIu64
		" source addresses with --source (each has %" PRIu64 "), or more target ports",
		check->have, sources, each);
}

static void check_open_files(struct checks *checks, const struct check_own *own)
{
	struct check *check = &checks->list[CHECK_OPEN_FILES];
	check->have = own->nofile;
	check->need = own->needs.descriptors;
	judge(check, is_within(check), "ulimit -n %" PRIu64 "%s", check->need,
		own->needs.descriptor_each ? ", or io_uring, which takes far fewer" : "");
}

static void check_locked(struct checks *checks, const struct check_own *own)
{
	struct check *check = &checks->list[CHECK_LOCKED];
	check->have = own->memlock;
	check->need = own->needs.locked_memory;
	judge(check, is_within(check),
		"ulimit -l %" PRIu64 ", or a larger ulimit -n, which needs fewer rings",
		check->need / 1024 + 1);
}

static uint64_t used_plus(uint64_t used, uint64_t more)
{
	return (used == LIMITS_NONE ? 0 : used) + more;
}

/* Where no limit is set, what is in use does not matter. */
static bool files_are_unread(const struct limits *limits)
{
	return limits->files_max == LIMITS_NONE ||
		(limits->files_max < INT64_MAX && limits->files_used == LIMITS_NONE);
}

static void check_system_files(struct checks *checks, const struct plan *plan,
	const struct limits *limits, const struct check_own *own, uint64_t ends)
{
	struct check *check = &checks->list[CHECK_SYSTEM_FILES];
	check->have = own->exempt_from_file_max ? LIMITS_NONE : limits->files_max;
	check->need = used_plus(limits->files_used, plan->settings.connections * ends);
	note_left(check, limits->files_max); /* others may not be exempt */
	judge(check, is_within(check), "sysctl -w fs.file-max=%" PRIu64, check->need);
	note_unknown(check, !own->exempt_from_file_max && files_are_unread(limits));
}

static void check_conntrack(
	struct checks *checks, const struct plan *plan, const struct limits *limits)
{
	struct check *check = &checks->list[CHECK_CONNTRACK];
	/* If the table is empty, no rule has enabled the connection tracker. */
	bool tracking = limits->conntrack_max != 0 && limits->conntrack_used != 0 &&
		limits->conntrack_used != LIMITS_NONE;
	check->have = tracking ? limits->conntrack_max : LIMITS_NONE;
	check->need = used_plus(limits->conntrack_used, plan->settings.connections);
	note_left(check, check->have);
	judge(check, is_within(check), "sysctl -w net.netfilter.nf_conntrack_max=%" PRIu64,
		check->need);
	note_unknown(check, tracking && limits->conntrack_max == LIMITS_NONE);
}

static void check_tcp_memory(struct checks *checks, const struct limits *limits)
{
	struct check *check = &checks->list[CHECK_TCP_MEMORY];
	check->have = limits->tcp_memory_max_pages;
	check->need = used_plus(limits->tcp_memory_used_pages, 1);
	judge(check, is_within(check),
		"sysctl -w net.ipv4.tcp_mem='%" PRIu64 " %" PRIu64 " %" PRIu64 "'",
		limits->tcp_memory_low_pages * 2, limits->tcp_memory_pressure_pages * 2,
		limits->tcp_memory_max_pages * 2);
	note_unknown(check,
		limits->tcp_memory_max_pages == LIMITS_NONE ||
			limits->tcp_memory_used_pages == LIMITS_NONE);
}

static void check_memory(
	struct checks *checks, const struct plan *plan, const struct limits *limits, uint64_t ends)
{
	struct check *check = &checks->list[CHECK_MEMORY];
	uint64_t each = CONNECTION_BYTES * ends + RECORD_BYTES;
	check->have = limits->memory_available_bytes;
	check->need = plan->settings.connections * each;
	note_left(check, check->have);
	judge(check, is_within(check), "--connections %" PRIu64 ", or a machine with more memory",
		check->have / each);
	note_unknown(check, check->have == LIMITS_NONE);
}

static void check_group_memory(
	struct checks *checks, const struct plan *plan, const struct check_own *own)
{
	struct check *check = &checks->list[CHECK_GROUP_MEMORY];
	const struct cgroup_limit *memory = &own->cgroup.memory;
	uint64_t base = PROCESS_BYTES + own->needs.locked_memory;
	uint64_t each =
		CONNECTION_BYTES + RECORD_BYTES + (plan->target_is_here ? SERVER_GROUP_BYTES : 0);
	char limit[UNITS_TEXT_MAX];
	check->have = memory->limit == CGROUP_NONE ? LIMITS_NONE : memory->left;
	check->need = plan->settings.connections * each + base;
	judge(check, is_within(check),
		"--connections %" PRIu64 ", or a higher limit than %s in %s: %" PRIu64,
		check->have > base ? (check->have - base) / each : 0,
		units_format_bytes(memory->limit, limit), memory->file,
		memory->limit + check->need - check->have);
}

static void check_address_space(
	struct checks *checks, const struct plan *plan, const struct check_own *own)
{
	struct check *check = &checks->list[CHECK_ADDRESS_SPACE];
	const struct limits_space *space = &own->space;
	check->have = space->limit == LIMITS_NONE ? LIMITS_NONE : space->left;
	check->need = plan->settings.connections * RECORD_BYTES + PROCESS_BYTES +
		own->needs.locked_memory;
	judge(check, is_within(check), "ulimit -%c %" PRIu64, space->letter,
		(space->limit + check->need - check->have) / 1024 + 1);
}

void check_plan(struct checks *ret_checks, const struct plan *plan, const struct limits *limits,
	const struct check_own *own)
{
	uint64_t ends = plan->target_is_here ? 2 : 1;
	*ret_checks = (struct checks){.needs = own->needs, .possible = true, .certain = true};
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		ret_checks->list[i].left = LIMITS_NONE;
	}
	check_tuples(ret_checks, plan);
	check_open_files(ret_checks, own);
	check_locked(ret_checks, own);
	check_system_files(ret_checks, plan, limits, own, ends);
	check_conntrack(ret_checks, plan, limits);
	check_tcp_memory(ret_checks, limits);
	check_memory(ret_checks, plan, limits, ends);
	check_group_memory(ret_checks, plan, own);
	check_address_space(ret_checks, plan, own);
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		ret_checks->possible = ret_checks->possible && ret_checks->list[i].ok;
		ret_checks->certain = ret_checks->certain && !ret_checks->list[i].unknown;
	}
}

void check_needs(const struct plan *plan, const struct check_own *own,
	const struct transport_ops *transport, uint64_t connections,
	struct transport_needs *ret_needs)
{
	const struct transport_params params = {
		.slots = connections,
		.nofile = own->nofile,
		.memlock = own->memlock,
		.watch_fd = -1,
		.fin = plan->settings.close_mode == CLOSE_FIN,
	};
	transport->needs(&params, ret_needs);
}

/* By halving: no check holds for more connections if it fails for fewer. */
uint64_t check_most(enum check_kind kind, const struct plan *plan, const struct limits *limits,
	const struct check_own *own, const struct transport_ops *transport)
{
	struct plan tried = *plan;
	struct check_own needing = *own;
	struct checks checks;
	uint64_t holds = 0;
	uint64_t fails = SETTINGS_CONNECTIONS_MAX + 1;
	while (holds + 1 < fails) {
		tried.settings.connections = holds + (fails - holds) / 2;
		check_needs(plan, own, transport, tried.settings.connections, &needing.needs);
		check_plan(&checks, &tried, limits, &needing);
		*(checks.list[kind].ok ? &holds : &fails) = tried.settings.connections;
	}
	return holds == SETTINGS_CONNECTIONS_MAX ? LIMITS_NONE : holds;
}

static const struct {
	const char *name;
	const char *lack; /* continued with "there are ... of ... needed" */
	bool bytes;
} kinds[CHECK_KIND_MAX] = {
	[CHECK_TUPLES] = {"4-tuples", "4-tuples of source and target", false},
	[CHECK_OPEN_FILES] = {"open files", "open files", false},
	[CHECK_LOCKED] = {"locked memory", "locked memory for the rings", true},
	[CHECK_SYSTEM_FILES] = {"fs.file-max", "files on this host (fs.file-max)", false},
	[CHECK_CONNTRACK] = {"conntrack", "entries of the connection tracker", false},
	[CHECK_TCP_MEMORY] = {"tcp_mem pages", "pages of TCP memory", false},
	[CHECK_MEMORY] = {"memory", "free memory", true},
	[CHECK_GROUP_MEMORY] = {"cgroup memory", "memory left to the control group", true},
	[CHECK_ADDRESS_SPACE] = {"address space", "address space for this process", true},
};

const char *check_name(enum check_kind kind)
{
	return kinds[kind].name;
}

bool check_is_bytes(enum check_kind kind)
{
	return kinds[kind].bytes;
}

char *check_refusal(const struct checks *checks, char buffer[CHECK_SENTENCE_MAX])
{
	buffer[0] = '\0';
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		const struct check *check = &checks->list[i];
		if (check->ok) {
			continue;
		}
		char have[UNITS_TEXT_MAX];
		char need[UNITS_TEXT_MAX];
		if (kinds[i].bytes) {
			units_format_bytes(check->have, have);
			units_format_bytes(check->need, need);
		} else {
			units_format_count(check->have, have);
			units_format_count(check->need, need);
		}
		snprintf(buffer, CHECK_SENTENCE_MAX,
			"this machine cannot carry out the run: %s: %s needed, %s available; give "
			"%s",
			kinds[i].lack, need, have, check->fix);
		break;
	}
	return buffer;
}
