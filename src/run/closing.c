/* SPDX-License-Identifier: MIT */
/*
 * The kernel sends a RST if a socket is closed over unread data, or if data come after the CLOSE.
 * If the peer has never sent anything, a CLOSE is enough and sends the FIN. If it has, a SHUTDOWN
 * sends the FIN first, and data are received until the peer's own FIN, or until DRAIN_NS after the
 * last SHUTDOWN for peers that never end. io_uring hands a SHUTDOWN to a worker thread, so
 * connections that stay quiet do without.
 *
 * An idle open connection says nothing about the peer: the peer, or a firewall in between, may have
 * forgotten the connection. The FIN is the first segment that would show this. So once all
 * connections are closed, we ask the kernel what became of their FINs:
 *
 *   TIME_WAIT, FIN_WAIT2      acknowledged
 *   FIN_WAIT1                 not acknowledged so far. The FIN counts as unanswered if it was
 *                             retransmitted and that answer is overdue too, by the round trip of
 *                             this connection
 *   no such socket            reset: instead of an acknowledgement, or after it
 *
 * The number of connections that entered TIME_WAIT in this network namespace tells the last two
 * apart: a connection that was reset instead never enters it. One that does may still be reset
 * afterwards, without any harm: over loopback on a busy machine up to a quarter are, because a late
 * acknowledgement meets the peer's closed socket. (tcp_timewait_state_process() answers an old
 * segment by an ACK, the listener answers that by a RST, and the RST ends TIME_WAIT.)
 *
 * Mostly two counts are enough: no more sockets of this host wait for an answer to their FIN than
 * before (the kernel calls them orphans), and as many connections entered TIME_WAIT as were closed.
 * Other programs could hide a difference, so even then we ask about a sample of the connections.
 * The server's program closes its ends in its own time, so we wait while the counts grow. If they
 * do not agree, we ask about each connection, at a microsecond each, and about those without an
 * answer again until LOOK_NS are over.
 */
#include "run/closing.h"

#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/net/netstat.h"

#define DRAIN_NS NSEC_PER_SEC
#define LOOK_NS (2 * NSEC_PER_SEC)
/*
 * How long we watch connections that were cut off: their next data meet a closed socket, and a RST.
 */
#define LATE_NS (250 * NSEC_PER_MSEC)
#define FIRST_STEP_NS NSEC_PER_MSEC
/* The wait for the counts ends after this many in a row without growth. */
#define IDLE_COUNTS 3
#define LAST_STEP_NS (100 * NSEC_PER_MSEC)
/* Connections that we ask about even if the counts say that all is well. */
#define SAMPLE 256
/* Connections that one turn walks over: we may have no question about most of them. */
#define WALK_BATCH 4096

void closing_init(struct closing *closing, struct transport *transport, struct table *table,
	struct survey *survey, bool by_fin)
{
	*closing = (struct closing){
		.transport = transport,
		.table = table,
		.survey = survey,
		.by_fin = by_fin,
		.drain_until_ns = CLOCK_NEVER,
	};
}

void closing_finish(struct closing *closing)
{
	index_list_finish(&closing->waiting);
}

/* Whether we can find out what became of the FINs. */
static bool can_look(const struct closing *closing)
{
	return closing->by_fin && closing->table->result->kernel.possible;
}

void closing_begin(struct closing *closing, uint64_t prepared)
{
	struct result *result = closing->table->result;
	closing->first_free = prepared;
	closing->walk_left = prepared;
	result->closing.closed = result->at_end.established;
	if (can_look(closing) && result->closing.closed > 0) {
		if (netstat_read_tcp(&closing->before) < 0) {
			netstat_init(&closing->before);
		}
		struct limits limits;
		limits_init(&limits);
		(void)limits_read_sockets(&limits); /* what it cannot read stays unknown */
		closing->orphans_before = limits.tcp_orphans;
	}
}

void closing_hurry(struct closing *closing)
{
	closing->hurried = true;
}

static bool is_open(const struct closing *closing, uint32_t index)
{
	return table_state(closing->table, index) == CONN_ESTABLISHED;
}

static int half_close(struct closing *closing, uint32_t index)
{
	struct conn *conn = &closing->table->conns[index];
	int r = closing->transport->ops->half_close(
		closing->transport, table_slot(closing->table, index));
	if (r == 0) {
		conn->half_closed = true;
		closing->half_closed_now++;
		closing->table->result->closing.half_closed++;
	}
	return r;
}

static int stop(struct closing *closing, uint32_t index)
{
	return table_holds(closing->table, index, CONN_IN_FLIGHT)
		? closing->transport->ops->stop(
			  closing->transport, table_slot(closing->table, index))
		: 0;
}

/* The connection is watched, the peer has sent data, and there is still time for its FIN. */
static bool is_to_be_drained(const struct closing *closing, uint32_t index)
{
	return closing->by_fin && !closing->cutting && !closing->hurried &&
		is_open(closing, index) && closing->table->conns[index].received &&
		table_holds(closing->table, index, CONN_IN_FLIGHT);
}

/* The walk is over: the last SHUTDOWN is queued, or the remaining connections are cut off. */
static void end_walk(struct closing *closing, uint64_t now_ns)
{
	if (!closing->cutting && closing->half_closed_now > 0) {
		closing->drain_until_ns = now_ns + DRAIN_NS;
	}
}

int closing_step(struct closing *closing, uint64_t now_ns, uint32_t *ret_index, bool *ret_more)
{
	bool over = closing->hurried || now_ns >= closing->drain_until_ns;
	if (over && !closing->cutting && closing->walk_left == 0 && closing->half_closed_now > 0) {
		closing->cutting = true;
		closing->walk_left = closing->first_free;
	}
	*ret_more = closing->walk_left > 0;
	if (!*ret_more) {
		return 0;
	}
	uint32_t index = (uint32_t)--closing->walk_left;
	int r = 0;
	if (!is_to_be_drained(closing, index)) {
		const struct conn *conn = &closing->table->conns[index];
		closing->cut_late += conn->received_late && !conn->end_known;
		r = stop(closing, index);
	} else if (!closing->table->conns[index].half_closed) {
		r = half_close(closing, index);
	}
	if (closing->walk_left == 0) {
		end_walk(closing, now_ns);
	}
	*ret_index = index;
	return r;
}

uint64_t closing_next_ns(const struct closing *closing, uint64_t now_ns)
{
	if (closing->walk_left > 0) {
		return now_ns;
	}
	bool drains = closing->half_closed_now > 0 && !closing->cutting;
	return drains ? closing->hurried ? now_ns : closing->drain_until_ns : CLOCK_NEVER;
}

int closing_received(struct closing *closing, uint32_t index)
{
	struct conn *conn = &closing->table->conns[index];
	conn->received = true;
	conn->received_late = conn->half_closed;
	if (!closing->by_fin || closing->cutting || closing->hurried || conn->half_closed ||
		!is_open(closing, index)) {
		return 0;
	}
	return half_close(closing, index);
}

void closing_ended(struct closing *closing, uint32_t index, int error_number)
{
	struct conn *conn = &closing->table->conns[index];
	if (conn->end_known || !is_open(closing, index)) {
		return;
	}
	conn->end_known = true;
	closing->half_closed_now -= conn->half_closed;
	if (error_number != 0) {
		closing->reset++;
	} else if (conn->half_closed) {
		closing->drained++;
	} else {
		closing->peer_closed++;
	}
}

/* Open until we closed it, and no event has said how it ended. */
static bool is_to_be_asked_about(const struct closing *closing, uint64_t index)
{
	return is_open(closing, (uint32_t)index) && !closing->table->conns[index].end_known;
}

/* Takes evenly spread connections that are to be asked about. Returns how many. */
static size_t take_sample(const struct closing *closing, uint32_t sample[SAMPLE])
{
	size_t count = 0;
	uint64_t step = closing->first_free / SAMPLE + 1;
	for (uint64_t i = 0; i < closing->first_free; i += step) {
		if (is_to_be_asked_about(closing, i)) {
			sample[count++] = (uint32_t)i;
		}
	}
	return count;
}

/* If TIME_WAIT had no room, a connection that is gone may be well. */
static bool sample_is_answered(struct closing *closing)
{
	uint32_t sample[SAMPLE];
	size_t count = take_sample(closing, sample);
	for (size_t i = 0; i < count; i += SURVEY_BATCH) {
		struct sockdiag_socket sockets[SURVEY_BATCH] = {0};
		size_t size = count - i < SURVEY_BATCH ? count - i : SURVEY_BATCH;
		if (survey_look(closing->survey, &sample[i], size, sockets) < 0) {
			return false;
		}
		for (size_t j = 0; j < size; j++) {
			enum fin_fate fate = closing_fate(&sockets[j], 0);
			if (fate != FIN_ACKNOWLEDGED &&
				(fate != FIN_GONE || !closing->overflowed)) {
				return false;
			}
		}
	}
	return true;
}

/* Counts anew each time: the last may enter TIME_WAIT while we ask about the others. */
static void count_time_waits(struct closing *closing)
{
	struct netstat after;
	if (netstat_read_tcp(&after) < 0) {
		netstat_init(&after);
	}
	const struct netstat added = netstat_difference(&closing->before, &after);
	const enum netstat_counter counters[] = {
		NETSTAT_TIME_WAITS, NETSTAT_TIME_WAITS_SHORT, NETSTAT_TIME_WAIT_OVERFLOWS};
	closing->time_waits = 0;
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		closing->time_waits += netstat_or_zero(&added, counters[i]);
	}
	closing->overflowed = netstat_or_zero(&added, NETSTAT_TIME_WAIT_OVERFLOWS) > 0;
}

/* Every FIN was answered, except on connections that are known to have been reset. */
static bool all_are_answered(struct closing *closing)
{
	const struct result *result = closing->table->result;
	uint64_t expected = result->closing.closed - closing->reset - closing->peer_closed;
	struct limits limits;
	limits_init(&limits);
	count_time_waits(closing);
	return closing->cut_late == 0 && closing->time_waits >= expected &&
		limits_read_sockets(&limits) == 0 && limits.tcp_orphans != LIMITS_NONE &&
		limits.tcp_orphans <= closing->orphans_before && sample_is_answered(closing);
}

/*
 * Counts as reset the connections that are gone and cannot have entered TIME_WAIT. It is hard to
 * believe that most of the others did and were reset afterwards: then their fate is not known.
 */
static void judge_gone(struct closing *closing)
{
	uint64_t known = closing->seen + closing->drained;
	uint64_t unseen = closing->time_waits > known ? closing->time_waits - known : 0;
	uint64_t reset = closing->gone > unseen ? closing->gone - unseen : 0;
	closing->reset += reset;
	if (closing->gone > closing->seen && !closing->overflowed) {
		closing->undetermined += closing->gone - reset;
	}
}

static void conclude(struct closing *closing, uint64_t now_ns)
{
	struct closing_view *view = &closing->table->result->closing;
	if (closing->gone > 0) {
		count_time_waits(closing);
		judge_gone(closing);
	}
	view->unanswered = closing->unanswered;
	view->undetermined = closing->undetermined;
	view->reset = closing->reset;
	view->acknowledged = view->closed - view->unanswered - view->undetermined - view->reset;
	view->waited_ns = now_ns - closing->began_looking_ns;
	closing->looking = false;
}

void closing_begin_looking(struct closing *closing, uint64_t now_ns)
{
	const struct closing_view *view = &closing->table->result->closing;
	closing->looking = can_look(closing) && view->closed > 0;
	closing->began_looking_ns = now_ns;
	closing->look_ns = now_ns + FIRST_STEP_NS;
	closing->step_ns = FIRST_STEP_NS;
	closing->walk_left = closing->first_free;
	closing->counts_left = closing->looking ? IDLE_COUNTS : 0;
	if (closing->looking && all_are_answered(closing)) {
		conclude(closing, now_ns);
	}
}

/* Counts once more. If the counts no longer grow, we go on to ask about each connection. */
static void count_on(struct closing *closing, uint64_t now_ns)
{
	uint64_t before = closing->time_waits;
	if (all_are_answered(closing)) {
		conclude(closing, now_ns);
		return;
	}
	closing->counts_left = closing->hurried ? 0
		: closing->time_waits > before  ? IDLE_COUNTS
						: closing->counts_left - 1;
	if (closing->counts_left == 0 || now_ns - closing->began_looking_ns >= LOOK_NS) {
		closing->counts_left = 0;
		closing->look_ns = now_ns;
		closing->step_ns = FIRST_STEP_NS;
		return;
	}
	closing->look_ns = now_ns + closing->step_ns;
	closing->step_ns =
		2 * closing->step_ns < LAST_STEP_NS ? 2 * closing->step_ns : LAST_STEP_NS;
}

enum fin_fate closing_fate(const struct sockdiag_socket *socket, uint64_t since_ns)
{
	switch (socket->state) {
	case TCP_TIME_WAIT:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING: /* the peer's FIN has come, so the peer is there */
	case TCP_LAST_ACK:
		return FIN_ACKNOWLEDGED;
	case TCP_FIN_WAIT1:
	case TCP_ESTABLISHED: /* the kernel has not let go of the socket yet */
	case TCP_CLOSE_WAIT:
		break;
	default:
		return FIN_GONE;
	}
	/* The timeout doubles each time. */
	uint64_t first_timeout_us = socket->rto_us >> socket->retransmits;
	uint64_t due_ns = (first_timeout_us + 2 * (uint64_t)socket->rtt_us) * NSEC_PER_USEC;
	bool overdue = socket->state == TCP_FIN_WAIT1 && socket->has_info &&
		socket->retransmits > 0 && since_ns >= due_ns;
	return overdue ? FIN_UNANSWERED : FIN_WAITING;
}

/* `since_ns`: time since the last was closed. `last`: we ask about none again. */
static void count_fate(
	struct closing *closing, uint32_t index, enum fin_fate fate, uint64_t since_ns, bool last)
{
	bool may_wait = !last;
	switch (fate) {
	case FIN_ACKNOWLEDGED:
		may_wait &= closing->table->conns[index].received_late && since_ns < LATE_NS;
		break;
	case FIN_GONE:
		/* Data still came when it was cut off, and then met a closed socket. */
		closing->reset += closing->table->conns[index].received_late;
		closing->gone += !closing->table->conns[index].received_late;
		return;
	case FIN_UNANSWERED:
	case FIN_WAITING:
		break;
	}
	if (!may_wait || !index_list_push(&closing->waiting, index)) {
		closing->seen += fate == FIN_ACKNOWLEDGED;
		closing->unanswered += fate == FIN_UNANSWERED;
		closing->undetermined += fate == FIN_WAITING;
	}
}

/* Takes the next connections that we have not asked about. Returns how many. */
static size_t take_new(struct closing *closing, uint32_t batch[SURVEY_BATCH])
{
	size_t count = 0;
	for (unsigned i = 0; i < WALK_BATCH && count < SURVEY_BATCH && closing->walk_left > 0;
		i++) {
		uint64_t index = --closing->walk_left;
		if (is_to_be_asked_about(closing, index)) {
			batch[count++] = (uint32_t)index;
		}
	}
	return count;
}

/* Takes the next connections without an answer; the ones to keep are stored below `revisited`. */
static size_t take_waiting(struct closing *closing, uint32_t batch[SURVEY_BATCH])
{
	size_t count = 0;
	while (count < SURVEY_BATCH && closing->revisited < closing->pass_end) {
		batch[count++] = closing->waiting.indices[closing->revisited++];
	}
	return count;
}

/*
 * Asks twice if a connection seems to be gone: on its way to TIME_WAIT it is for a moment in
 * neither table of the kernel.
 */
static int look_well(struct closing *closing, const uint32_t *batch, size_t count,
	struct sockdiag_socket ret_sockets[SURVEY_BATCH])
{
	int r = survey_look(closing->survey, batch, count, ret_sockets);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (closing_fate(&ret_sockets[i], 0) == FIN_GONE) {
			return survey_look(closing->survey, batch, count, ret_sockets);
		}
	}
	return r;
}

static void ask(struct closing *closing, const uint32_t *batch, size_t count, uint64_t now_ns)
{
	struct sockdiag_socket sockets[SURVEY_BATCH] = {0};
	uint64_t since_ns = now_ns - closing->began_looking_ns;
	bool failed = look_well(closing, batch, count, sockets) < 0;
	bool last = failed || closing->last_pass;
	for (size_t i = 0; i < count; i++) {
		enum fin_fate fate = failed ? FIN_WAITING : closing_fate(&sockets[i], since_ns);
		count_fate(closing, batch[i], fate, since_ns, last);
	}
}

/* Begins another pass over the connections without an answer, if there are any. */
static void begin_pass(struct closing *closing, uint64_t now_ns)
{
	if (closing->waiting.count == 0) {
		conclude(closing, now_ns);
		return;
	}
	closing->pass_end = closing->waiting.count;
	closing->waiting.count = 0; /* grows again, but never past `revisited` */
	closing->revisited = 0;
	closing->look_ns = now_ns + closing->step_ns;
	closing->step_ns =
		2 * closing->step_ns < LAST_STEP_NS ? 2 * closing->step_ns : LAST_STEP_NS;
}

bool closing_look(struct closing *closing, uint64_t now_ns)
{
	uint32_t batch[SURVEY_BATCH];
	closing->last_pass |= closing->hurried;
	if (!closing->looking || (now_ns < closing->look_ns && !closing->last_pass)) {
		return closing->looking;
	}
	if (closing->counts_left > 0) {
		count_on(closing, now_ns);
		return closing->looking;
	}
	if (closing->walk_left > 0) {
		ask(closing, batch, take_new(closing, batch), now_ns);
	} else {
		if (closing->revisited == 0) {
			closing->last_pass |= now_ns - closing->began_looking_ns >= LOOK_NS;
		}
		ask(closing, batch, take_waiting(closing, batch), now_ns);
	}
	if (closing->walk_left == 0 && closing->revisited == closing->pass_end) {
		begin_pass(closing, now_ns);
	}
	return closing->looking;
}
