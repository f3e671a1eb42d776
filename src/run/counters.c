/* SPDX-License-Identifier: MIT */
/*
 * The loop stands still while it looks at the accept queues, some 30 us for each listener, however
 * many connections there are: the kernel walks its listening sockets only. It is done at most ten
 * times a second, and for at most a thousandth of the time where it takes long (many targets, many
 * listening sockets). With io_uring and up to 5,000 dials a second this moves none, because the kernel
 * starts each at its instant; else one in a thousand may begin later by as much as a look takes.
 */
#include "run/counters.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/net/procfile.h"

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

/* Between two looks at queues in which connections wait. */
#define QUEUE_LOOK_NS NSEC_PER_SEC

/* Between two looks for the samples. */
#define WATCH_NS (100 * NSEC_PER_MSEC)
/* And at least so many times as long as a look took. */
#define WATCH_COST_INVERSE 1000

static size_t looked_at(const struct targets *targets)
{
	return targets->count <= RESULT_TARGETS_MAX ? targets->count : 0;
}

/* The listener of one target now; `sockets` is 0 if there is none. */
static struct sockdiag_listener look_at_listener(
	struct listener_view *view, const struct address *target)
{
	struct sockdiag_listener found = {0};
	int r = sockdiag_find_listener(target, &found);
	view->here |= r == 0 || r == -ENOENT;
	view->look_failed |= r < 0 && r != -ENOENT && r != -EADDRNOTAVAIL;
	return r == 0 ? found : (struct sockdiag_listener){0};
}

static void look_before(struct counters *counters, struct listener_view *view)
{
	const struct targets *targets = counters->targets;
	for (size_t i = 0; i < looked_at(targets); i++) {
		counters->listeners[i] = look_at_listener(view, &targets->list[i]);
		view->known_at_start |= counters->listeners[i].sockets > 0;
	}
}

/* Several targets may share a listener that is bound to a wildcard: its drops count once. */
static bool is_of_one_before(const struct counters *counters, size_t target)
{
	const struct address *bound = &counters->listeners[target].bound;
	for (size_t i = 0; i < target; i++) {
		const struct sockdiag_listener *other = &counters->listeners[i];
		if (other->sockets > 0 && address_same_host(&other->bound, bound) &&
			address_port(&other->bound) == address_port(bound)) {
			return true;
		}
	}
	return false;
}

/* A target's listener before and after the run. */
struct two_looks {
	size_t target;
	struct sockdiag_listener before;
	struct sockdiag_listener after;
	uint64_t dropped; /* RESULT_UNKNOWN: not told, or counted with another target */
};

static struct two_looks look_after(
	const struct counters *counters, struct listener_view *view, size_t target)
{
	struct two_looks looks = {
		.target = target,
		.before = counters->listeners[target],
		.after = look_at_listener(view, &counters->targets->list[target]),
		.dropped = RESULT_UNKNOWN,
	};
	bool both = looks.before.sockets > 0 && looks.after.sockets > 0;
	if (both && looks.before.has_drops && looks.after.has_drops &&
		!is_of_one_before(counters, target)) {
		looks.dropped = (uint32_t)(looks.after.drops - looks.before.drops);
	}
	return looks;
}

static uint32_t queued_most(const struct two_looks *looks)
{
	return looks->before.queued > looks->after.queued ? looks->before.queued
							  : looks->after.queued;
}

/* Whether this queue was the fuller one: it dropped more, or holds more for its size. */
static bool is_fuller(const struct two_looks *looks, const struct two_looks *than)
{
	uint64_t dropped = looks->dropped == RESULT_UNKNOWN ? 0 : looks->dropped;
	uint64_t dropped_there = than->dropped == RESULT_UNKNOWN ? 0 : than->dropped;
	uint64_t room = (uint64_t)looks->after.backlog + 1;
	uint64_t room_there = (uint64_t)than->after.backlog + 1;
	if (dropped != dropped_there) {
		return dropped > dropped_there;
	}
	return queued_most(looks) * room_there > queued_most(than) * room;
}

static_assert(RESULT_TARGETS_MAX <= 64, "a bit for each");

static void look_at_listeners(const struct counters *counters, struct listener_view *view)
{
	struct two_looks fullest = {0};
	for (size_t i = 0; i < looked_at(counters->targets); i++) {
		struct two_looks looks = look_after(counters, view, i);
		if (looks.before.sockets == 0 && looks.after.sockets == 0) {
			continue;
		}
		view->known_at_end |= looks.after.sockets > 0;
		view->listened_at_end |= (uint64_t)(looks.after.sockets > 0) << i;
		if (looks.dropped != RESULT_UNKNOWN) {
			view->dropped = looks.dropped +
				(view->dropped == RESULT_UNKNOWN ? 0 : view->dropped);
		}
		if (!view->known || is_fuller(&looks, &fullest)) {
			fullest = looks;
		}
		view->known = true;
	}
	bool left = fullest.after.sockets == 0;
	view->target = fullest.target;
	view->backlog = left ? fullest.before.backlog : fullest.after.backlog;
	view->queued_most = queued_most(&fullest);
	view->queued_at_start = fullest.before.queued;
	view->queued_at_end = fullest.after.queued;
}

/* The looks before the run serve the first sample too: none should delay the first dial. */
static void begin_watching(struct counters *counters)
{
	bool any = false;
	counters->queued = 0;
	for (size_t i = 0; i < looked_at(counters->targets); i++) {
		const struct sockdiag_listener *listener = &counters->listeners[i];
		if (listener->sockets > 0 && !is_of_one_before(counters, i)) {
			counters->queued += listener->queued;
			any = true;
		}
	}
	counters->queued = any ? counters->queued : RESULT_UNKNOWN;
	counters->watch_ns = any ? clock_now_ns() + WATCH_NS : CLOCK_NEVER;
}

static uint64_t queued_now(const struct targets *targets)
{
	uint64_t queued = 0;
	struct listener_view view = {0};
	for (size_t i = 0; i < looked_at(targets); i++) {
		queued += look_at_listener(&view, &targets->list[i]).queued;
	}
	return queued;
}

void counters_look_at_queues(struct counters *counters, uint64_t now_ns)
{
	counters->looks[0] = counters->looks[1];
	counters->looks[1] =
		(struct queue_look){.at_ns = now_ns, .queued = queued_now(counters->targets)};
	counters->next_look_ns =
		counters->looks[1].queued > 0 ? now_ns + QUEUE_LOOK_NS : CLOCK_NEVER;
}

/* Each listener once, whatever the number of targets that share it. */
static uint64_t queued_at_listeners(const struct counters *counters)
{
	uint64_t queued = 0;
	struct listener_view view = {0};
	for (size_t i = 0; i < looked_at(counters->targets); i++) {
		if (counters->listeners[i].sockets > 0 && !is_of_one_before(counters, i)) {
			queued += look_at_listener(&view, &counters->targets->list[i]).queued;
		}
	}
	return view.look_failed ? RESULT_UNKNOWN : queued;
}

uint64_t counters_queued(struct counters *counters, uint64_t now_ns)
{
	if (now_ns >= counters->watch_ns) {
		uint64_t began_ns = clock_now_ns();
		counters->queued = queued_at_listeners(counters);
		uint64_t pause_ns = (clock_now_ns() - began_ns) * WATCH_COST_INVERSE;
		counters->watch_ns = now_ns + (pause_ns > WATCH_NS ? pause_ns : WATCH_NS);
	}
	return counters->queued;
}

/*
 * Compares with the latest look that is old enough: a server that still accepts has done so since.
 */
static void look_at_drain(const struct counters *counters, struct listener_view *view)
{
	uint64_t now_ns = clock_now_ns();
	for (size_t i = 0; i < 2 && view->queued_at_end > 0; i++) {
		const struct queue_look *look = &counters->looks[i];
		if (look->at_ns > 0 && now_ns - look->at_ns >= QUEUE_LOOK_NS / 2) {
			view->drained =
				(int64_t)look->queued - (int64_t)queued_now(counters->targets);
			view->drained_for_ns = now_ns - look->at_ns;
		}
	}
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

static_assert(LIMITS_NONE == RESULT_UNKNOWN, "what the host does not tell is unknown");

static void look_at_host(struct host_view *view)
{
	struct utsname name;
	if (uname(&name) == 0) {
		snprintf(view->kernel, sizeof(view->kernel), "%s", name.release);
	}
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	view->cpus = cpus > 0 ? (uint64_t)cpus : RESULT_UNKNOWN;
	uint64_t allowed = limits_processors();
	view->cpus_allowed = allowed > 0 ? allowed : RESULT_UNKNOWN;
	struct limits limits;
	limits_read(&limits);
	view->memory_bytes = limits.memory_bytes;
	view->nofile = limits_raise_nofile();
	view->port_low = limits.port_low;
	view->port_high = limits.port_high;
	view->syn_retries = limits.syn_retries;
}

static_assert(CGROUP_NONE == RESULT_UNKNOWN, "a quota that is not seen is unknown");

static void look_at_quota(struct counters *counters, struct generator *generator)
{
	struct cgroup cgroup;
	cgroup_read("", CGROUP_CPU, &cgroup);
	counters->throttled_before = cgroup.cpu.throttled;
	counters->throttled_before_ns = cgroup.cpu.throttled_ns;
	if (cgroup.cpu.quota_us != CGROUP_NONE) {
		generator->quota_ns = cgroup.cpu.quota_us * NSEC_PER_USEC;
		generator->quota_period_ns = cgroup.cpu.period_us * NSEC_PER_USEC;
		memcpy(generator->quota_file, cgroup.cpu.file, sizeof(cgroup.cpu.file));
	}
}

/*
 * What the quotas did since look_at_quota(). A group that the process has left counts as nothing.
 */
static void look_at_throttling(const struct counters *counters, struct generator *generator)
{
	struct cgroup cgroup;
	cgroup_read("", CGROUP_CPU, &cgroup);
	if (cgroup.cpu.throttled > counters->throttled_before) {
		generator->throttled = cgroup.cpu.throttled - counters->throttled_before;
	}
	if (cgroup.cpu.throttled_ns > counters->throttled_before_ns) {
		generator->throttled_ns = cgroup.cpu.throttled_ns - counters->throttled_before_ns;
	}
}

/* How long this thread has been ready without a CPU: the second word of its schedstat. */
static uint64_t run_delay_now_ns(void)
{
	char *text = NULL;
	if (procfile_read("/proc/self/schedstat", &text) < 0) {
		return RESULT_UNKNOWN;
	}
	char *at = text;
	(void)strtoull(at, &at, 10);
	char *end = at;
	uint64_t delay_ns = strtoull(at, &end, 10);
	bool known = end != at;
	free(text);
	return known ? delay_ns : RESULT_UNKNOWN;
}

/* The same since the run began. */
static uint64_t run_delay_ns(const struct counters *counters)
{
	uint64_t now_ns = run_delay_now_ns();
	bool known = now_ns != RESULT_UNKNOWN && counters->run_delay_before_ns != RESULT_UNKNOWN;
	return known ? now_ns - counters->run_delay_before_ns : RESULT_UNKNOWN;
}

void counters_begin(struct counters *counters, const struct targets *targets, struct result *result)
{
	*counters = (struct counters){.targets = targets, .next_look_ns = CLOCK_NEVER};
	if (netstat_read(&counters->before) < 0) {
		netstat_init(&counters->before);
	}
	look_before(counters, &result->listener);
	begin_watching(counters);
	look_at_host(&result->machine);
	look_at_quota(counters, &result->generator);
	counters->run_delay_before_ns = run_delay_now_ns();
	counters->cpu_before_ns =
		cpu_now_ns(); /* last: the cost of looking is no cost of dialling */
}

void counters_end_dialling(struct counters *counters, struct result *result)
{
	result->generator.cpu_ns = cpu_now_ns() - counters->cpu_before_ns;
	result->generator.cpu_wait_ns = run_delay_ns(counters);
	look_at_throttling(counters, &result->generator);
}

void counters_end(
	struct counters *counters, const struct transport *transport, struct result *result)
{
	struct netstat after;
	if (netstat_read(&after) < 0) {
		netstat_init(&after);
	}
	result->network = netstat_difference(&counters->before, &after);
	look_at_listeners(counters, &result->listener);
	look_at_drain(counters, &result->listener);
	look_at_tables(&result->tables, &result->left);
	result->stalls.run_delay_ns = run_delay_ns(counters);
	struct generator *generator = &result->generator;
	struct transport_view view;
	transport->ops->view(transport, &view);
	generator->lanes = view.queues;
	generator->cq_overflows = view.overflows;
	if (counters->windows > 0) {
		generator->resolution_us =
			(uint32_t)(counters->windows_ns / counters->windows / NSEC_PER_USEC);
	}
}
