/* SPDX-License-Identifier: MIT */
/*
 * A connection takes one byte here, for what is known about it. When the peer has closed, the
 * server closes too.
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
	return 0;
}

int connections_init(struct connections *connections, const struct connections_params *params)
{
	*connections = (struct connections){
		.ops = params->ops,
		.engine = params->engine,
		.observer = params->observer,
		.slots_per_block = params->slots_per_block,
	};
	return connections_add_block(connections);
}

void connections_finish(struct connections *connections)
{
	for (uint32_t i = 0; i < connections->blocks; i++) {
		free(connections->flags[i]);
	}
	free(connections->flags);
	free(connections->used);
	*connections = (struct connections){0};
}

uint32_t connections_free_slots(const struct connections *connections, uint32_t block)
{
	uint32_t slots = connections->slots_per_block;
	uint32_t used = connections->used[block];
	return used < slots ? slots - used : 0;
}

void connections_accepted(struct connections *connections, struct place place)
{
	struct server_totals *totals = &connections->totals;
	assert(!connections_hold(connections, place));
	connections->flags[place.block][place.slot] = CONNECTION_HELD;
	connections->used[place.block]++;
	connections->used_in_all++;
	totals->accepted++;
	totals->open++;
	if (totals->open > totals->max_open) {
		totals->max_open = totals->open;
	}
	debug(connections, "accepted", place);
}

int connections_ended(struct connections *connections, struct place place, int result)
{
	uint8_t *flags = &connections->flags[place.block][place.slot];
	connections->half_closed -= (*flags & CONNECTION_HALF_CLOSED) != 0;
	*flags = 0;
	connections->totals.open--;
	if (result == 0) {
		connections->totals.closed_by_peer++;
		debug(connections, "closed by peer", place);
	} else if (result != -ECANCELED) {
		connections->totals.reset_by_peer++;
		debug(connections, "reset by peer", place);
	}
	return connections->ops->close(connections->engine, place, result == 0);
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

int connections_received(struct connections *connections, struct place place, int result)
{
	uint8_t *flags = &connections->flags[place.block][place.slot];
	bool goes_on = result > 0 || result == -EINTR || result == -EAGAIN;
	if (result > 0) {
		connections->totals.received_bytes += (uint64_t)result;
		*flags |= CONNECTION_RECEIVED;
	}
	if (result > 0 && connections->closing && !connections->cutting &&
		(*flags & CONNECTION_HALF_CLOSED) == 0) {
		int r = half_close(connections, place);
		if (r < 0) {
			return r;
		}
	}
	bool drains = (*flags & CONNECTION_HALF_CLOSED) != 0 && !connections->cutting;
	if (goes_on && (!connections->closing || drains)) {
		return 0;
	}
	return connections_ended(connections, place, goes_on ? -ECANCELED : result);
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

int connections_close_some(struct connections *connections)
{
	int r = 0;
	for (unsigned ended = 0; r == 0 && ended < CLOSE_BATCH && connections->walk_left > 0;) {
		uint64_t left = --connections->walk_left;
		const struct place place = {
			.block = (uint32_t)(left / connections->slots_per_block),
			.slot = (uint32_t)(left % connections->slots_per_block),
		};
		uint8_t flags = connections->flags[place.block][place.slot];
		if (flags == 0) {
			continue;
		}
		ended++;
		if ((flags & CONNECTION_RECEIVED) == 0 || connections->cutting) {
			r = connections->ops->stop(connections->engine, place);
		} else if ((flags & CONNECTION_HALF_CLOSED) == 0) {
			r = half_close(connections, place);
		}
	}
	return r;
}

void connections_cut(struct connections *connections)
{
	connections->cutting = true;
	connections->walk_left = (uint64_t)connections->blocks * connections->slots_per_block;
}
