/* SPDX-License-Identifier: MIT */
/*
 * The survey asks once what the kernel knows of a connection, and not while connections are dialled
 * if it can be later. It asks about open connections when the run is over, and about connections
 * that the peer has closed and dials that timed out before their sockets are closed. (After a RST
 * there is no socket to ask about.) It asks by 4-tuple, 64 at a time: some 1.2 µs each, and without
 * a walk over the kernel's tables, which could take milliseconds at a time.
 *
 *   rtt           of a connection that has sent no data, the kernel's measurement of its handshake
 *   retransmits   of a connection that has sent no data, SYNs
 *   segments in   beyond the SYN-ACK, without any data: the peer may repeat its SYN-ACK because it
 *                 has not completed a connection that is established here (repeats.c)
 *   state         must be that of our table: the cross-check
 *
 * The survey asks a second time about a connection whose SYN-ACK may have been repeated: if one
 * repeat may have come, once the next would have come, which takes 2.4 seconds at most. If the
 * peer's end is a socket of this network namespace, the survey looks at it too, and that settles
 * it.
 *
 * If a question fails, its batch stays unanswered and the survey goes on.
 */
#include "run/survey.h"

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"
#include "tcpgoon/net/netstat.h"

/* After this many batches in a row without an answer, no answer is expected any more. */
#define FAILURES_MAX 8

static uint64_t read_challenges(void)
{
	struct netstat netstat;
	return netstat_read_tcp(&netstat) < 0 ? NETSTAT_ABSENT
					      : netstat.values[NETSTAT_SYN_CHALLENGES];
}

void survey_init(struct survey *survey, struct table *table, const struct tuple_pool *pool)
{
	*survey = (struct survey){.table = table, .pool = pool, .diag = SOCKDIAG_INIT};
	struct result *result = table->result;
	const struct tuples *tuples = &pool->plan->tuples;
	result->kernel.possible = !tuples->port_auto && tuples->source_count > 0;
	result->unconfirmed = result->kernel.possible ? 0 : RESULT_UNKNOWN;
	if (result->kernel.possible) {
		/*
		 * Opened now, because descriptors may be short later. If it fails, it is tried
		 * again.
		 */
		sockdiag_open(&survey->diag);
		challenges_init(&survey->challenges, read_challenges(), table->start_ns);
	}
}

void survey_finish(struct survey *survey)
{
	if (survey->diag.fd >= 0) {
		sockdiag_close(&survey->diag);
	}
	index_list_finish(&survey->waiting);
	index_list_finish(&survey->doubted);
}

void survey_watch(struct survey *survey, uint64_t now_ns)
{
	if (survey->table->result->kernel.possible) {
		challenges_add(&survey->challenges, read_challenges(), now_ns);
	}
}

uint64_t survey_watch_ns(const struct survey *survey)
{
	const struct challenges *challenges = &survey->challenges;
	uint64_t last_dial_ns = survey->table->last_dialed_ns;
	bool over = challenges->looked_ns > last_dial_ns + CHALLENGES_WATCHED_NS;
	return survey->table->result->kernel.possible && challenges->known && !over
		? challenges->looked_ns + CHALLENGES_PERIOD_NS
		: CLOCK_NEVER;
}

void survey_add(struct survey *survey, uint32_t index)
{
	if (survey->table->result->kernel.possible && index_list_push(&survey->waiting, index)) {
		table_hold(survey->table, index, CONN_QUESTIONED);
	}
}

size_t survey_take(struct survey *survey, uint32_t indices[SURVEY_BATCH])
{
	return index_list_pop(&survey->waiting, indices, SURVEY_BATCH);
}

/* The TCP state that the kernel should have the connection in. */
static uint8_t expected_state(enum conn_state state)
{
	switch (state) {
	case CONN_ESTABLISHED:
		return TCP_ESTABLISHED;
	case CONN_CLOSED:
		return TCP_CLOSE_WAIT; /* we ask before we close as well */
	case CONN_DIALING:
	case CONN_ERROR:
		return TCP_SYN_SENT; /* we ask only about those that timed out */
	case CONN_NOT_INITIATED:
	case CONN_STATE_MAX:
		break;
	}
	return 0;
}

/* Two or more SYNs were sent for an established connection, but not because one was lost. */
static bool lost_no_syn(
	const struct table *table, uint32_t index, const struct sockdiag_socket *socket)
{
	uint64_t waited_us = table->conns[index].connect_us;
	return socket->total_retransmits > 0 &&
		waited_us < KERNEL_VIEW_SYN_LOSS_MIN_US + (uint64_t)socket->rtt_us;
}

/* The answer to the first SYN took longer than the kernel waits for it. */
static bool was_slow(const struct sockdiag_socket *socket)
{
	return socket->rtt_us >= KERNEL_VIEW_SYN_LOSS_MIN_US;
}

static void count_syns(
	struct kernel_view *view, const struct sockdiag_socket *socket, bool lost_none)
{
	view->syn_retransmits += socket->total_retransmits;
	view->retransmitted += socket->total_retransmits > 0;
	if (lost_none && was_slow(socket)) {
		view->slow_syns += socket->total_retransmits;
		view->slow_answers++;
	} else if (lost_none) {
		view->stale_syns += socket->total_retransmits;
		view->stale_tuples++;
	}
}

static enum repeats judge_repeats(const struct survey *survey, uint32_t index,
	const struct sockdiag_socket *socket, uint64_t now_ns)
{
	uint32_t segments = sockdiag_repeats_at_most(socket);
	/* The peer answered each SYN to a stale tuple by an ACK. */
	bool stale = lost_no_syn(survey->table, index, socket) && !was_slow(socket);
	uint32_t explained = stale ? socket->total_retransmits : 0;
	const struct repeats_signs signs = {
		.established_ns = table_established_ns(survey->table, index),
		.now_ns = now_ns,
		.round_trip_ns = socket->rtt_us * NSEC_PER_USEC,
		.segments = segments > explained ? segments - explained : 0,
		.syn_retransmits = socket->total_retransmits,
	};
	return repeats_judge(&survey->challenges, &signs);
}

static void judge_open(struct survey *survey, uint32_t index, const struct sockdiag_socket *socket,
	uint64_t now_ns)
{
	struct result *result = survey->table->result;
	if (table_lifetime_ns(survey->table, index, now_ns) < KERNEL_VIEW_YOUNG_NS) {
		result->kernel.too_young++;
		return;
	}
	if (!socket->has_segments) {
		return;
	}
	enum repeats repeats = judge_repeats(survey, index, socket, now_ns);
	bool doubted = repeats != REPEATS_NONE && repeats != REPEATS_ONCE;
	/* Without memory for the list, a doubted connection counts as one that did not tell. */
	survey->told += !doubted || index_list_push(&survey->doubted, index);
	survey->once += repeats == REPEATS_ONCE;
	if (repeats == REPEATS_PENDING) {
		uint64_t again_ns =
			table_established_ns(survey->table, index) + repeats_come_by_ns(2);
		survey->again_ns = again_ns > survey->again_ns ? again_ns : survey->again_ns;
	}
}

static void judge(struct survey *survey, uint32_t index, const struct sockdiag_socket *socket,
	uint64_t now_ns)
{
	struct result *result = survey->table->result;
	struct kernel_view *view = &result->kernel;
	enum conn_state state = table_state(survey->table, index);
	bool was_established = state == CONN_ESTABLISHED || state == CONN_CLOSED;
	view->asked++;
	if (socket->state == expected_state(state)) {
		view->agreed++;
	} else if (socket->state == 0 && state == CONN_ESTABLISHED) {
		view->missing++;
	}
	if (socket->state == 0 || !socket->has_info) {
		return;
	}
	count_syns(view, socket, was_established && lost_no_syn(survey->table, index, socket));
	if (was_established && socket->rtt_us > 0) {
		table_handshake(survey->table, index, socket->rtt_us);
	}
	if (state == CONN_ESTABLISHED) {
		judge_open(survey, index, socket, now_ns);
	}
}

/* Returns 0 or a negative errno, which the result keeps as the reason. */
static int look_up(struct survey *survey, const struct sockdiag_pair *pairs, size_t count,
	struct sockdiag_socket *ret_sockets)
{
	struct kernel_view *view = &survey->table->result->kernel;
	if (survey->failures >= FAILURES_MAX) {
		return -view->error_number;
	}
	int r = survey->diag.fd >= 0 ? 0 : sockdiag_open(&survey->diag);
	if (r == 0) {
		r = sockdiag_lookup(&survey->diag, pairs, count, ret_sockets);
	}
	survey->failures = r < 0 ? survey->failures + 1 : 0;
	view->error_number = r < 0 ? -r : view->error_number;
	return r;
}

/* Looks from the other end: a socket found there is in this network namespace too. */
static int look_at_peers(struct survey *survey, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[SURVEY_BATCH])
{
	for (size_t i = 0; i < count; i++) {
		struct tuple tuple = tuple_pool_of(survey->pool, indices[i]);
		survey->pairs[i] =
			(struct sockdiag_pair){.source = *tuple.target, .target = tuple.source};
	}
	return look_up(survey, survey->pairs, count, ret_sockets);
}

int survey_look(struct survey *survey, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[SURVEY_BATCH])
{
	for (size_t i = 0; i < count; i++) {
		struct tuple tuple = tuple_pool_of(survey->pool, indices[i]);
		survey->pairs[i] =
			(struct sockdiag_pair){.source = tuple.source, .target = *tuple.target};
	}
	return look_up(survey, survey->pairs, count, ret_sockets);
}

/*
 * Whether looking at the other ends on this host can show anything. Right after the last dial a
 * busy server has a queue, which says nothing.
 */
static bool is_worth_asking(const struct result *result)
{
	uint64_t made = result->network.values[NETSTAT_PASSIVE_OPENS];
	uint64_t last_dial_ns = result->generator.last_dial_ns;
	uint64_t watched_ns =
		result->duration_ns > last_dial_ns ? result->duration_ns - last_dial_ns : 0;
	bool waits = result->listener.queued_at_end > 0 && watched_ns >= LISTENER_EMPTIED_NS;
	return result->listener.known_at_end &&
		(waits || (made != NETSTAT_ABSENT && made < result->totals.established));
}

/*
 * Whether a socket of this network namespace listens on the target: then the other end is here too.
 */
static bool other_end_is_here(const struct survey *survey, uint32_t index)
{
	size_t target = tuple_pool_target(survey->pool, index);
	return table_state(survey->table, index) == CONN_ESTABLISHED &&
		target < RESULT_TARGETS_MAX &&
		(survey->table->result->listener.listened_at_end >> target & 1) != 0;
}

/*
 * The kernel knows which connections wait in the queue of a listener of this host: their other ends
 * have no open file yet. It also knows which connections have no other end at all.
 */
static void ask_other_ends(struct survey *survey, const uint32_t *indices, size_t count)
{
	struct result *result = survey->table->result;
	struct kernel_view *view = &result->kernel;
	struct sockdiag_socket *sockets = survey->sockets;
	uint32_t here[SURVEY_BATCH];
	size_t asked = 0;
	if (!is_worth_asking(result)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (other_end_is_here(survey, indices[i])) {
			here[asked++] = indices[i];
		}
	}
	if (look_at_peers(survey, here, asked, sockets) < 0) {
		return;
	}
	if (view->not_accepted == RESULT_UNKNOWN) {
		view->not_accepted = 0;
		view->no_other_end = 0;
	}
	for (size_t i = 0; i < asked; i++) {
		view->not_accepted += sockets[i].state == TCP_ESTABLISHED && sockets[i].inode == 0;
		view->no_other_end += sockets[i].state == 0;
	}
}

void survey_ask(struct survey *survey, const uint32_t *indices, size_t count, uint64_t now_ns)
{
	struct sockdiag_socket *sockets = survey->sockets;
	struct kernel_view *view = &survey->table->result->kernel;
	if (count == 0 || !view->possible) {
		return;
	}
	uint64_t began_ns = clock_now_ns();
	if (survey_look(survey, indices, count, sockets) < 0) {
		view->unanswered += count;
	} else {
		for (size_t i = 0; i < count; i++) {
			judge(survey, indices[i], &sockets[i], now_ns);
		}
		ask_other_ends(survey, indices, count);
	}
	view->cost_ns += clock_now_ns() - began_ns;
}

uint64_t survey_again_ns(const struct survey *survey)
{
	return survey->doubted.count > 0 ? survey->again_ns : CLOCK_NEVER;
}

/* Corrects `repeats` by what the peer's end says, if that is in this network namespace. */
static enum repeats judge_peer(
	enum repeats repeats, const struct sockdiag_socket *peer, bool would_be_here)
{
	switch (peer->state) {
	case 0:
		return repeats == REPEATS_STOPPED && would_be_here ? REPEATS_GOING_ON : repeats;
	case TCP_SYN_RECV:
		return repeats == REPEATS_STOPPED ? REPEATS_GOING_ON : repeats;
	default:
		return repeats == REPEATS_PENDING ? REPEATS_ONCE : REPEATS_NONE;
	}
}

/* Judges a batch again, by both ends. */
static void judge_again(struct survey *survey, const uint32_t *indices, size_t count,
	uint64_t now_ns, enum repeats ret_repeats[SURVEY_BATCH])
{
	struct sockdiag_socket *sockets = survey->sockets;
	bool answered = survey_look(survey, indices, count, sockets) == 0;
	for (size_t i = 0; i < count; i++) {
		/* A connection that a reset has ended by now did not tell. */
		ret_repeats[i] = answered && sockets[i].state != 0
			? judge_repeats(survey, indices[i], &sockets[i], now_ns)
			: REPEATS_STOPPED;
	}
	answered = answered && look_at_peers(survey, indices, count, sockets) == 0;
	for (size_t i = 0; answered && i < count; i++) {
		ret_repeats[i] = judge_peer(
			ret_repeats[i], &sockets[i], other_end_is_here(survey, indices[i]));
	}
}

void survey_ask_again(struct survey *survey, uint64_t now_ns)
{
	uint32_t indices[SURVEY_BATCH];
	enum repeats repeats[SURVEY_BATCH];
	uint64_t began_ns = clock_now_ns();
	if (survey->challenges.looked_ns < survey->again_ns) {
		survey_watch(survey, now_ns);
	}
	size_t count = index_list_pop(&survey->doubted, indices, SURVEY_BATCH);
	judge_again(survey, indices, count, now_ns, repeats);
	for (size_t i = 0; i < count; i++) {
		survey->pending += repeats[i] == REPEATS_PENDING;
		survey->once += repeats[i] == REPEATS_ONCE;
		survey->going_on += repeats[i] == REPEATS_GOING_ON;
		survey->stopped += repeats[i] == REPEATS_STOPPED;
	}
	survey->table->result->kernel.cost_ns += clock_now_ns() - began_ns;
}

void survey_conclude(struct survey *survey)
{
	struct result *result = survey->table->result;
	struct kernel_view *view = &result->kernel;
	if (!view->possible) {
		return;
	}
	view->possible = view->asked > 0 || view->unanswered == 0;
	/* Each of those going on got two repeats or more. */
	uint64_t repeats = challenges_total(&survey->challenges);
	bool proven = survey->challenges.known && survey->going_on <= repeats / 2;
	uint64_t least = proven ? survey->going_on : 0;
	uint64_t twice = survey->going_on + survey->stopped;
	uint64_t suspected = twice + survey->pending;
	uint64_t most = lesser(twice, repeats / 2) + lesser(survey->pending, repeats);
	uint64_t open = result->at_end.established;
	uint64_t untold = open > survey->told ? open - survey->told : 0;
	view->doubtful = suspected - least;
	view->repeated_once = lesser(survey->once, repeats);
	result->unconfirmed_most = most + untold;
	bool known = least > 0 || result->unconfirmed_most == 0;
	result->unconfirmed = known ? least : RESULT_UNKNOWN;
}
