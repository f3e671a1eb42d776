/* SPDX-License-Identifier: MIT */
/*
 * Every limit that can refuse a run is a check of plan/check, so the lines of those are made from
 * the checks: how many connections one allows is the largest plan for which it holds, and what
 * lifts it is what the check itself says of the plan that it refuses. A line that allows the
 * connections asked for is still a limit if it does not allow a million: then the remedy is that
 * for a million.
 *
 * The lines beyond the checks are of what makes a run slow or changes what it shows, and refuses
 * none: the engine, the processors, the ports that this host hands out, the queue of a server here,
 * TIME_WAIT.
 */
#include "tcpgoon/plan/machine.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/plural.h"
#include "tcpgoon/base/units.h"

/* RFC 5737: never the address of a host. */
#define NO_TARGET "192.0.2.1"
#define NO_SOURCE "192.0.2.2"

/* Linux has had this default of net.core.somaxconn since 5.4. */
#define BACKLOG_USUAL 4096

static int lay_out(struct plan *plan, const struct ports_policy *ports, struct error *error)
{
	static const uint32_t first_set[1];
	struct address target;
	struct source_range range = {.count = 1};
	const struct source_set set = {.ranges = &range, .range_count = 1};
	const struct port_order_params order_params = {
		.low = TUPLES_PORT_LOW, .high = TUPLES_PORT_HIGH, .policy = ports};
	struct port_order order = PORT_ORDER_INIT;
	(void)address_parse_literal(NO_TARGET, 0, &target);
	(void)address_parse_literal(NO_SOURCE, 0, &range.first);
	int r = targets_init(&plan->targets, &target, 1, "80", error);
	if (r == 0) {
		r = port_order_init(&order, &order_params);
	}
	if (r == 0) {
		const struct tuples_params params = {
			.targets = &plan->targets,
			.sets = &set,
			.set_count = 1,
			.set_of_target = first_set,
			.order = &order,
		};
		r = tuples_init(&plan->tuples, &params);
	}
	port_order_finish(&order);
	return r < 0 ? error_set(error, r, "out of memory for the plan") : 0;
}

int machine_create_plan(uint64_t connections, const struct ports_policy *ports,
	struct plan **ret_plan, struct error *error)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	if (plan == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the plan");
	}
	plan->settings.connections = connections;
	int r = lay_out(plan, ports, error);
	if (r < 0) {
		plan_destroy(plan);
		return r;
	}
	*ret_plan = plan;
	return 0;
}

static struct machine_line *add_line(struct machine_report *report, const char *name)
{
	struct machine_line *line = &report->lines[report->count++];
	line->name = name;
	line->connections = LIMITS_NONE;
	return line;
}

static void __attribute__((format(printf, 2, 3)))
say(struct machine_line *line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line->text, sizeof(line->text), format, arguments);
	va_end(arguments);
}

static void __attribute__((format(printf, 3, 4)))
advise(struct machine_line *line, enum machine_mark mark, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	line->mark = mark;
	vsnprintf(line->fix, sizeof(line->fix), format, arguments);
	va_end(arguments);
}

/* `name` is what could not be read, or "" for that of the line. */
static void say_unreadable(struct machine_line *line, const char *name)
{
	say(line, "%s%scannot be read", name, name[0] != '\0' ? " " : "");
	line->mark = MACHINE_UNKNOWN;
}

static const char *count(uint64_t value, char buffer[UNITS_TEXT_MAX])
{
	return value == LIMITS_NONE ? "unlimited" : units_format_count(value, buffer);
}

static void describe_engine(const struct machine_view *view, struct machine_report *report)
{
	struct machine_line *line = add_line(report, "engine");
	bool is_epoll = view->transport == &transport_epoll;
	if (view->transport_code < 0) {
		line->connections = 0;
		say(line, "%s, tried: refused", view->transport->name);
		advise(line, MACHINE_PROBLEM, "%s", view->transport_why);
		return;
	}
	say(line, "%s, tried: works%s", view->transport->name,
		is_epoll ? "; each connection takes a file descriptor" : "");
	if (is_epoll) {
		advise(line, MACHINE_LIMIT, "%s", view->transport_why);
	}
}

static void describe_processors(const struct machine_view *view, struct machine_report *report)
{
	struct machine_line *line = add_line(report, "CPUs");
	const struct cgroup_cpu *cpu = &view->own->cgroup.cpu;
	char processors[UNITS_TEXT_MAX];
	const char *usable =
		view->processors == 0 ? "some" : units_format_count(view->processors, processors);
	if (cpu->quota_us == CGROUP_NONE) {
		say(line, "%s may be used; the program uses one", usable);
		return;
	}
	say(line, "%s may be used; the quota of the control group is %.0f%% of one", usable,
		100.0 * (double)cpu->quota_us / (double)cpu->period_us);
	if (cpu->quota_us < cpu->period_us) {
		advise(line, MACHINE_LIMIT,
			"give a higher quota in %s: %" PRIu64
			" or more, or a longer --sleep; in a container: --cpus=1",
			cpu->file, cpu->period_us);
	}
}

static void describe_route(const struct machine_view *view, struct machine_report *report)
{
	if (view->route == NULL) {
		return;
	}
	struct machine_line *line = add_line(report, "route");
	if (view->route[0] == '\0') {
		say(line, "leads to the target");
		return;
	}
	line->connections = 0;
	say(line, "%s", view->route);
	advise(line, MACHINE_PROBLEM, "'ip route get' and 'ip link' show it");
}

static unsigned count_ports(const struct port_set *set)
{
	unsigned ports = 0;
	for (size_t i = 0; i < PORT_SET_WORDS; i++) {
		ports += (unsigned)__builtin_popcountll(set->words[i]);
	}
	return ports;
}

static void describe_ports(const struct machine_view *view, struct machine_report *report)
{
	struct machine_line *line = add_line(report, "local ports");
	const struct ports_policy *ports = view->ports;
	if (ports->automatic_low == 0) {
		say_unreadable(line, "ip_local_port_range");
		return;
	}
	say(line, "%u-%u assigned automatically, dialled from last; %u reserved, %u listened on",
		ports->automatic_low, ports->automatic_high, count_ports(&ports->reserved),
		count_ports(&ports->listening));
}

static void describe_queue(const struct machine_view *view, struct machine_report *report)
{
	struct machine_line *line = add_line(report, "accept queue");
	uint64_t backlog = view->limits->backlog_max;
	char number[UNITS_TEXT_MAX];
	if (backlog == LIMITS_NONE) {
		say_unreadable(line, "net.core.somaxconn");
		return;
	}
	say(line, "%s connections can wait for a server here to accept them",
		count(backlog, number));
	if (backlog < BACKLOG_USUAL) {
		advise(line, MACHINE_LIMIT,
			"give sysctl -w net.core.somaxconn=%d, and restart the server; in a container: "
			"--sysctl net.core.somaxconn=%d",
			BACKLOG_USUAL, BACKLOG_USUAL);
	}
}

static void describe_time_wait(const struct machine_view *view, struct machine_report *report)
{
	struct machine_line *line = add_line(report, "TIME_WAIT");
	const struct limits *limits = view->limits;
	char used[UNITS_TEXT_MAX];
	char most[UNITS_TEXT_MAX];
	if (limits->time_wait_used == LIMITS_NONE || limits->time_wait_max == LIMITS_NONE) {
		say_unreadable(line, "");
		return;
	}
	say(line, "%s of at most %s; beyond that, connections are closed without it",
		count(limits->time_wait_used, used), count(limits->time_wait_max, most));
	if (limits->time_wait_used >= limits->time_wait_max) {
		advise(line, MACHINE_LIMIT, "give sysctl -w net.ipv4.tcp_max_tw_buckets=%" PRIu64,
			limits->time_wait_max * 2 + MACHINE_AMPLE);
	}
}

static void describe_open_files(
	const struct machine_view *view, const struct plan *plan, struct machine_line *line)
{
	char soft[UNITS_TEXT_MAX];
	char now[UNITS_TEXT_MAX];
	char most[UNITS_TEXT_MAX];
	bool is_epoll = view->transport == &transport_epoll;
	const struct transport_ops *other = is_epoll ? &transport_uring : &transport_epoll;
	uint64_t others = check_most(CHECK_OPEN_FILES, plan, view->limits, view->own, other);
	if (view->nofile_soft < view->own->nofile) {
		say(line, "soft limit %s, which the program raises to the hard limit, %s",
			count(view->nofile_soft, soft), count(view->own->nofile, now));
	} else {
		say(line, "limit %s", count(view->own->nofile, now));
	}
	size_t used = strlen(line->text);
	snprintf(line->text + used, sizeof(line->text) - used, "; by %s: %s connections",
		other->name, count(others, most));
}

static void describe_memory(
	const struct machine_view *view, const struct plan *plan, struct machine_line *line)
{
	char left[UNITS_TEXT_MAX];
	char all[UNITS_TEXT_MAX];
	char most[UNITS_TEXT_MAX];
	const struct limits *limits = view->limits;
	if (limits->memory_available_bytes == LIMITS_NONE) {
		say_unreadable(line, "");
		return;
	}
	struct plan here = *plan;
	here.target_is_here = true;
	say(line, "%s available of %s%s", units_format_bytes(limits->memory_available_bytes, left),
		units_format_bytes(limits->memory_bytes, all),
		plan->target_is_here ? ", for both ends of each connection" : "");
	if (!plan->target_is_here) {
		size_t used = strlen(line->text);
		snprintf(line->text + used, sizeof(line->text) - used,
			"; with the target here too: %s connections",
			count(check_most(CHECK_MEMORY, &here, limits, view->own, view->transport),
				most));
	}
}

static void describe_conntrack(const struct limits *limits, struct machine_line *line)
{
	char used[UNITS_TEXT_MAX];
	char most[UNITS_TEXT_MAX];
	if (limits->conntrack_used == LIMITS_NONE) {
		say(line, "no connection tracker is seen");
	} else if (limits->conntrack_used == 0) {
		say(line, "tracks nothing now; it would hold %s entries",
			limits->conntrack_max == 0 ? "any number of"
						   : count(limits->conntrack_max, most));
	} else {
		say(line, "%s entries of %s in use", count(limits->conntrack_used, used),
			limits->conntrack_max == 0 ? "any number"
						   : count(limits->conntrack_max, most));
	}
}

static void describe_share(
	struct machine_line *line, uint64_t used, uint64_t most, const char *unit)
{
	char used_text[UNITS_TEXT_MAX];
	char most_text[UNITS_TEXT_MAX];
	if (used == LIMITS_NONE || most == LIMITS_NONE) {
		say_unreadable(line, "");
	} else if (most >= INT64_MAX) {
		say(line, "%s %s; no limit is set", count(used, used_text), unit);
	} else {
		say(line, "%s of %s %s", count(used, used_text), count(most, most_text), unit);
	}
}

/* Root may open more files than fs.file-max says. */
static void describe_system_files(
	const struct limits *limits, bool exempt, struct machine_line *line)
{
	describe_share(line, limits->files_used, limits->files_max, "files in use");
	if (exempt) {
		size_t used = strlen(line->text);
		snprintf(line->text + used, sizeof(line->text) - used, "; this process is exempt");
		line->mark = MACHINE_OK;
	}
}

static void describe_tuples(const struct tuples *tuples, struct machine_line *line)
{
	char ports[UNITS_TEXT_MAX];
	char sources[UNITS_TEXT_MAX];
	if (tuples->source_count == 0) {
		say(line, "no route to the target is known; nothing is bound");
		return;
	}
	say(line, "%s ports for each source and target; %s source%s, %zu target%s",
		count(tuples->ports, ports), count(tuples->source_count, sources),
		plural(tuples->source_count), tuples->targets->count,
		plural(tuples->targets->count));
}

/* A limit of bytes, and what sets it. */
static void describe_left(
	struct machine_line *line, uint64_t limit, uint64_t left, const char *setter)
{
	char left_text[UNITS_TEXT_MAX];
	char limit_text[UNITS_TEXT_MAX];
	if (limit == LIMITS_NONE) {
		say(line, "no limit is seen");
		return;
	}
	say(line, "%s left of %s (%s)", units_format_bytes(left, left_text),
		units_format_bytes(limit, limit_text), setter);
}

static_assert(CGROUP_NONE == LIMITS_NONE, "one value says that there is no limit");

static void describe_locked(uint64_t memlock, struct machine_line *line)
{
	char limit[UNITS_TEXT_MAX];
	say(line,
		memlock == LIMITS_NONE ? "not limited for this user"
				       : "limit %s for the rings of io_uring",
		units_format_bytes(memlock, limit));
}

static void describe_check(enum check_kind kind, const struct machine_view *view,
	const struct plan *plan, struct machine_line *line)
{
	const struct limits *limits = view->limits;
	const struct check_own *own = view->own;
	switch (kind) {
	case CHECK_TUPLES:
		describe_tuples(&plan->tuples, line);
		break;
	case CHECK_OPEN_FILES:
		describe_open_files(view, plan, line);
		break;
	case CHECK_LOCKED:
		describe_locked(own->memlock, line);
		break;
	case CHECK_SYSTEM_FILES:
		describe_system_files(limits, own->exempt_from_file_max, line);
		break;
	case CHECK_CONNTRACK:
		describe_conntrack(limits, line);
		break;
	case CHECK_TCP_MEMORY:
		describe_share(line, limits->tcp_memory_used_pages, limits->tcp_memory_max_pages,
			"pages in use");
		break;
	case CHECK_MEMORY:
		describe_memory(view, plan, line);
		break;
	case CHECK_GROUP_MEMORY:
		describe_left(line, own->cgroup.memory.limit, own->cgroup.memory.left,
			own->cgroup.memory.file);
		break;
	case CHECK_ADDRESS_SPACE:
		describe_left(line, own->space.limit, own->space.left,
			own->space.letter == 'v' ? "ulimit -v" : "ulimit -d");
		break;
	case CHECK_KIND_MAX:
		break;
	}
}

/* What else lifts the limit if this process is in a container: a flag of docker and podman. */
static void add_container_flag(enum check_kind kind, const struct machine_view *view,
	const struct check *check, struct machine_line *line)
{
	size_t used = strlen(line->fix);
	char *end = line->fix + used;
	size_t room = sizeof(line->fix) - used;
	if (kind == CHECK_OPEN_FILES) {
		snprintf(end, room, "; in a container: --ulimit nofile=%" PRIu64, check->need);
	} else if (kind == CHECK_LOCKED) {
		snprintf(end, room, "; in a container: --ulimit memlock=%" PRIu64, check->need);
	} else if (kind == CHECK_GROUP_MEMORY) {
		snprintf(end, room, "; in a container: --memory=%" PRIu64,
			view->own->cgroup.memory.limit + check->need - check->have);
	}
}

/* True, with the fix, if the check fails for that many connections. */
static bool is_refused(enum check_kind kind, const struct machine_view *view,
	const struct plan *plan, uint64_t connections, struct machine_line *line)
{
	struct plan tried = *plan;
	struct check_own own = *view->own;
	struct checks checks;
	tried.settings.connections = connections;
	check_needs(plan, view->own, view->transport, connections, &own.needs);
	check_plan(&checks, &tried, view->limits, &own);
	const struct check *check = &checks.list[kind];
	if (!check->ok) {
		snprintf(line->fix, sizeof(line->fix), "give %s", check->fix);
		add_container_flag(kind, view, check, line);
	}
	return !check->ok;
}

static void add_check(enum check_kind kind, const struct machine_view *view,
	const struct plan *plan, struct machine_report *report)
{
	struct machine_line *line = add_line(report, check_name(kind));
	line->can_refuse = true;
	describe_check(kind, view, plan, line);
	line->connections = check_most(kind, plan, view->limits, view->own, view->transport);
	if (is_refused(kind, view, plan, plan->settings.connections, line)) {
		line->mark = MACHINE_PROBLEM;
	} else if (plan->settings.connections < MACHINE_AMPLE &&
		is_refused(kind, view, plan, MACHINE_AMPLE, line)) {
		line->mark = MACHINE_LIMIT;
	}
}

void machine_examine(
	const struct machine_view *view, const struct plan *plan, struct machine_report *ret_report)
{
	*ret_report = (struct machine_report){.count = 0};
	describe_engine(view, ret_report);
	describe_processors(view, ret_report);
	describe_route(view, ret_report);
	describe_ports(view, ret_report);
	for (int kind = 0; kind < CHECK_KIND_MAX; kind++) {
		add_check((enum check_kind)kind, view, plan, ret_report);
	}
	describe_queue(view, ret_report);
	describe_time_wait(view, ret_report);
}

enum machine_mark machine_worst(const struct machine_report *report)
{
	enum machine_mark worst = MACHINE_OK;
	for (size_t i = 0; i < report->count; i++) {
		worst = report->lines[i].mark > worst ? report->lines[i].mark : worst;
	}
	return worst;
}

bool machine_is_certain(const struct machine_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		if (report->lines[i].can_refuse && report->lines[i].mark == MACHINE_UNKNOWN) {
			return false;
		}
	}
	return true;
}

const struct machine_line *machine_tightest(const struct machine_report *report)
{
	const struct machine_line *tightest = NULL;
	uint64_t fewest = LIMITS_NONE;
	for (size_t i = 0; i < report->count; i++) {
		if (report->lines[i].connections < fewest) {
			tightest = &report->lines[i];
			fewest = tightest->connections;
		}
	}
	return tightest;
}

const char *machine_mark_name(enum machine_mark mark)
{
	static const char *const names[MACHINE_MARK_MAX] = {
		[MACHINE_OK] = "ok",
		[MACHINE_UNKNOWN] = "unknown",
		[MACHINE_LIMIT] = "limit",
		[MACHINE_PROBLEM] = "problem",
	};
	return names[mark];
}
