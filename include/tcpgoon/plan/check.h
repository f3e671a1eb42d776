/* SPDX-License-Identifier: MIT */
/* Whether this machine can carry out a plan: what each limit allows, and what the plan needs. */
#ifndef TCPGOON_PLAN_CHECK_H
#define TCPGOON_PLAN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/transport/transport.h"

enum check_kind {
	CHECK_TUPLES, /* 4-tuples from the sources to the targets */
	CHECK_OPEN_FILES, /* descriptors of this process */
	CHECK_LOCKED, /* locked memory of the rings */
	CHECK_SYSTEM_FILES, /* fs.file-max */
	CHECK_CONNTRACK, /* entries of the connection tracker */
	CHECK_TCP_MEMORY, /* net.ipv4.tcp_mem, in pages */
	CHECK_MEMORY, /* of the machine */
	CHECK_GROUP_MEMORY, /* of the control group */
	CHECK_ADDRESS_SPACE, /* of this process */
	CHECK_KIND_MAX,
};

#define CHECK_FIX_MAX (192 + CGROUP_PATH_MAX)

struct check {
	uint64_t have; /* LIMITS_NONE: no limit is seen, or it is unknown */
	uint64_t need;
	uint64_t left; /* for other programs of this host; LIMITS_NONE: not shared */
	bool ok;
	bool unknown; /* what it is about could not be read: then it is ok, though perhaps not so */
	char fix[CHECK_FIX_MAX]; /* if not ok: the command or flag that lifts the limit */
};

struct checks {
	struct check list[CHECK_KIND_MAX]; /* by kind */
	struct transport_needs needs;
	bool possible;
	bool certain; /* nothing is unknown */
};

/* What this process may have, apart from the limits of the host. */
struct check_own {
	uint64_t nofile; /* soft limit of open files, once raised */
	uint64_t memlock; /* bytes; LIMITS_NONE: not enforced */
	bool exempt_from_file_max; /* CAP_SYS_ADMIN */
	struct transport_needs needs; /* of the transport, for this plan */
	struct cgroup cgroup;
	struct limits_space space;
};

/* Pure. */
void check_plan(struct checks *ret_checks, const struct plan *plan, const struct limits *limits,
	const struct check_own *own);

/*
 * The largest number of connections of a plan like this one for which that check holds, by that
 * transport; LIMITS_NONE if it holds for the largest run. Ignores own->needs. Pure.
 */
uint64_t check_most(enum check_kind kind, const struct plan *plan, const struct limits *limits,
	const struct check_own *own, const struct transport_ops *transport);

/* What a transport needs for that many connections, closed as the plan says. */
void check_needs(const struct plan *plan, const struct check_own *own,
	const struct transport_ops *transport, uint64_t connections,
	struct transport_needs *ret_needs);

/* "4-tuples", "open files", ... */
const char *check_name(enum check_kind kind);
/* True if its numbers are bytes. */
bool check_is_bytes(enum check_kind kind);

/*
 * Says in one sentence which check fails first: what is needed, what there is, and the fix.
 * Returns `buffer`.
 */
#define CHECK_SENTENCE_MAX (400 + CGROUP_PATH_MAX)
char *check_refusal(const struct checks *checks, char buffer[CHECK_SENTENCE_MAX]);

#endif
