/* SPDX-License-Identifier: MIT */
#include "tcpgoon/run/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/net/sockdiag_listener.h"

static uint64_t to_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * NSEC_PER_USEC;
}

static uint64_t cpu_now_ns(void)
{
	struct rusage usage = {0};
	getrusage(RUSAGE_SELF, &usage);
	return to_ns(usage.ru_utime) + to_ns(usage.ru_stime);
}

/* Whether its queue is fuller, for its size, than the fullest seen so far. */
static bool is_fuller(const struct sockdiag_listener *found, const struct listener_view *view)
{
	uint64_t room = (uint64_t)found->backlog + 1;
	uint64_t room_seen = (uint64_t)view->backlog + 1;
	return !view->known || found->queued * room_seen > view->queued_most * room;
}

/*
 * Whether somebody listens now, on any target. What is seen of the fullest queue goes into the
 * result.
 */
static bool look_at_listeners(struct listener_view *view, const struct targets *targets)
{
	bool listens = false;
	view->queued_at_end = 0;
	for (size_t i = 0; targets->count <= RESULT_TARGETS_MAX && i < targets->count; i++) {
		struct sockdiag_listener found;
		int r = sockdiag_find_listener(&targets->list[i], &found);
		view->here |= r == 0 || r == -ENOENT;
		if (r < 0) {
			continue;
		}
		listens = true;
		if (is_fuller(&found, view)) {
			view->known = true;
			view->target = i;
			view->queued_most = found.queued;
		}
		if (view->target == i) {
			view->backlog = found.backlog;
			view->queued_at_end = found.queued;
		}
	}
	return listens;
}

static void look_at_tables(struct host_tables *tables, struct leftover *left)
{
	struct limits limits;
	limits_read(&limits);
	left->files_of = limits.files_max;
	if (limits.files_max != LIMITS_NONE && limits.files_used != LIMITS_NONE) {
		left->files = limits.files_max > limits.files_used
			? limits.files_max - limits.files_used
			: 0;
	}
	left->memory_of_bytes = limits.memory_bytes;
	left->memory_bytes = limits.memory_available_bytes;
	tables->conntrack_used = limits.conntrack_used;
	tables->conntrack_max = limits.conntrack_max;
	tables->time_wait_used = limits.time_wait_used;
	tables->time_wait_max = limits.time_wait_max;
}

_Static_assert(LIMITS_NONE == RESULT_UNKNOWN, "what the host does not tell is unknown");

static void look_at_host(struct host_view *view)
{
	struct utsname name;
	if (uname(&name) == 0) {
		snprintf(view->kernel, sizeof(view->kernel), "%s", name.release);
	}
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	view->cpus = cpus > 0 ? (uint64_t)cpus : RESULT_UNKNOWN;
	struct limits limits;
	limits_read(&limits);
	view->memory_bytes = limits.memory_bytes;
	view->nofile = limits_raise_nofile();
	view->port_low = limits.port_low;
	view->port_high = limits.port_high;
	view->syn_retries = limits.syn_retries;
}

void evidence_begin(struct evidence *evidence, const struct targets *targets, struct result *result)
{
	*evidence = (struct evidence){.targets = targets};
	if (netstat_read(&evidence->before) < 0) {
		netstat_init(&evidence->before);
	}
	result->listener.known_at_start = look_at_listeners(&result->listener, targets);
	look_at_host(&result->machine);
	evidence->cpu_before_ns = cpu_now_ns(); /* last: what looking costs is not the dialling's */
}

void evidence_end_dialling(struct evidence *evidence, struct result *result)
{
	result->generator.cpu_ns = cpu_now_ns() - evidence->cpu_before_ns;
}

void evidence_end(struct evidence *evidence, const struct lanes *lanes, struct result *result)
{
	struct netstat after;
	if (netstat_read(&after) < 0) {
		netstat_init(&after);
	}
	result->network = netstat_difference(&evidence->before, &after);
	result->listener.known_at_end = look_at_listeners(&result->listener, evidence->targets);
	look_at_tables(&result->tables, &result->left);
	struct generator *generator = &result->generator;
	generator->lanes = lanes->count;
	generator->cq_overflows = lanes_overflows(lanes);
	if (evidence->windows > 0) {
		generator->resolution_us =
			(uint32_t)(evidence->windows_ns / evidence->windows / NSEC_PER_USEC);
	}
}
