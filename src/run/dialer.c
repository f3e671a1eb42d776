/* SPDX-License-Identifier: MIT */
/*
 * Sockets are made by system calls, a batch at a time, and handed to the transport. With io_uring,
 * this was measured to cost no more than making them on the ring (IORING_OP_SOCKET and
 * IORING_OP_BIND), and it works on kernels without IORING_OP_BIND. There their descriptors are closed
 * at once, so no more than one batch ever counts against the limit of open files; epoll keeps them.
 *
 * They are dialled a few at a time, because the clock that times the dials is read once for all of
 * them: each connect takes the kernel some 6 µs, so 4 blur the connect time by up to 24 µs, and 256
 * would by 1.5 ms. (Measured here: 1 to 12 at once take the same CPU, and from 14 on each dial
 * takes up to a third more.)
 *
 * Source ports: SO_REUSEADDR and a bind to address and port, as laid out by the plan. If the port
 * is in use, bind returns EADDRINUSE and the next spare tuple is taken at once. The kernel takes
 * over a 4-tuple in TIME_WAIT, because the port was bound and not left to its choice; if it cannot
 * (TCP timestamps are off), connect returns EADDRNOTAVAIL and the connection is dialled again.
 */
#include "run/dialer.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"

#define BATCH_MAX 32 /* sockets that are made at once */
#define DIALS_MAX 4 /* sockets of a batch that are dialled at once */

void dialer_init(struct dialer *dialer, const struct dialer_params *params)
{
	*dialer = (struct dialer){
		.plan = params->plan,
		.transport = params->transport,
		.table = params->table,
		.pool = params->pool,
		.queue = params->queue,
		.pacer =
			{
				.schedule = &params->plan->schedule,
				.count = params->plan->settings.connections,
				.start_ns = params->start_ns,
			},
	};
}

void dialer_finish(struct dialer *dialer)
{
	index_list_finish(&dialer->again);
}

static int set_options(const struct dialer *dialer, int fd, sa_family_t family)
{
	const int on = 1;
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
		return -errno;
	}
	/* The error queue then keeps the message that ended the dial. */
	bool v4 = family == AF_INET;
	if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
		    sizeof(on)) < 0) {
		return -errno;
	}
	/*
	 * A port chosen by bind() is taken from every other program; one chosen by connect() is
	 * shared.
	 */
	if (dialer->plan->tuples.port_auto &&
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0) {
		return -errno;
	}
	if (dialer->plan->settings.close_mode == CLOSE_RST &&
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0) {
		return -errno;
	}
	return 0;
}

static const struct address *target_of(const struct dialer *dialer, uint32_t slot)
{
	return &dialer->plan->targets.list[tuple_pool_target(dialer->pool, slot)];
}

/* Binds to the tuple, or to the next spare one that is not in use; *ordinal says which. */
static int bind_to_tuple(struct dialer *dialer, int fd, uint64_t *ordinal)
{
	for (;;) {
		struct tuple tuple = tuples_at(&dialer->plan->tuples, *ordinal);
		if (tuple.source.any.sa_family == AF_UNSPEC ||
			bind(fd, &tuple.source.any, address_length(&tuple.source)) == 0) {
			return 0;
		}
		if (errno != EADDRINUSE) {
			return -errno;
		}
		if (!tuple_pool_take_spare(dialer->pool, ordinal)) {
			return -EADDRINUSE;
		}
	}
}

/*
 * Makes a socket bound to tuple *ordinal or a spare one. Returns a descriptor or a negative errno.
 */
static int make_socket(struct dialer *dialer, uint64_t *ordinal)
{
	if (!tuple_pool_has(dialer->pool, *ordinal)) {
		return -EADDRINUSE;
	}
	const struct targets *targets = &dialer->plan->targets;
	const struct address *target = &targets->list[targets_turn(targets, *ordinal)];
	int flags = dialer->transport->ops->socket_flags;
	int fd = socket(target->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_TCP);
	if (fd < 0) {
		return -errno;
	}
	int r = set_options(dialer, fd, target->any.sa_family);
	if (r == 0) {
		r = bind_to_tuple(dialer, fd, ordinal);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static void fail_unprepared(
	struct dialer *dialer, uint32_t index, int error_number, uint64_t now_ns)
{
	enum cause cause = cause_from_errno(error_number, CAUSE_STAGE_PREPARE);
	table_failed(dialer->table, index, cause, error_number, now_ns);
}

/* Consecutive connections and their sockets; -1 where there is none. */
struct batch {
	uint32_t first;
	unsigned count;
	int fds[BATCH_MAX];
};

/* How many of the connections from `next` on and below `before` fit a batch. */
static unsigned batch_size(const struct dialer *dialer, uint64_t next, uint64_t before)
{
	uint32_t room = dialer->transport->ops->room(dialer->transport, (uint32_t)next);
	return (unsigned)lesser(lesser(before - next, room), BATCH_MAX);
}

/* Dials that have a socket and have not begun. */
static uint64_t not_begun(const struct dialer *dialer)
{
	return dialer->prepared - dialer->next + dialer->table->armed + dialer->again.count;
}

/* Adds a socket for the batch's next connection. False if the batch must end before it. */
static bool extend_batch(struct dialer *dialer, struct batch *batch, uint64_t now_ns)
{
	uint32_t index = batch->first + batch->count;
	uint64_t ordinal = index;
	int fd = dial_queue_reserve(dialer->queue, not_begun(dialer) + batch->count + 1);
	if (fd == 0) {
		fd = make_socket(dialer, &ordinal);
	}
	if ((fd == -EMFILE || fd == -ENFILE) && batch->count > 0) {
		return false; /* the batch's own descriptors may be the ones that are missing */
	}
	if (fd < 0) {
		fail_unprepared(dialer, index, -fd, now_ns);
	} else {
		tuple_pool_assign(dialer->pool, index, ordinal);
	}
	batch->fds[batch->count++] = fd < 0 ? -1 : fd;
	return true;
}

static int place_batch(struct dialer *dialer, const struct batch *batch)
{
	int r = dialer->transport->ops->place(
		dialer->transport, batch->first, batch->fds, batch->count);
	for (unsigned i = 0; r == 0 && i < batch->count; i++) {
		if (batch->fds[i] >= 0) {
			table_hold(dialer->table, batch->first + i, CONN_HAS_SOCKET);
		}
	}
	return r;
}

/*
 * Makes sockets for the next connections below `before`, unless some are left from the last call.
 */
static int prepare(struct dialer *dialer, uint64_t before, uint64_t now_ns)
{
	if (dialer->prepared > dialer->next) {
		return 0;
	}
	struct batch batch = {.first = (uint32_t)dialer->prepared};
	unsigned size = batch_size(dialer, dialer->prepared, before);
	while (batch.count < size && extend_batch(dialer, &batch, now_ns)) {
	}
	dialer->prepared += batch.count;
	return place_batch(dialer, &batch);
}

static uint64_t due_ns_of(const struct dialer *dialer, uint32_t slot)
{
	return pacer_due_ns(&dialer->pacer, table_attempt(dialer->table, slot));
}

/* Without a pace all are due at the start, so waiting for their turn is no lateness. */
static uint64_t scheduled_ns(const struct dialer *dialer, uint32_t index)
{
	return schedule_is_paced(&dialer->plan->schedule) ? due_ns_of(dialer, index) : CLOCK_NEVER;
}

/* False if no socket could be made, so that the connection has failed. */
static bool has_socket(const struct dialer *dialer, uint32_t index)
{
	return table_holds(dialer->table, index, CONN_HAS_SOCKET);
}

/* Dials at once (0), or at the instant due_ns. */
static int dial(struct dialer *dialer, uint32_t index, uint64_t due_ns)
{
	struct table *table = dialer->table;
	table_hold(table, index, CONN_IN_FLIGHT | CONN_CONNECTING | (due_ns != 0 ? CONN_ARMED : 0));
	return dialer->transport->ops->dial(
		dialer->transport, table_slot(table, index), target_of(dialer, index), due_ns);
}

static int dial_due(struct dialer *dialer, uint64_t due_before, uint64_t now_ns)
{
	int r = prepare(dialer, due_before, now_ns);
	uint64_t end = lesser(dialer->next + DIALS_MAX, dialer->prepared);
	uint64_t dial_ns = clock_now_ns();
	for (; r == 0 && dialer->next < end; dialer->next++) {
		uint32_t index = (uint32_t)dialer->next;
		if (has_socket(dialer, index)) {
			table_dialing(dialer->table, index, scheduled_ns(dialer, index), dial_ns);
			r = dial(dialer, index, 0);
			dial_queue_push(dialer->queue, table_slot(dialer->table, index), dial_ns);
		}
	}
	return r;
}

static int arm_ahead(struct dialer *dialer, uint64_t armed_before, uint64_t now_ns)
{
	int r = 0;
	while (r == 0 && dialer->next < armed_before) {
		r = prepare(dialer, armed_before, now_ns);
		for (; r == 0 && dialer->next < dialer->prepared; dialer->next++) {
			uint32_t index = (uint32_t)dialer->next;
			if (has_socket(dialer, index)) {
				r = dial(dialer, index, due_ns_of(dialer, index));
			}
		}
	}
	return r;
}

static int dial_again(struct dialer *dialer, uint32_t index, uint64_t now_ns)
{
	uint64_t ordinal = index;
	int fd = dial_queue_reserve(dialer->queue, not_begun(dialer) + 1);
	if (fd == 0) {
		fd = tuple_pool_take_spare(dialer->pool, &ordinal) ? make_socket(dialer, &ordinal)
								   : -EADDRINUSE;
	}
	if (fd < 0) {
		fail_unprepared(dialer, index, -fd, now_ns);
		return 0;
	}
	int r = dialer->transport->ops->place(dialer->transport, index, &fd, 1);
	if (r < 0) {
		return r;
	}
	tuple_pool_assign(dialer->pool, index, ordinal);
	uint64_t dial_ns = clock_now_ns();
	table_dialing_again(dialer->table, index, dial_ns);
	dial_queue_push(dialer->queue, table_slot(dialer->table, index), dial_ns);
	return dial(dialer, index, 0);
}

/*
 * Finds the last connection to be dialled again whose failed dial is idle. Returns its place, or
 * the count if there is none among the last DIALS_MAX.
 */
static uint32_t find_settled(const struct dialer *dialer)
{
	uint32_t count = dialer->again.count;
	for (uint32_t at = count; at > 0 && at + DIALS_MAX > count; at--) {
		if (!table_holds(dialer->table, dialer->again.indices[at - 1], CONN_IN_FLIGHT)) {
			return at - 1;
		}
	}
	return count;
}

static bool can_dial_again(const struct dialer *dialer)
{
	return find_settled(dialer) != dialer->again.count;
}

static int dial_all_again(struct dialer *dialer, uint64_t now_ns)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < DIALS_MAX && can_dial_again(dialer); i++) {
		uint32_t at = find_settled(dialer);
		uint32_t index = dialer->again.indices[at];
		dialer->again.indices[at] = dialer->again.indices[--dialer->again.count];
		r = dial_again(dialer, index, now_ns);
	}
	return r;
}

int dialer_advance(struct dialer *dialer, uint64_t now_ns, struct error *error)
{
	int r = 0;
	uint64_t due_before = pacer_due_before(&dialer->pacer, now_ns);
	if (can_dial_again(dialer)) {
		r = dial_all_again(dialer, now_ns);
	} else if (dialer->next < due_before) {
		r = dial_due(dialer, due_before, now_ns);
	} else {
		r = arm_ahead(dialer, pacer_armed_before(&dialer->pacer, now_ns), now_ns);
	}
	return r < 0 ? dialer->transport->ops->explain(dialer->transport, r, error) : 0;
}

uint64_t dialer_next_ns(const struct dialer *dialer, uint64_t now_ns)
{
	if (can_dial_again(dialer)) {
		return now_ns; /* dials that are not idle yet wake the loop when they become idle */
	}
	if (dialer->next == dialer->pacer.count) {
		return CLOCK_NEVER;
	}
	return pacer_due_ns(&dialer->pacer, dialer->next);
}

bool dialer_again(struct dialer *dialer, uint32_t index)
{
	bool spare_left = !dialer->plan->tuples.port_auto &&
		dialer->plan->tuples.source_count > 0 && tuple_pool_has_spare(dialer->pool, index);
	return spare_left && index_list_push(&dialer->again, index);
}
