/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of a connection is asked once, and never while connections are dialled if
 * it can be later: of those that are open when the run is over, then; of those that the peer has
 * closed, and of dials that timed out, before their sockets are closed. (After a RST there is no
 * socket to ask about.) It is asked by 4-tuple, 64 at a time: some 1.2 µs each, and no walk over
 * the kernel's tables, which could take milliseconds at a time.
 *
 *   rtt           of a connection that has sent no data, the kernel's measurement of its handshake
 *   retransmits   of a connection that has sent no data, SYNs
 *   segments in   beyond the SYN-ACK, without any data: the SYN-ACK repeated; the peer has not
 *                 completed what we believe to be established
 *   state         must be that of our table: the cross-check
 */
#include "tcpgoon/run/inquest.h"

#include <stdlib.h>

#include "tcpgoon/base/clock.h"

void inquest_init(struct inquest *inquest, struct table *table, const struct dialer *dialer)
{
	*inquest = (struct inquest){.table = table, .dialer = dialer, .diag = SOCKDIAG_INIT};
	struct result *result = table->result;
	const struct tuples *tuples = &dialer->plan->tuples;
	bool tuples_known = !tuples->port_auto && tuples->source_count > 0;
	result->kernel.possible = tuples_known && sockdiag_open(&inquest->diag) == 0;
	result->unconfirmed = result->kernel.possible ? 0 : RESULT_UNKNOWN;
}

void inquest_finish(struct inquest *inquest)
{
	if (inquest->diag.fd >= 0) {
		sockdiag_close(&inquest->diag);
		inquest->diag.fd = -1;
	}
	free(inquest->waiting);
	inquest->waiting = NULL;
}

static bool make_room(struct inquest *inquest)
{
	if (inquest->waiting_count < inquest->waiting_capacity) {
		return true;
	}
	uint32_t capacity = inquest->waiting_capacity == 0 ? 256 : inquest->waiting_capacity * 2;
	uint32_t *grown = reallocarray(inquest->waiting, capacity, sizeof(*grown));
	if (grown == NULL) {
		return false;
	}
	inquest->waiting = grown;
	inquest->waiting_capacity = capacity;
	return true;
}

void inquest_add(struct inquest *inquest, uint32_t index)
{
	if (inquest->table->result->kernel.possible && make_room(inquest)) {
		inquest->waiting[inquest->waiting_count++] = index;
		table_hold(inquest->table, index, CONN_QUESTIONED);
	}
}

size_t inquest_take(struct inquest *inquest, uint32_t indices[INQUEST_BATCH])
{
	size_t count = 0;
	while (count < INQUEST_BATCH && inquest->waiting_count > 0) {
		indices[count++] = inquest->waiting[--inquest->waiting_count];
	}
	return count;
}

/* The TCP state that the kernel should have the connection in. */
static uint8_t expected_state(enum conn_state state)
{
	switch (state) {
	case CONN_ESTABLISHED:
		return TCP_ESTABLISHED;
	case CONN_CLOSED:
		return TCP_CLOSE_WAIT; /* asked before we close as well */
	case CONN_DIALING:
	case CONN_ERROR:
		return TCP_SYN_SENT; /* only those that timed out are asked */
	case CONN_NOT_INITIATED:
	case CONN_STATE_MAX:
		break;
	}
	return 0;
}

static void judge_open(struct inquest *inquest, uint32_t index,
	const struct sockdiag_socket *socket, uint64_t now_ns)
{
	struct result *result = inquest->table->result;
	if (table_lifetime_ns(inquest->table, index, now_ns) < KERNEL_VIEW_YOUNG_NS) {
		result->kernel.too_young++;
		return;
	}
	inquest->told++;
	if (sockdiag_is_unconfirmed(socket)) {
		result->unconfirmed++;
	}
}

static void judge(struct inquest *inquest, uint32_t index, const struct sockdiag_socket *socket,
	uint64_t now_ns)
{
	struct result *result = inquest->table->result;
	struct kernel_view *view = &result->kernel;
	enum conn_state state = table_state(inquest->table, index);
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
	view->syn_retransmits += socket->total_retransmits;
	view->retransmitted += socket->total_retransmits > 0;
	if (was_established && socket->rtt_us > 0) {
		histogram_record(&result->handshake, socket->rtt_us);
	}
	if (state == CONN_ESTABLISHED) {
		judge_open(inquest, index, socket, now_ns);
	}
}

/* Whether there is something to find at the other ends, of those on this host. */
static bool is_worth_asking(const struct result *result)
{
	uint64_t made = result->network.values[NETSTAT_PASSIVE_OPENS];
	return result->listener.known_at_end &&
		(result->listener.queued_at_end > 0 ||
			(made != NETSTAT_ABSENT && made < result->established));
}

static bool other_end_is_here(const struct inquest *inquest, uint32_t index)
{
	uint64_t target = index % inquest->dialer->plan->targets.count;
	return table_state(inquest->table, index) == CONN_ESTABLISHED &&
		target < RESULT_TARGETS_MAX &&
		(inquest->table->result->listener.listened_at_end >> target & 1) != 0;
}

/*
 * The kernel knows which connections wait in the queue of a listener of this host: no file is open
 * yet for the other ends of these. And of which it has no other end at all.
 */
static void ask_other_ends(struct inquest *inquest, const uint32_t *indices, size_t count)
{
	struct result *result = inquest->table->result;
	struct kernel_view *view = &result->kernel;
	struct sockdiag_pair *pairs = inquest->pairs;
	struct sockdiag_socket *sockets = inquest->sockets;
	size_t asked = 0;
	if (!is_worth_asking(result)) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (other_end_is_here(inquest, indices[i])) {
			struct tuple tuple = dialer_tuple(inquest->dialer, indices[i]);
			pairs[asked++] = (struct sockdiag_pair){
				.source = *tuple.target, .target = tuple.source};
		}
	}
	if (sockdiag_lookup(&inquest->diag, pairs, asked, sockets) < 0) {
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

int inquest_look(struct inquest *inquest, const uint32_t *indices, size_t count,
	struct sockdiag_socket ret_sockets[INQUEST_BATCH])
{
	struct sockdiag_pair *pairs = inquest->pairs;
	for (size_t i = 0; i < count; i++) {
		struct tuple tuple = dialer_tuple(inquest->dialer, indices[i]);
		pairs[i] = (struct sockdiag_pair){.source = tuple.source, .target = *tuple.target};
	}
	return sockdiag_lookup(&inquest->diag, pairs, count, ret_sockets);
}

void inquest_ask(struct inquest *inquest, const uint32_t *indices, size_t count, uint64_t now_ns)
{
	struct sockdiag_socket *sockets = inquest->sockets;
	struct kernel_view *view = &inquest->table->result->kernel;
	if (count == 0 || !view->possible) {
		return;
	}
	if (inquest_look(inquest, indices, count, sockets) < 0) {
		view->possible = false;
		inquest->table->result->unconfirmed = RESULT_UNKNOWN;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		judge(inquest, indices[i], &sockets[i], now_ns);
	}
	ask_other_ends(inquest, indices, count);
	view->cost_ns += clock_now_ns() - now_ns;
}

void inquest_conclude(struct inquest *inquest)
{
	struct result *result = inquest->table->result;
	if (result->at_end.established > 0 && inquest->told == 0) {
		result->unconfirmed = RESULT_UNKNOWN;
	}
}
