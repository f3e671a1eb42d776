/* SPDX-License-Identifier: MIT */
/*
 * The limit of open files bounds a ring's table of direct descriptors when the table is registered,
 * and not afterwards. So a process with a limit of 20,000 holds a million sockets in fifty rings.
 *
 * How to wait for fifty rings at once: with DEFER_TASKRUN, neither poll nor epoll on a ring's
 * descriptor wakes, so the lanes change between two ways:
 *
 *   idle      an eventfd is registered on all lanes but the first, which has a READ on it pending.
 *             The thread sleeps in the first lane; any event wakes it within microseconds, and each
 *             one costs a signal.
 *   scanning  the eventfd is muted. The thread sleeps in the first lane for a tick at most, then
 *             looks at each lane's flags, which are in shared memory: this is cheap per event when
 *             there are many, and late by up to a tick.
 *
 * The rate of completions in the last window decides. Changing loses no event: before the thread
 * sleeps idle, it unmutes the eventfd and looks at every lane once more.
 */
#include "tcpgoon/uring/lanes.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "uring/failure.h"
#include "uring/ring.h"

#define TABLE_MAX (1U << 20) /* IORING_MAX_FIXED_FILES */
#define LANES_MAX 65536

#define SCAN_TICK_NS (250 * NSEC_PER_USEC)
#define SCAN_WINDOW_NS NSEC_PER_MSEC
#define SCAN_FROM_COMPLETIONS 20 /* in a window: 20,000 a second */

/* Queue sizes, from the best one to the one for a low limit of locked memory. */
static const struct {
	unsigned sq;
	unsigned cq;
} ring_sizes[] = {{256, 2048}, {128, 1024}, {64, 256}};

#define LAST_SIZE (sizeof(ring_sizes) / sizeof(ring_sizes[0]) - 1)

/* The first size at which `lanes` rings fit into `memlock`, or the smallest. */
static size_t choose_ring_size(uint64_t lanes, uint64_t memlock)
{
	size_t choice = 0;
	while (choice < LAST_SIZE &&
		lanes * ring_memory(ring_sizes[choice].sq, ring_sizes[choice].cq) > memlock) {
		choice++;
	}
	return choice;
}

/* Makes the lane's events wake a thread that sleeps in the first lane, while they are unmuted. */
static int connect_wake(struct lanes *lanes, struct lane *lane, struct error *error)
{
	if (lanes->wake_fd < 0) {
		lanes->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (lanes->wake_fd < 0) {
		const struct failure failure = {.call = FAILURE_EVENTFD, .code = -errno};
		return failure_set(&failure, error);
	}
	int r = io_uring_register_eventfd(&lane->ring, lanes->wake_fd);
	if (r < 0) {
		const struct failure failure = {.call = FAILURE_WAKE, .code = r};
		return failure_set(&failure, error);
	}
	io_uring_cq_eventfd_toggle(&lane->ring, false);
	return 0;
}

/* Fills the next entry of the list, which has room for it. */
static int init_next(struct lanes *lanes, size_t size, struct error *error)
{
	struct lane *lane = &lanes->list[lanes->count];
	const struct lane_params params = {
		.patience = &lanes->patience,
		.number = lanes->count,
		.slots = lanes->slots_per_lane,
		.sq_entries = ring_sizes[size].sq,
		.cq_entries = ring_sizes[size].cq,
	};
	int r = lane_init(lane, &params, error);
	if (r == 0 && lanes->count > 0) {
		r = connect_wake(lanes, lane, error);
	}
	if (r < 0) {
		lane_finish(lane);
		return r;
	}
	uint64_t memory = ring_memory(params.sq_entries, params.cq_entries);
	lanes->memlock_left -= memory < lanes->memlock_left ? memory : lanes->memlock_left;
	lanes->count++;
	return 0;
}

uint32_t lanes_slots_per_lane(uint64_t slots, uint64_t table_max)
{
	uint64_t most = table_max < TABLE_MAX ? table_max : TABLE_MAX;
	uint64_t fitting = slots < most ? slots : most;
	return fitting > 0 ? (uint32_t)fitting : 1;
}

uint64_t lanes_memory(uint64_t lanes, uint64_t memlock)
{
	size_t size = choose_ring_size(lanes, memlock);
	return lanes * ring_memory(ring_sizes[size].sq, ring_sizes[size].cq);
}

/* Makes the first `most` of the lanes that the parameters ask for. */
static int init_some(
	struct lanes *lanes, const struct lanes_params *params, unsigned most, struct error *error)
{
	*lanes = (struct lanes){
		.patience.watch_fd = params->watch_fd,
		.wake_fd = -1,
		.memlock_left = params->memlock,
	};
	uint64_t slots = lanes_slots_per_lane(params->slots, params->table_max);
	uint64_t count = (params->slots + slots - 1) / slots;
	if (count > LANES_MAX) {
		return error_set(error, -EMFILE,
			"%llu connections need %llu rings: raise the limit of open files with "
			"'ulimit -n'",
			(unsigned long long)params->slots, (unsigned long long)count);
	}
	lanes->slots_per_lane = (uint32_t)slots;
	lanes->list = calloc(count, sizeof(*lanes->list));
	if (lanes->list == NULL) {
		return error_set(error, -ENOMEM, "no memory for %u lanes", (unsigned)count);
	}
	lanes->capacity = (unsigned)count;
	size_t size = choose_ring_size(count, params->memlock);
	for (unsigned i = 0; i < count && i < most; i++) {
		int r = init_next(lanes, size, error);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int lanes_init(struct lanes *lanes, const struct lanes_params *params, struct error *error)
{
	return init_some(lanes, params, UINT_MAX, error);
}

int lanes_init_first(struct lanes *lanes, const struct lanes_params *params, struct error *error)
{
	int r = init_some(lanes, params, 1, error);
	return r == 0 && lanes->capacity > 1 ? connect_wake(lanes, &lanes->list[0], error) : r;
}

static int grow_list(struct lanes *lanes, struct error *error)
{
	unsigned capacity = lanes->capacity * 2 < LANES_MAX ? lanes->capacity * 2 : LANES_MAX;
	if (lanes->count == capacity) {
		return error_set(error, -EMFILE, "%u rings are the maximum", capacity);
	}
	struct lane *list = reallocarray(lanes->list, capacity, sizeof(*list));
	if (list == NULL) {
		return error_set(error, -ENOMEM, "no memory for %u lanes", capacity);
	}
	lanes->list = list;
	lanes->capacity = capacity;
	return 0;
}

int lanes_add(struct lanes *lanes, struct error *error)
{
	if (lanes->count == lanes->capacity) {
		int r = grow_list(lanes, error);
		if (r < 0) {
			return r;
		}
	}
	/*
	 * It is not known how many lanes will follow: one takes at most an eighth of what is left.
	 */
	return init_next(lanes, choose_ring_size(8, lanes->memlock_left), error);
}

void lanes_finish(struct lanes *lanes)
{
	for (unsigned i = 0; i < lanes->count; i++) {
		lane_finish(&lanes->list[i]);
	}
	free(lanes->list);
	if (lanes->wake_fd >= 0) {
		close(lanes->wake_fd);
	}
	*lanes = (struct lanes){.wake_fd = -1};
}

/* Enters each lane with queued requests or deferred work; *ret_ready: there is more to do. */
static int flush_all(struct lanes *lanes, bool *ret_ready)
{
	bool ready = false;
	for (unsigned i = 0; i < lanes->count; i++) {
		struct io_uring *ring = &lanes->list[i].ring;
		if (io_uring_sq_ready(ring) > 0 || ring_has_deferred_work(ring)) {
			int r = lane_flush(&lanes->list[i]);
			if (r < 0) {
				return r;
			}
		}
		/*
		 * An enter runs only some twenty pieces of work: do not sleep while some are left.
		 */
		ready = ready || io_uring_cq_ready(ring) > 0 || ring_has_deferred_work(ring);
	}
	*ret_ready = ready;
	return 0;
}

bool lanes_have_work(struct lanes *lanes)
{
	for (unsigned i = 0; i < lanes->count; i++) {
		struct io_uring *ring = &lanes->list[i].ring;
		if (io_uring_sq_ready(ring) > 0 || io_uring_cq_ready(ring) > 0 ||
			ring_has_deferred_work(ring)) {
			return true;
		}
	}
	return false;
}

static int sleep_in_first(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns)
{
	struct io_uring_cqe *cqe;
	struct __kernel_timespec timeout;
	if (until_ns != CLOCK_NEVER) {
		uint64_t left = until_ns - now_ns;
		timeout.tv_sec = (long long)(left / NSEC_PER_SEC);
		timeout.tv_nsec = (long long)(left % NSEC_PER_SEC);
	}
	int r = io_uring_submit_and_wait_timeout(
		&lanes->list[0].ring, &cqe, 1, until_ns == CLOCK_NEVER ? NULL : &timeout, NULL);
	return r == -ETIME ? 0 : lane_entered(&lanes->list[0], r);
}

static void mute_wake(struct lanes *lanes, bool muted)
{
	for (unsigned i = 1; i < lanes->count; i++) {
		io_uring_cq_eventfd_toggle(&lanes->list[i].ring, !muted);
	}
}

static int arm_wake(struct lanes *lanes)
{
	if (lanes->wake_armed) {
		return 0;
	}
	struct lane *first = &lanes->list[0];
	int r = lane_reserve(first, 1);
	if (r < 0) {
		return r;
	}
	struct io_uring_sqe *sqe = lane_sqe(first);
	io_uring_prep_read(sqe, lanes->wake_fd, &lanes->wake_value, sizeof(lanes->wake_value), 0);
	sqe->user_data = token_pack((struct token){.operation = LANES_OPERATION_WAKE});
	lanes->wake_armed = true;
	return 0;
}

static int sleep_idle(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns)
{
	int r = arm_wake(lanes);
	if (r < 0) {
		return r;
	}
	mute_wake(lanes, false);
	/*
	 * The kernel sets its flag and then reads the mute; we clear the mute and then read the
	 * flag.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	bool ready;
	r = flush_all(lanes, &ready);
	if (r == 0 && !ready) {
		r = sleep_in_first(lanes, now_ns, until_ns);
	}
	mute_wake(lanes, true);
	return r;
}

static int sleep_scanning(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns)
{
	uint64_t tick_ns = now_ns + SCAN_TICK_NS;
	return sleep_in_first(lanes, now_ns, tick_ns < until_ns ? tick_ns : until_ns);
}

/* Chooses the way to wait by the rate of completions in the window that just ended. */
static void update_mode(struct lanes *lanes, uint64_t now_ns)
{
	if (now_ns - lanes->window_start_ns >= SCAN_WINDOW_NS) {
		lanes->scanning = lanes->window_completions >= SCAN_FROM_COMPLETIONS;
		lanes->window_start_ns = now_ns;
		lanes->window_completions = 0;
	}
}

static int wait_somehow(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns)
{
	bool ready;
	int r = flush_all(lanes, &ready);
	if (r < 0 || ready || until_ns <= now_ns) {
		return r;
	}
	if (lanes->count == 1) {
		return sleep_in_first(lanes, now_ns, until_ns);
	}
	update_mode(lanes, now_ns);
	return lanes->scanning ? sleep_scanning(lanes, now_ns, until_ns)
			       : sleep_idle(lanes, now_ns, until_ns);
}

int lanes_wait(struct lanes *lanes, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	int r = wait_somehow(lanes, now_ns, until_ns);
	return r < 0 ? lanes_explain(lanes, r, error) : 0;
}

int lanes_explain(const struct lanes *lanes, int code, struct error *error)
{
	if (error->text[0] == '\0' && lanes->patience.error.text[0] != '\0') {
		*error = lanes->patience.error;
	} else if (error->text[0] == '\0') {
		error_set_errno(error, code);
	}
	return code;
}

static int harvest_lane(
	struct lanes *lanes, struct lane *lane, lanes_handler *handler, void *context)
{
	struct io_uring_cqe *cqe;
	unsigned head;
	unsigned seen = 0;
	int r = 0;
	io_uring_for_each_cqe(&lane->ring, head, cqe) {
		struct token token = token_unpack(cqe->user_data);
		seen++;
		if (token.operation == LANES_OPERATION_WAKE) {
			lanes->wake_armed = false;
			continue;
		}
		r = handler(context, lane, token, cqe->res, cqe->flags);
		if (r < 0) {
			break;
		}
	}
	io_uring_cq_advance(&lane->ring, seen);
	lanes->window_completions += seen;
	return r;
}

int lanes_harvest(struct lanes *lanes, lanes_handler *handler, void *context)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < lanes->count; i++) {
		if (io_uring_cq_ready(&lanes->list[i].ring) > 0) {
			r = harvest_lane(lanes, &lanes->list[i], handler, context);
		}
	}
	return r;
}

uint64_t lanes_overflows(const struct lanes *lanes)
{
	uint64_t overflows = 0;
	for (unsigned i = 0; i < lanes->count; i++) {
		overflows += IO_URING_READ_ONCE(*lanes->list[i].ring.cq.koverflow);
	}
	return overflows;
}
