/* SPDX-License-Identifier: MIT */
/*
 * Each connection has one POLL_ADD pending and costs one byte here: what is known of it. There is
 * no generation in the tokens, as a slot's requests follow one another: POLL_ADD, RECV, POLL_ADD,
 * ..., CLOSE, and nothing else is in flight when the slot is free for the next connection.
 *
 * When the peer has closed, so does the server; where the kernel would hold the socket back
 * (release.c), a SHUTDOWN goes before the CLOSE, so that the peer has its FIN at once.
 *
 * A slot counts as free from the completion of its CLOSE, which may be later than it is, never
 * earlier; so room is underestimated at worst.
 *
 * The end. To leave the connections to the exit of the rings would be free, but it is asynchronous:
 * the process would be gone, and its sockets still open for seconds (about 16 for a million), with
 * peers that see nothing and tuples that the next run stumbles over. A server that says it has
 * ended should have ended. So every POLL_ADD is cancelled and every slot closed, which takes 8
 * microseconds each, no longer than the kernel would take behind our back. (Where the kernel holds
 * sockets back, they go when the last POLL_ADD has been cancelled: at once, or within a second on
 * 6.1.)
 *
 * A peer that has sent data may still do so, and a CLOSE over them, or before them, would send it a
 * RST. So it is sent a FIN by SHUTDOWN, what comes is received until its own FIN, and it is closed
 * then; after a second at the latest.
 *
 * It goes from the highest slot down: the kernel gives the lowest free one, so that is nearly from
 * the newest to the oldest. It keeps a ring's pending requests in a small hash whose chains have
 * the newest in front, and from the other end each CANCEL would walk its whole chain (11
 * microseconds for each of 60,000).
 */
#include "server/connections.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/submit.h"
#include "tcpgoon/uring/release.h"

#define CLOSE_BATCH 64

static void debug(const struct connections *connections, const char *event, const struct lane *lane,
	uint32_t slot)
{
	const struct server_observer *observer = connections->observer;
	if (observer->on_debug != NULL) {
		char line[128];
		snprintf(line, sizeof(line), "%s: lane %u slot %u, %llu open", event, lane->number,
			slot, (unsigned long long)connections->totals.open);
		observer->on_debug(observer->context, line);
	}
}

/* Entries for the lane added last. */
static int follow_lane(struct connections *connections)
{
	unsigned count = connections->lanes.count;
	uint32_t *used = reallocarray(connections->used, count, sizeof(*used));
	if (used == NULL) {
		return -ENOMEM;
	}
	connections->used = used;
	uint8_t **slots = reallocarray(connections->slots, count, sizeof(*slots));
	if (slots == NULL) {
		return -ENOMEM;
	}
	connections->slots = slots;
	uint8_t *flags = calloc(connections->lanes.slots_per_lane, sizeof(*flags));
	if (flags == NULL) {
		return -ENOMEM;
	}
	used[count - 1] = 0;
	slots[count - 1] = flags;
	connections->followed = count;
	return 0;
}

int connections_init(struct connections *connections, const struct lanes_params *params,
	const struct server_observer *observer, struct error *error)
{
	*connections = (struct connections){.observer = observer, .lanes.wake_fd = -1};
	int r = lanes_init(&connections->lanes, params, error);
	if (r < 0) {
		return r;
	}
	r = follow_lane(connections);
	if (r < 0) {
		return error_set(error, r, "no memory for %u connections", (unsigned)params->slots);
	}
	connections->shutdown_first = !release_is_prompt();
	return 0;
}

void connections_finish(struct connections *connections)
{
	for (unsigned i = 0; i < connections->followed; i++) {
		free(connections->slots[i]);
	}
	free(connections->slots);
	free(connections->used);
	lanes_finish(&connections->lanes);
	*connections = (struct connections){.lanes.wake_fd = -1};
}

int connections_add_lane(struct connections *connections, struct error *error)
{
	if (lanes_add(&connections->lanes, error) < 0) {
		return 1;
	}
	return follow_lane(connections);
}

uint32_t connections_free_slots(const struct connections *connections, unsigned lane)
{
	uint32_t slots = connections->lanes.slots_per_lane;
	uint32_t used = connections->used[lane];
	return used < slots ? slots - used : 0;
}

int connections_accepted(struct connections *connections, struct lane *lane, uint32_t slot)
{
	struct server_totals *totals = &connections->totals;
	assert(connections->slots[lane->number][slot] == 0);
	connections->slots[lane->number][slot] = SLOT_WATCHED;
	connections->used[lane->number]++;
	connections->used_in_all++;
	totals->accepted++;
	totals->open++;
	if (totals->open > totals->max_open) {
		totals->max_open = totals->open;
	}
	debug(connections, "accepted", lane, slot);
	return submit_watch(lane, slot);
}

/* The watch ended and the connection with it: for the peer's reasons or, when closing, ours. */
static int end_connection(
	struct connections *connections, struct lane *lane, uint32_t slot, int result)
{
	uint8_t *flags = &connections->slots[lane->number][slot];
	connections->half_closed -= (*flags & SLOT_HALF_CLOSED) != 0;
	*flags = 0;
	connections->totals.open--;
	if (result == 0) {
		connections->totals.closed_by_peer++;
		debug(connections, "closed by peer", lane, slot);
	} else if (result < 0 && result != -ECANCELED) {
		connections->totals.reset_by_peer++;
		debug(connections, "reset by peer", lane, slot);
	}
	return result == 0 && connections->shutdown_first ? submit_shutdown_and_close(lane, slot)
							  : submit_close(lane, slot);
}

static int half_close(struct connections *connections, struct lane *lane, uint32_t slot)
{
	int r = submit_half_close(lane, slot);
	if (r == 0) {
		connections->slots[lane->number][slot] |= SLOT_HALF_CLOSED;
		connections->half_closed++;
	}
	return r;
}

int connections_readable(
	struct connections *connections, struct lane *lane, uint32_t slot, int result)
{
	/* When closing too: a CLOSE over data that were not received would send a RST. */
	return result > 0 ? submit_receive(lane, slot)
			  : end_connection(connections, lane, slot, result);
}

int connections_received(
	struct connections *connections, struct lane *lane, uint32_t slot, int result)
{
	connections->totals.received_bytes += result > 0 ? (uint64_t)result : 0;
	uint8_t *flags = &connections->slots[lane->number][slot];
	bool goes_on = result > 0 || result == -EINTR || result == -EAGAIN;
	*flags |= result > 0 ? SLOT_RECEIVED : 0;
	if (goes_on && connections->closing && !connections->cutting && result > 0 &&
		(*flags & SLOT_HALF_CLOSED) == 0) {
		int r = half_close(connections, lane, slot);
		if (r < 0) {
			return r;
		}
	}
	bool drains = (*flags & SLOT_HALF_CLOSED) != 0 && !connections->cutting;
	if (goes_on && (!connections->closing || drains)) {
		return submit_watch(lane, slot);
	}
	return end_connection(connections, lane, slot, goes_on ? -ECANCELED : result);
}

void connections_closed(struct connections *connections, const struct lane *lane)
{
	connections->used[lane->number]--;
	connections->used_in_all--;
}

void connections_begin_closing(struct connections *connections)
{
	connections->closing = true;
	connections->walk_left =
		(uint64_t)connections->lanes.count * connections->lanes.slots_per_lane;
}

int connections_close_some(struct connections *connections)
{
	struct lanes *lanes = &connections->lanes;
	int r = 0;
	for (unsigned queued = 0; r == 0 && queued < CLOSE_BATCH && connections->walk_left > 0;) {
		uint64_t place = --connections->walk_left;
		struct lane *lane = &lanes->list[place / lanes->slots_per_lane];
		uint32_t slot = (uint32_t)(place % lanes->slots_per_lane);
		uint8_t flags = connections->slots[lane->number][slot];
		if (flags == 0) {
			continue;
		}
		queued++;
		if ((flags & SLOT_RECEIVED) == 0 || connections->cutting) {
			r = submit_cancel(lane, OPERATION_WATCH, slot);
		} else if ((flags & SLOT_HALF_CLOSED) == 0) {
			r = half_close(connections, lane, slot);
		}
	}
	return r;
}

void connections_cut(struct connections *connections)
{
	connections->cutting = true;
	connections->walk_left =
		(uint64_t)connections->lanes.count * connections->lanes.slots_per_lane;
}
