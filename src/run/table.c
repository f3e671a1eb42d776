/* SPDX-License-Identifier: MIT */
/*
 * Counters and histograms follow each change of state, so that no report ever walks the table: a
 * tick costs the same with ten connections as with ten million. Everything else about connection i
 * (addresses, port, due time) is computed from i when it is needed.
 */
#include "run/table.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"
#include "tcpgoon/plan/targets.h"
#include "tcpgoon/result/connection_list.h"

int table_init(struct table *table, uint64_t count, uint64_t start_ns, struct result *result)
{
	*table = (struct table){.count = count, .start_ns = start_ns, .result = result};
	table->records = result->connections != NULL ? result->connections->records : NULL;
	void *memory = mmap(NULL, count * sizeof(struct conn), PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		return -ENOMEM;
	}
	table->conns = memory;
	table->by_state[CONN_NOT_INITIATED] = count;
	return 0;
}

void table_finish(struct table *table)
{
	if (table->conns != NULL) {
		munmap(table->conns, table->count * sizeof(struct conn));
	}
	*table = (struct table){0};
}

static bool is_legal(enum conn_state from, enum conn_state to)
{
	switch (from) {
	case CONN_NOT_INITIATED:
		return to == CONN_DIALING || to == CONN_ERROR;
	case CONN_DIALING:
		return to == CONN_ESTABLISHED || to == CONN_ERROR;
	case CONN_ESTABLISHED:
		return to == CONN_CLOSED;
	case CONN_CLOSED:
	case CONN_ERROR:
		return to == CONN_NOT_INITIATED; /* recycled */
	case CONN_STATE_MAX:
		break;
	}
	return false;
}

static void move(struct table *table, struct conn *conn, enum conn_state to)
{
	assert(is_legal((enum conn_state)conn->state, to));
	table->by_state[conn->state]--;
	table->by_state[to]++;
	conn->state = to;
}

static uint64_t microseconds_since(uint64_t from_ns, uint64_t now_ns)
{
	return now_ns > from_ns ? (now_ns - from_ns) / NSEC_PER_USEC : 0;
}

static uint32_t dial_time_us(const struct table *table, const struct conn *conn, uint64_t now_ns)
{
	uint64_t now_us = microseconds_since(table->start_ns, now_ns);
	uint64_t us = now_us > conn->dialed_us ? now_us - conn->dialed_us : 0;
	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static void tally(
	struct table *table, struct conn *conn, enum cause cause, int error_number, uint64_t now_ns)
{
	uint64_t at_ns = now_ns - table->start_ns;
	struct cause_tally *tally = &table->result->causes[cause];
	conn->cause = cause;
	conn->error_number = (uint16_t)error_number & 0xfff;
	if (tally->count == 0) {
		tally->first_ns = at_ns;
	}
	tally->count++;
	tally->last_ns = at_ns;
	tally->last_errno = error_number;
}

/* NULL if targets have no tally. */
static struct target_tally *target_of(const struct table *table, uint32_t index)
{
	struct result *result = table->result;
	if (result->target_count == 0) {
		return NULL;
	}
	/* All tuples of a slot go to one target, and the planned one has the slot's number. */
	return &result->targets[targets_turn_of(result->target_count, index)];
}

/* The path or the target rejected the connection. */
static void note_rejected(const struct table *table, uint32_t index)
{
	struct result *result = table->result;
	uint64_t attempt = table_attempt(table, index);
	if (attempt < result->first_rejected) {
		result->first_rejected = attempt;
	}
	if (result->last_rejected == RESULT_UNKNOWN || attempt > result->last_rejected) {
		result->last_rejected = attempt;
	}
}

/* The instant of a failure or an end, which the table does not keep. */
static void record_end(struct table *table, uint32_t index, bool was_dialed, uint64_t now_ns)
{
	if (table->records != NULL) {
		table->records[index].ended_us = microseconds_since(table->start_ns, now_ns);
		table->records[index].dialed = was_dialed;
	}
}

static void note_lateness(struct table *table, bool late)
{
	table->result->generator.late += late;
	table->result->generator.late_spells += late && !table->last_was_late;
	table->last_was_late = late;
}

void table_dialing(struct table *table, uint32_t index, uint64_t due_ns, uint64_t now_ns)
{
	struct conn *conn = &table->conns[index];
	move(table, conn, CONN_DIALING);
	conn->dialed_us = microseconds_since(table->start_ns, now_ns);
	conn->connect_us = 0;
	table->last_dialed_ns = now_ns;
	table->result->totals.dialed++;
	if (due_ns != CLOCK_NEVER) {
		histogram_record(
			&table->result->times[TIMES_LAG], microseconds_since(due_ns, now_ns));
		note_lateness(table, now_ns > due_ns + GENERATOR_LATE_NS);
	}
}

static uint16_t next_generation(const struct conn *conn)
{
	return (conn->generation + 1U) & 0x7fff;
}

void table_dialing_again(struct table *table, uint32_t index, uint64_t now_ns)
{
	struct conn *conn = &table->conns[index];
	assert(conn->state == CONN_DIALING);
	conn->dialed_us = microseconds_since(table->start_ns, now_ns);
	conn->generation = next_generation(conn);
}

void table_answered(struct table *table, uint32_t index, uint64_t now_ns)
{
	struct conn *conn = &table->conns[index];
	assert(conn->state == CONN_DIALING);
	conn->connect_us = dial_time_us(table, conn, now_ns);
	table->answered++;
	/*
	 * Connections that the peer closes before this one is confirmed existed at the same time.
	 */
	uint64_t at_once = table->by_state[CONN_ESTABLISHED] + table->answered;
	if (at_once > table->answered_max) {
		table->answered_max = at_once;
	}
}

/*
 * An answer has been confirmed or retracted. Only when none is open is it known how many of those
 * that were counted at once were connections.
 */
static void settle_answer(struct table *table)
{
	uint64_t least = table->by_state[CONN_ESTABLISHED];
	table->answered--;
	if (table->answered == 0) {
		least = greater(least, table->answered_max);
		table->answered_max = 0;
	}
	table->established_now_max = greater(table->established_now_max, least);
}

void table_denied(struct table *table)
{
	table->answered_max--;
	settle_answer(table);
}

void table_stalled(struct table *table, uint64_t now_ns, bool suspended)
{
	table->stalled_before_us = microseconds_since(table->start_ns, now_ns) + 1;
	if (suspended) {
		table->suspended_before_us = table->stalled_before_us;
	}
}

static bool dial_spans_stall(const struct table *table, const struct conn *conn)
{
	return conn->dialed_us < table->stalled_before_us;
}

/* A stall hides when it was established or ended; a suspension hides how long it lived. */
static bool lifetime_is_doubtful(
	const struct table *table, const struct conn *conn, uint64_t now_ns)
{
	return conn->stalled ||
		microseconds_since(table->start_ns, now_ns) < table->stalled_before_us ||
		(uint64_t)conn->dialed_us + conn->connect_us < table->suspended_before_us;
}

void table_established(struct table *table, uint32_t index)
{
	struct conn *conn = &table->conns[index];
	move(table, conn, CONN_ESTABLISHED);
	if (dial_spans_stall(table, conn)) {
		conn->stalled = true;
		table->result->stalls.connect_apart++;
	} else {
		histogram_record(&table->result->times[TIMES_CONNECT], conn->connect_us);
	}
	table->result->totals.established++;
	struct target_tally *target = target_of(table, index);
	if (target != NULL) {
		target->established++;
	}
	settle_answer(table);
}

void table_failed(
	struct table *table, uint32_t index, enum cause cause, int error_number, uint64_t now_ns)
{
	struct conn *conn = &table->conns[index];
	bool was_dialed = conn->state == CONN_DIALING;
	move(table, conn, CONN_ERROR);
	table->result->totals.failed++;
	if (was_dialed) {
		conn->connect_us = dial_time_us(table, conn, now_ns);
		if (dial_spans_stall(table, conn)) {
			table->result->stalls.failure_apart++;
		} else {
			histogram_record(&table->result->times[TIMES_FAILURE], conn->connect_us);
		}
	}
	tally(table, conn, cause, error_number, now_ns);
	record_end(table, index, was_dialed, now_ns);
	table->result->given_up_by_kernel += cause == CAUSE_TIMED_OUT && error_number == ETIMEDOUT;
	if (cause_side(cause) == CAUSE_SIDE_LOCAL) {
		return;
	}
	note_rejected(table, index);
	struct target_tally *target = target_of(table, index);
	if (target != NULL) {
		target->failed++;
	}
}

uint64_t table_dialed_ns(const struct table *table, uint32_t index)
{
	return table->start_ns + table->conns[index].dialed_us * NSEC_PER_USEC;
}

uint64_t table_established_ns(const struct table *table, uint32_t index)
{
	const struct conn *conn = &table->conns[index];
	return table->start_ns + (conn->dialed_us + conn->connect_us) * NSEC_PER_USEC;
}

uint64_t table_lifetime_ns(const struct table *table, uint32_t index, uint64_t now_ns)
{
	const struct conn *conn = &table->conns[index];
	uint64_t established_us = conn->dialed_us + conn->connect_us;
	uint64_t now_us = microseconds_since(table->start_ns, now_ns);
	return now_us > established_us ? (now_us - established_us) * NSEC_PER_USEC : 0;
}

enum cause table_closed(struct table *table, uint32_t index, int error_number, uint64_t now_ns)
{
	struct conn *conn = &table->conns[index];
	uint64_t lifetime_ns = table_lifetime_ns(table, index, now_ns);
	bool doubtful = lifetime_is_doubtful(table, conn, now_ns);
	/* If its lifetime is not known, it may have lived since its dial. */
	enum cause cause = cause_from_end(
		error_number, doubtful ? now_ns - table_dialed_ns(table, index) : lifetime_ns);
	move(table, conn, CONN_CLOSED);
	table->result->totals.dropped++;
	if (doubtful) {
		table->result->stalls.lifetime_apart++;
	} else {
		histogram_record(
			&table->result->times[TIMES_LIFETIME], lifetime_ns / NSEC_PER_USEC);
	}
	tally(table, conn, cause, error_number, now_ns);
	record_end(table, index, true, now_ns);
	if (cause == CAUSE_CLOSED_AT_ONCE || cause == CAUSE_RESET_AT_ONCE) {
		note_rejected(table, index);
	}
	return cause;
}

void table_handshake(struct table *table, uint32_t index, uint32_t handshake_us)
{
	histogram_record(&table->result->times[TIMES_HANDSHAKE], handshake_us);
	if (table->records != NULL) {
		table->records[index].handshake_us = handshake_us;
	}
}

void table_received(struct table *table, uint32_t index)
{
	struct conn *conn = &table->conns[index];
	if (!conn->received) {
		conn->received = true;
		table->result->received_from++;
	}
}

void table_recycle(struct table *table, uint32_t index)
{
	struct conn *conn = &table->conns[index];
	assert(conn->held == 0);
	move(table, conn, CONN_NOT_INITIATED);
	conn->generation = next_generation(conn);
	conn->stalled = false;
	conn->cause = CAUSE_NONE;
	conn->error_number = 0;
	conn->received = false;
	conn->half_closed = false;
	conn->received_late = false;
	conn->end_known = false;
}

void table_hold(struct table *table, uint32_t index, unsigned held)
{
	struct conn *conn = &table->conns[index];
	if (conn->held == 0 && held != 0) {
		table->occupied++;
	}
	if ((conn->held & CONN_ARMED) == 0 && (held & CONN_ARMED) != 0) {
		table->armed++;
	}
	conn->held |= held & CONN_HELD_ALL;
}

void table_release(struct table *table, uint32_t index, unsigned held)
{
	struct conn *conn = &table->conns[index];
	bool was_held = conn->held != 0;
	if ((conn->held & CONN_ARMED) != 0 && (held & CONN_ARMED) != 0) {
		table->armed--;
	}
	conn->held &= ~held & CONN_HELD_ALL;
	if (was_held && conn->held == 0) {
		table->occupied--;
	}
}

bool table_decided(const struct table *table)
{
	return table->by_state[CONN_NOT_INITIATED] == 0 && table->by_state[CONN_DIALING] == 0;
}

struct snapshot table_snapshot(const struct table *table, uint64_t now_ns)
{
	return (struct snapshot){
		.elapsed_ns = now_ns > table->start_ns ? now_ns - table->start_ns : 0,
		.total = table->count,
		.not_initiated = table->by_state[CONN_NOT_INITIATED],
		.dialing = table->by_state[CONN_DIALING],
		.established = table->by_state[CONN_ESTABLISHED],
		.closed = table->by_state[CONN_CLOSED],
		.failed = table->by_state[CONN_ERROR],
		.due = RESULT_UNKNOWN,
		.queued = RESULT_UNKNOWN,
	};
}
