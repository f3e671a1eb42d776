/* SPDX-License-Identifier: MIT */
/*
 * Sockets are made with system calls, a batch at a time, and installed into the lane's table with
 * one more: measured, that costs no more than making them on the ring (IORING_OP_SOCKET and
 * IORING_OP_BIND), and works on kernels that have no IORING_OP_BIND. Their descriptors are closed
 * at once, so a batch is all that ever counts against the limit of open files.
 *
 * They are dialled a few at a time, as the clock that measures a dial is read once for them: the
 * kernel works some 6 µs in each CONNECT, so 4 blur the connect time by up to 24 µs, and 256 would
 * by 1.5 ms. (Measured here: 1 to 12 at once take the same CPU, and from 14 on each dial takes up to a
 * third more.)
 *
 * Source ports: SO_REUSEADDR and a bind to address and port, as laid out by the plan. Where
 * somebody holds the port, bind says EADDRINUSE and the next spare tuple is taken at once. A 4-tuple
 * in TIME_WAIT is taken over by the kernel, as the port was bound and not asked for; where it cannot
 * be (TCP timestamps are off), connect says EADDRNOTAVAIL and the connection is dialled again.
 */
#include "run/dialer.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"

#define BATCH_MOST 32 /* sockets that are made at once */
#define DIALS_MOST 4 /* of these, dialled at once */

int dialer_init(struct dialer *dialer, const struct plan *plan, struct requests *requests,
	struct table *table, uint64_t start_ns)
{
	uint64_t connections = plan->settings.connections;
	uint64_t targets = plan->targets.count;
	*dialer = (struct dialer){
		.plan = plan,
		.requests = requests,
		.table = table,
		.pacer =
			{
				.schedule = &plan->schedule,
				.count = connections,
				.start_ns = start_ns,
			},
		.spare = calloc(targets, sizeof(*dialer->spare)),
	};
	if (dialer->spare == NULL) {
		return -ENOMEM;
	}
	/* Ordinals count the targets in turns: the first of each that no connection has. */
	for (uint64_t i = 0; i < targets; i++) {
		dialer->spare[(connections + i) % targets] = connections + i;
	}
	return 0;
}

void dialer_finish(struct dialer *dialer)
{
	tdestroy(dialer->displaced, free);
	dialer->displaced = NULL;
	free(dialer->spare);
	dialer->spare = NULL;
	free(dialer->again);
	dialer->again = NULL;
}

/* A connection whose tuple is not the one with its own index as the ordinal. */
struct displaced {
	uint32_t index;
	uint64_t ordinal;
};

static int compare_displaced(const void *a, const void *b)
{
	uint32_t first = ((const struct displaced *)a)->index;
	uint32_t second = ((const struct displaced *)b)->index;
	return first < second ? -1 : first > second;
}

/* Without memory for it, the kernel is asked about another tuple, and says that it knows none. */
static void note_ordinal(struct dialer *dialer, uint32_t index, uint64_t ordinal)
{
	struct displaced *entry = ordinal == index ? NULL : malloc(sizeof(*entry));
	if (entry == NULL) {
		return;
	}
	*entry = (struct displaced){.index = index, .ordinal = ordinal};
	struct displaced **found = tsearch(entry, &dialer->displaced, compare_displaced);
	if (found == NULL) {
		free(entry);
	} else if (*found != entry) {
		(*found)->ordinal = ordinal; /* displaced once more */
		free(entry);
	}
}

struct tuple dialer_tuple(const struct dialer *dialer, uint32_t index)
{
	const struct displaced wanted = {.index = index};
	struct displaced *const *found = tfind(&wanted, &dialer->displaced, compare_displaced);
	return tuples_at(
		&dialer->plan->tuples, found != NULL ? (*found)->ordinal : (uint64_t)index);
}

/* What the displaced change in the count of a source. */
struct recount {
	const struct tuples *tuples;
	const struct address *source;
	uint64_t below;
	uint64_t count;
};

static bool is_from(const struct recount *recount, uint64_t ordinal)
{
	struct tuple tuple = tuples_at(recount->tuples, ordinal);
	return address_same_host(&tuple.source, recount->source);
}

static void recount_displaced(const void *node, VISIT order, void *context)
{
	const struct displaced *entry = *(const struct displaced *const *)node;
	struct recount *recount = context;
	if ((order != postorder && order != leaf) || entry->index >= recount->below) {
		return; /* each node but a leaf is visited three times */
	}
	recount->count -= is_from(recount, entry->index);
	recount->count += is_from(recount, entry->ordinal);
}

uint64_t dialer_count_source(
	const struct dialer *dialer, const struct address *source, uint64_t below)
{
	struct recount recount = {
		.tuples = &dialer->plan->tuples,
		.source = source,
		.below = below,
		.count = tuples_count_source(&dialer->plan->tuples, source, below),
	};
	twalk_r(dialer->displaced, recount_displaced, &recount);
	return recount.count;
}

static int set_options(const struct dialer *dialer, int fd, sa_family_t family)
{
	const int on = 1;
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
		return -errno;
	}
	/* For icmp.c. */
	bool v4 = family == AF_INET;
	if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
		    sizeof(on)) < 0) {
		return -errno;
	}
	/* Chosen by bind(), it would be taken from every other program; by connect(), it is shared. */
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

/* A run that was forced may have more connections than there are tuples. */
static bool has_tuple(const struct dialer *dialer, uint64_t ordinal)
{
	return ordinal < tuples_capacity(&dialer->plan->tuples);
}

/* Targets take turns, by ordinals; a connection keeps its own when it takes a spare tuple. */
static const struct address *target_of(const struct dialer *dialer, uint64_t ordinal)
{
	return &dialer->plan->targets.list[ordinal % dialer->plan->targets.count];
}

static uint64_t *spare_of(const struct dialer *dialer, uint64_t ordinal)
{
	return &dialer->spare[ordinal % dialer->plan->targets.count];
}

/*
 * Turns *ordinal into the next tuple to the same target that the plan gave to no connection; false
 * where they are used up.
 */
static bool take_spare(struct dialer *dialer, uint64_t *ordinal)
{
	uint64_t *spare = spare_of(dialer, *ordinal);
	if (!has_tuple(dialer, *spare)) {
		return false;
	}
	*ordinal = *spare;
	*spare += dialer->plan->targets.count;
	return true;
}

/* Binds to the tuple, or to the next spare one that nobody holds; *ordinal says which it was. */
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
		if (!take_spare(dialer, ordinal)) {
			return -EADDRINUSE;
		}
	}
}

/* A socket bound to the tuple *ordinal or a spare one: its descriptor, or a negative errno. */
static int make_socket(struct dialer *dialer, uint64_t *ordinal)
{
	if (!has_tuple(dialer, *ordinal)) {
		return -EADDRINUSE;
	}
	const struct address *target = target_of(dialer, *ordinal);
	int fd = socket(target->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
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

/* Neighbours in one lane, and their sockets; -1 where there is none. */
struct batch {
	uint32_t first;
	unsigned count;
	int fds[BATCH_MOST];
};

/* How many of the connections from `next` on and below `before` fit a batch: they share a lane. */
static unsigned batch_size(const struct dialer *dialer, uint64_t next, uint64_t before)
{
	uint32_t per_lane = dialer->requests->lanes->slots_per_lane;
	uint64_t left_in_lane = per_lane - next % per_lane;
	uint64_t size = lesser(before - next, left_in_lane);
	return (unsigned)lesser(size, BATCH_MOST);
}

/* Adds a socket for the batch's next connection. False where the batch must do without it. */
static bool extend_batch(struct dialer *dialer, struct batch *batch, uint64_t now_ns)
{
	uint32_t index = batch->first + batch->count;
	uint64_t ordinal = index;
	int fd = make_socket(dialer, &ordinal);
	if ((fd == -EMFILE || fd == -ENFILE) && batch->count > 0) {
		return false; /* this batch's own descriptors may be what is missing */
	}
	if (fd < 0) {
		fail_unprepared(dialer, index, -fd, now_ns);
	} else {
		note_ordinal(dialer, index, ordinal);
	}
	batch->fds[batch->count++] = fd < 0 ? -1 : fd;
	return true;
}

static int install_batch(struct dialer *dialer, const struct batch *batch)
{
	struct lanes *lanes = dialer->requests->lanes;
	int r = lane_install_take_fds(lanes_of_index(lanes, batch->first),
		lanes_slot_of_index(lanes, batch->first), batch->fds, batch->count);
	for (unsigned i = 0; r == 0 && i < batch->count; i++) {
		if (batch->fds[i] >= 0) {
			table_hold(dialer->table, batch->first + i, CONN_HAS_SOCKET);
		}
	}
	return r;
}

/* Makes the next sockets, of connections below `before`, unless some are left from the last time. */
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
	return install_batch(dialer, &batch);
}

/* Without a delay all are due at the start, and what they wait for is not lateness. */
static uint64_t scheduled_ns(const struct dialer *dialer, uint32_t index)
{
	return dialer->plan->schedule.period_ns > 0 ? pacer_due_ns(&dialer->pacer, index)
						    : CLOCK_NEVER;
}

/* False where it could not have a socket, and has failed. */
static bool has_socket(const struct dialer *dialer, uint32_t index)
{
	return table_holds(dialer->table, index, CONN_HAS_SOCKET);
}

static int dial_due(struct dialer *dialer, uint64_t due_before, uint64_t now_ns)
{
	int r = prepare(dialer, due_before, now_ns);
	uint64_t end = lesser(dialer->next + DIALS_MOST, dialer->prepared);
	uint64_t dial_ns = clock_now_ns();
	for (; r == 0 && dialer->next < end; dialer->next++) {
		uint32_t index = (uint32_t)dialer->next;
		if (has_socket(dialer, index)) {
			table_dialing(dialer->table, index, scheduled_ns(dialer, index), dial_ns);
			r = requests_dial(dialer->requests, index, target_of(dialer, index), 0);
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
				r = requests_dial(dialer->requests, index, target_of(dialer, index),
					pacer_due_ns(&dialer->pacer, index));
			}
		}
	}
	return r;
}

static int dial_again(struct dialer *dialer, uint32_t index, uint64_t now_ns)
{
	uint64_t ordinal = index;
	int fd = take_spare(dialer, &ordinal) ? make_socket(dialer, &ordinal) : -EADDRINUSE;
	if (fd < 0) {
		fail_unprepared(dialer, index, -fd, now_ns);
		return 0;
	}
	struct lanes *lanes = dialer->requests->lanes;
	int r = lane_install_take_fds(
		lanes_of_index(lanes, index), lanes_slot_of_index(lanes, index), &fd, 1);
	if (r < 0) {
		return r;
	}
	note_ordinal(dialer, index, ordinal);
	table_dialing_again(dialer->table, index, clock_now_ns());
	return requests_dial(dialer->requests, index, target_of(dialer, index), 0);
}

/*
 * The last of those to be dialled again of whose failed chain nothing is in flight any more: what
 * follows the CONNECT may come back a turn later, and would pass for part of the new chain.
 * Returns its place, or again_count where there is none among the last DIALS_MOST.
 */
static uint32_t find_settled(const struct dialer *dialer)
{
	uint32_t count = dialer->again_count;
	for (uint32_t at = count; at > 0 && at + DIALS_MOST > count; at--) {
		if (!table_holds(
			    dialer->table, dialer->again[at - 1], CONN_CONFIRMING | CONN_WATCHED)) {
			return at - 1;
		}
	}
	return count;
}

static int dial_all_again(struct dialer *dialer, uint64_t now_ns)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < DIALS_MOST; i++) {
		uint32_t at = find_settled(dialer);
		if (at == dialer->again_count) {
			break;
		}
		uint32_t index = dialer->again[at];
		dialer->again[at] = dialer->again[--dialer->again_count];
		r = dial_again(dialer, index, now_ns);
	}
	return r;
}

int dialer_advance(struct dialer *dialer, uint64_t now_ns, struct error *error)
{
	int r = 0;
	uint64_t due_before = pacer_due_before(&dialer->pacer, now_ns);
	if (dialer->again_count > 0) {
		r = dial_all_again(dialer, now_ns);
	} else if (dialer->next < due_before) {
		r = dial_due(dialer, due_before, now_ns);
	} else {
		r = arm_ahead(dialer, pacer_armed_before(&dialer->pacer, now_ns), now_ns);
	}
	return r < 0 ? lanes_explain(dialer->requests->lanes, r, error) : 0;
}

uint64_t dialer_tuples_used(const struct dialer *dialer)
{
	uint64_t targets = dialer->plan->targets.count;
	uint64_t used = dialer->prepared;
	for (uint64_t i = 0; i < targets; i++) {
		/* A spare one of a target lies beyond those that were laid out for connections. */
		if (dialer->spare[i] >= dialer->pacer.count + targets) {
			uint64_t end = dialer->spare[i] - targets + 1;
			used = end > used ? end : used;
		}
	}
	return used;
}

bool dialer_done(const struct dialer *dialer)
{
	return dialer->next == dialer->pacer.count && dialer->again_count == 0;
}

uint64_t dialer_next_ns(const struct dialer *dialer, uint64_t now_ns)
{
	if (dialer->again_count > 0) {
		return now_ns;
	}
	if (dialer->next == dialer->pacer.count) {
		return CLOCK_NEVER;
	}
	return pacer_due_ns(&dialer->pacer, dialer->next);
}

static bool make_room_for_again(struct dialer *dialer)
{
	if (dialer->again_count < dialer->again_capacity) {
		return true;
	}
	uint32_t capacity = dialer->again_capacity == 0 ? 64 : dialer->again_capacity * 2;
	uint32_t *grown = realloc(dialer->again, capacity * sizeof(*grown));
	if (grown == NULL) {
		return false;
	}
	dialer->again = grown;
	dialer->again_capacity = capacity;
	return true;
}

bool dialer_again(struct dialer *dialer, uint32_t index)
{
	bool spare_left = !dialer->plan->tuples.port_auto &&
		dialer->plan->tuples.source_count > 0 &&
		has_tuple(dialer, *spare_of(dialer, index));
	if (!spare_left || !make_room_for_again(dialer)) {
		return false;
	}
	dialer->again[dialer->again_count++] = index;
	return true;
}
