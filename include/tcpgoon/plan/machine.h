/* SPDX-License-Identifier: MIT */
/* What this machine allows a run: a line for each limit, with what lifts it. */
#ifndef TCPGOON_PLAN_MACHINE_H
#define TCPGOON_PLAN_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/ports.h"
#include "tcpgoon/plan/check.h"

enum machine_mark {
	MACHINE_OK,
	MACHINE_UNKNOWN, /* could not be read, and counts as no limit */
	MACHINE_LIMIT, /* allows the connections asked for, and not MACHINE_AMPLE of them */
	MACHINE_PROBLEM, /* does not allow the connections asked for */
	MACHINE_MARK_MAX,
};

/* What is called enough: a million connections. */
#define MACHINE_AMPLE UINT64_C(1000000)

#define MACHINE_TEXT_MAX (96 + CGROUP_PATH_MAX)
#define MACHINE_FIX_MAX 1152

struct machine_line {
	const char *name;
	enum machine_mark mark;
	bool can_refuse; /* it is one that can prevent a run */
	uint64_t connections; /* that it allows; LIMITS_NONE: as many as a run can have */
	char text[MACHINE_TEXT_MAX]; /* what there is */
	char fix[MACHINE_FIX_MAX]; /* of a limit or problem: what lifts it, in words */
};

#define MACHINE_LINES_MAX (CHECK_KIND_MAX + 6)

struct machine_report {
	struct machine_line lines[MACHINE_LINES_MAX];
	size_t count;
};

/* What is known of the machine. */
struct machine_view {
	const struct limits *limits;
	const struct check_own *own;
	const struct ports_policy *ports;
	uint64_t nofile_soft; /* before the program raised it; LIMITS_NONE: unlimited */
	uint64_t processors; /* that may be used; 0: unknown */
	const struct transport_ops *transport; /* that a run would use */
	int transport_code; /* 0; or a negative errno if it is refused */
	const char *route; /* what is wrong with that to the target; "": nothing; NULL: no target */
	const char *transport_why; /* if it is refused, or epoll replaces io_uring; else "" */
};

/*
 * A plan for no target in particular: from one source to one port of one address, neither on this
 * host. The caller frees it with plan_destroy(). Returns 0, or -ENOMEM with a message.
 */
int machine_create_plan(uint64_t connections, const struct ports_policy *ports,
	struct plan **ret_plan, struct error *error);

/* Examines the machine for this plan. Pure. */
void machine_examine(const struct machine_view *view, const struct plan *plan,
	struct machine_report *ret_report);

/* The worst mark of all lines. */
enum machine_mark machine_worst(const struct machine_report *report);

/* True if no limit that could prevent a run is unknown. */
bool machine_is_certain(const struct machine_report *report);

/* The line that allows the fewest connections; NULL if none limits them. */
const struct machine_line *machine_tightest(const struct machine_report *report);

/* "ok", "unknown", "limit", "problem" */
const char *machine_mark_name(enum machine_mark mark);

#endif
