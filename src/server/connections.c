/* SPDX-License-Identifier: MIT */
/*
 * A connection takes one byte here, for what is known about it. When the peer has closed, the
 * server closes too.
 *
 * A behaviour (--behave) is carried out here, for both engines: lives.c says when a connection
 * ends, falls silent or goes on reading, and connections_order() what an engine does with it next.
 * A connection whose output is full is not read from until there is room again, so what it sends
 * waits in the kernel's buffers, and no memory grows.
 *
 * The end: a server that says it has ended should have ended. So with either engine every
 * connection is closed before the process exits.
 *
 * A peer that has sent data may still send, and a CLOSE over unread data, or before more data come,
 * would send it a RST. So SHUTDOWN sends it a FIN, data are received until its own FIN, and then
 * the connection is closed; after a second at the latest.
 *
 * Connections are closed from the highest place down: the kernel gives out the lowest free place,
 * so this is nearly from the newest to the oldest, which io_uring cancels cheaply (uring_engine.c).
 */
#include "server/connections.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CLOSE_BATCH 64

/* The most steps of behaviours in one turn, so that events have theirs. */
#define STEPS_MAX 1024

static void debug(const struct connections *connections, const char *event, struct place place)
{
	const struct server_observer *observer = connections->observer;
	if (observer->on_debug != NULL) {
		char words[CONNECTION_WORDS_MAX];
		char line[128];
		connections->ops->describe(place, words);
		snprintf(line, sizeof(line), "%s: %s, %llu open", event, words,
			(unsigned long long)connections->totals.open);
		observer->on_debug(observer->context, line);
	}
}

static int add_bannered(struct connections *connections)
{
	uint32_t count = connections->bannered_blocks + 1;
	uint16_t **bannered = reallocarray(connections->bannered, count, sizeof(*bannered));
	if (bannered == NULL) {
		return -ENOMEM;
	}
	connections->bannered = bannered;
	bannered[count - 1] = calloc(connections->slots_per_block, sizeof(**bannered));
	connections->bannered_blocks = count;
	return bannered[count - 1] == NULL ? -ENOMEM : 0;
}

/* What only a behaviour needs. */
static int add_for_behaviour(struct connections *connections)
{
	int r = lives_add_block(&connections->lives);
	return r == 0 && connections->behaviour->banner_length > 0 ? add_bannered(connections) : r;
}

int connections_add_block(struct connections *connections)
{
	uint32_t count = connections->blocks + 1;
	uint32_t *used = reallocarray(connections->used, count, sizeof(*used));
	if (used == NULL) {
		return -ENOMEM;
	}
	connections->used = used;
	uint8_t **list = reallocarray(connections->flags, count, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	connections->flags = list;
	uint8_t *flags = calloc(connections->slots_per_block, sizeof(*flags));
	if (flags == NULL) {
		return -ENOMEM;
	}
	used[count - 1] = 0;
	list[count - 1] = flags;
	connections->blocks = count;
	return add_for_behaviour(connections);
}

int connections_init(struct connections *connections, const struct connections_params *params)
{
	*connections = (struct connections){
		.ops = params->ops,
		.engine = params->engine,
		.observer = params->observer,
		.behaviour = params->behaviour,
		.slots_per_block = params->slots_per_block,
	};
	lives_init(&connections->lives, params->behaviour, params->slots_per_block);
	return connections_add_block(connections);
}

void connections_finish(struct connections *connections)
{
	for (uint32_t i = 0; i < connections->blocks; i++) {
		free(connections->flags[i]);
	}
	for (uint32_t i = 0; i < connections->bannered_blocks; i++) {
		free(connections->bannered[i]);
	}
	free(connections->flags);
	free(connections->bannered);
	free(connections->used);
	lives_finish(&connections->lives);
	*connections = (struct connections){0};
}

uint32_t connections_free_slots(const struct connections *connections, uint32_t block)
{
	uint32_t slots = connections->slots_per_block;
	uint32_t used = connections->used[block];
	return used < slots ? slots - used : 0;
}

static uint8_t *flags_of(const struct connections *connections, struct place place)
{
	return &connections->flags[place.block][place.slot];
}

static bool refuses(const struct connections *connections)
{
	uint64_t most = connections->behaviour->value[BEHAVE_REFUSE_ABOVE];
	return most > 0 && connections->totals.open >= most;
}

int connections_accepted(struct connections *connections, struct place place)
{
	struct server_totals *totals = &connections->totals;
	assert(!connections_hold(connections, place));
	connections->used[place.block]++;
	connections->used_in_all++;
	totals->accepted++;
	if (refuses(connections)) {
		totals->refused++;
		debug(connections, "refused", place);
		return connections->ops->close(connections->engine, place, CLOSE_BY_RESET);
	}
	*flags_of(connections, place) = CONNECTION_HELD;
	totals->open++;
	if (totals->open > totals->max_open) {
		totals->max_open = totals->open;
	}
	if (connections->behaviour->given != 0) {
		lives_begin(&connections->lives, place, connections->now_ns);
		if (connections->bannered != NULL) {
			connections->bannered[place.block][place.slot] = 0;
		}
	}
	debug(connections, "accepted", place);
	return 0;
}

static uint32_t banner_left(const struct connections *connections, struct place place)
{
	return connections->bannered == NULL ? 0
					     : connections->behaviour->banner_length -
			(uint32_t)connections->bannered[place.block][place.slot];
}

static struct connection_order next_input(const struct connections *connections, bool ready)
{
	if (!ready) {
		return (struct connection_order){.act = ACT_WATCH_INPUT};
	}
	bool echoes = behaviour_has(connections->behaviour, BEHAVE_ECHO) && !connections->closing;
	return (struct connection_order){
		.act = echoes ? ACT_ECHO : ACT_RECEIVE,
		.size = connections->closing ? 0 : connections->lives.read_size,
	};
}

struct connection_order connections_order(
	const struct connections *connections, struct place place, bool ready)
{
	uint8_t flags = *flags_of(connections, place);
	if (flags == 0 || (flags & CONNECTION_PAUSED) != 0) {
		return (struct connection_order){.act = ACT_NOTHING};
	}
	if ((flags & CONNECTION_SILENT) != 0) {
		/* Its watch fires only when it has been reset: the errno tells. */
		return (struct connection_order){.act = ready ? ACT_RECEIVE : ACT_WATCH_END};
	}
	if ((flags & CONNECTION_FULL) != 0 && !ready) {
		return (struct connection_order){.act = ACT_WATCH_OUTPUT};
	}
	uint32_t left = connections->closing ? 0 : banner_left(connections, place);
	if (left > 0) {
		const struct behaviour *behaviour = connections->behaviour;
		return (struct connection_order){
			.act = ACT_SEND,
			.size = left,
			.data = &behaviour->banner[behaviour->banner_length - left],
		};
	}
	return next_input(connections, ready);
}

/* Counts the end of a connection that we end, and returns how. */
static enum connection_close count_our_end(
	struct connections *connections, struct place place, uint8_t flags)
{
	struct server_totals *totals = &connections->totals;
	switch (flags & CONNECTION_ENDING) {
	case CONNECTION_CLOSING:
		totals->closed_by_us++;
		debug(connections, "closed by us", place);
		return CLOSE_DROPPING;
	case CONNECTION_ENDING:
		totals->recycled++;
		debug(connections, "recycled", place);
		return CLOSE_DROPPING;
	case CONNECTION_RESETTING:
		totals->reset_by_us++;
		debug(connections, "reset by us", place);
		return CLOSE_BY_RESET;
	default: /* the end of the server */
		return connections->behaviour->given != 0 ? CLOSE_DROPPING : CLOSE_PLAIN;
	}
}

int connections_ended(struct connections *connections, struct place place, int result)
{
	uint8_t *flags = flags_of(connections, place);
	uint8_t before = *flags;
	enum connection_close how = result == 0 ? CLOSE_ANSWERS_FIN : CLOSE_PLAIN;
	connections->half_closed -= (before & CONNECTION_HALF_CLOSED) != 0;
	*flags = 0;
	connections->totals.open--;
	if (connections->behaviour->given != 0) {
		lives_end(&connections->lives, place);
	}
	if (result == 0) {
		connections->totals.closed_by_peer++;
		debug(connections, "closed by peer", place);
	} else if (result != -ECANCELED) {
		connections->totals.reset_by_peer++;
		debug(connections, "reset by peer", place);
	} else {
		how = count_our_end(connections, place, before);
	}
	return connections->ops->close(connections->engine, place, how);
}

static int half_close(struct connections *connections, struct place place)
{
	int r = connections->ops->half_close(connections->engine, place);
	if (r == 0) {
		connections->flags[place.block][place.slot] |= CONNECTION_HALF_CLOSED;
		connections->half_closed++;
	}
	return r;
}

static bool goes_on(int result)
{
	return result > 0 || result == -EINTR || result == -EAGAIN;
}

int connections_received(struct connections *connections, struct place place, int result)
{
	uint8_t *flags = flags_of(connections, place);
	if (result > 0) {
		connections->totals.received_bytes += (uint64_t)result;
		*flags |= CONNECTION_RECEIVED;
	}
	if (result > 0 && connections->closing && !connections->cutting &&
		(*flags & (CONNECTION_HALF_CLOSED | CONNECTION_SILENT)) == 0) {
		int r = half_close(connections, place);
		if (r < 0) {
			return r;
		}
	}
	bool drains = (*flags & CONNECTION_HALF_CLOSED) != 0 && !connections->cutting;
	if (goes_on(result) && (drains || !connections_end_it(connections, place))) {
		if (result > 0 && !connections->closing && (*flags & CONNECTION_SILENT) == 0 &&
			lives_pause(&connections->lives, place, connections->now_ns)) {
			*flags |= CONNECTION_PAUSED;
		}
		return 0;
	}
	return connections_ended(connections, place, goes_on(result) ? -ECANCELED : result);
}

/* What SEND and ECHO have in common. */
static int count_sent(
	struct connections *connections, struct place place, int result, uint32_t asked)
{
	uint8_t *flags = flags_of(connections, place);
	if (result > 0) {
		connections->totals.sent_bytes += (uint64_t)result;
	}
	if (connections_end_it(connections, place) && (*flags & CONNECTION_HALF_CLOSED) == 0) {
		return connections_ended(connections, place, -ECANCELED);
	}
	if (!goes_on(result)) {
		return connections_ended(connections, place, result == 0 ? -EPIPE : result);
	}
	bool full = result != -EINTR && (result < 0 || (uint32_t)result < asked);
	*flags = (uint8_t)(full ? *flags | CONNECTION_FULL : *flags & ~CONNECTION_FULL);
	return 0;
}

int connections_sent(struct connections *connections, struct place place, int result)
{
	uint32_t asked = banner_left(connections, place);
	if (result > 0) {
		connections->bannered[place.block][place.slot] += (uint16_t)result;
	}
	return count_sent(connections, place, result, asked);
}

int connections_echoed(
	struct connections *connections, struct place place, int result, uint32_t asked)
{
	return count_sent(connections, place, result, asked);
}

/* Nothing is in flight for a connection that pauses, so it ends at once. */
static int end_by_us(struct connections *connections, struct place place, unsigned how)
{
	uint8_t *flags = flags_of(connections, place);
	*flags = (uint8_t)(*flags | how);
	return (*flags & CONNECTION_PAUSED) != 0
		? connections_ended(connections, place, -ECANCELED)
		: connections->ops->stop(connections->engine, place);
}

static int fall_silent(struct connections *connections, struct place place)
{
	uint8_t *flags = flags_of(connections, place);
	bool paused = (*flags & CONNECTION_PAUSED) != 0;
	*flags = (uint8_t)((*flags | CONNECTION_SILENT) & ~(CONNECTION_PAUSED | CONNECTION_FULL));
	connections->totals.silenced++;
	debug(connections, "silent", place);
	return paused ? connections->ops->go_on(connections->engine, place, false)
		      : connections->ops->reorder(connections->engine, place);
}

static int resume(struct connections *connections, struct place place)
{
	*flags_of(connections, place) &= (uint8_t)~CONNECTION_PAUSED;
	return connections->ops->go_on(connections->engine, place, true);
}

static int take_step(struct connections *connections, struct place place, enum life_step step)
{
	switch (step) {
	case LIFE_CLOSE:
		return end_by_us(connections, place, CONNECTION_CLOSING);
	case LIFE_RESET:
		return end_by_us(connections, place, CONNECTION_RESETTING);
	case LIFE_RECYCLE:
		return end_by_us(connections, place, CONNECTION_ENDING);
	case LIFE_SILENCE:
		return fall_silent(connections, place);
	case LIFE_RESUME:
		return resume(connections, place);
	}
	return -EINVAL;
}

int connections_turn(struct connections *connections)
{
	struct place place;
	enum life_step step;
	int r = 0;
	for (unsigned i = 0; r == 0 && i < STEPS_MAX &&
		lives_take_due(&connections->lives, connections->now_ns, &place, &step);
		i++) {
		r = take_step(connections, place, step);
	}
	return r;
}

uint64_t connections_due_ns(const struct connections *connections)
{
	return lives_due_ns(&connections->lives);
}

void connections_released(struct connections *connections, struct place place)
{
	connections->used[place.block]--;
	connections->used_in_all--;
}

void connections_begin_closing(struct connections *connections)
{
	connections->closing = true;
	connections->walk_left = (uint64_t)connections->blocks * connections->slots_per_block;
}

/* One step towards the end of a connection, when the server ends. */
static int close_one(struct connections *connections, struct place place)
{
	uint8_t *flags = flags_of(connections, place);
	bool drains = (*flags & CONNECTION_RECEIVED) != 0 && !connections->cutting &&
		(*flags & (CONNECTION_SILENT | CONNECTION_FULL | CONNECTION_ENDING)) == 0;
	bool paused = (*flags & CONNECTION_PAUSED) != 0;
	if (!drains) {
		return end_by_us(connections, place, 0);
	}
	if ((*flags & CONNECTION_HALF_CLOSED) != 0) {
		return 0;
	}
	int r = half_close(connections, place);
	return r == 0 && paused ? resume(connections, place) : r;
}

int connections_close_some(struct connections *connections)
{
	int r = 0;
	for (unsigned ended = 0; r == 0 && ended < CLOSE_BATCH && connections->walk_left > 0;) {
		uint64_t left = --connections->walk_left;
		const struct place place = {
			.block = (uint32_t)(left / connections->slots_per_block),
			.slot = (uint32_t)(left % connections->slots_per_block),
		};
		if (connections_hold(connections, place)) {
			ended++;
			r = close_one(connections, place);
		}
	}
	return r;
}

void connections_cut(struct connections *connections)
{
	connections->cutting = true;
	connections->walk_left = (uint64_t)connections->blocks * connections->slots_per_block;
}
