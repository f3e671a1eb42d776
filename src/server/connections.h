/* SPDX-License-Identifier: MIT */
/* The connections that a server holds: what is known about each, what they send, and their end. */
#ifndef TCPGOON_SERVER_CONNECTIONS_H
#define TCPGOON_SERVER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"

/*
 * Where a connection is, in blocks of equal size: a lane and a slot, or a descriptor in two parts.
 */
struct place {
	uint32_t block;
	uint32_t slot;
};

enum connection_flag {
	CONNECTION_HELD = 1 << 0,
	CONNECTION_RECEIVED = 1 << 1, /* the peer has sent data */
	CONNECTION_HALF_CLOSED = 1
		<< 2, /* SHUTDOWN has sent our FIN, and the peer's has not come */
};

/* The words for a connection in a line of --debug: "lane 0 slot 7", "descriptor 7". */
#define CONNECTION_WORDS_MAX 48

struct server_engine;

/* What an engine does to a connection; each function returns 0 or a negative errno. */
struct connection_ops {
	/*
	 * Ends the watch of a connection when closing; data that came before are still received.
	 * connections_ended() or connections_received() follows, at once or later.
	 */
	int (*stop)(struct server_engine *engine, struct place place);
	/* Sends our FIN; data from the peer are still received. */
	int (*half_close)(struct server_engine *engine, struct place place);
	/* Frees the place: connections_released() follows. `answers_fin`: the peer has closed. */
	int (*close)(struct server_engine *engine, struct place place, bool answers_fin);

	void (*describe)(struct place place, char text[CONNECTION_WORDS_MAX]);
};

struct connections_params {
	const struct connection_ops *ops;
	struct server_engine *engine; /* argument of the functions */
	const struct server_observer *observer;
	uint32_t slots_per_block;
};

struct connections {
	const struct connection_ops *ops;
	struct server_engine *engine;
	const struct server_observer *observer;
	struct server_totals totals;
	/* For each block: how many slots are in use, and a set of enum connection_flag for each. */
	uint32_t *used; /* owned */
	uint8_t **flags; /* owned */
	uint32_t blocks;
	uint32_t slots_per_block;
	uint64_t used_in_all;
	bool closing;
	bool cutting; /* when closing: data from the peers are no longer received */
	uint64_t half_closed;
	uint64_t walk_left; /* when closing: slots below, over all blocks, are still to come */
};

/* With one block. Returns 0 or -ENOMEM; connections_finish() is due either way. */
int connections_init(struct connections *connections, const struct connections_params *params);
void connections_finish(struct connections *connections);

/* One more block. Returns 0 or -ENOMEM. */
int connections_add_block(struct connections *connections);

uint32_t connections_free_slots(const struct connections *connections, uint32_t block);

static inline bool connections_hold(const struct connections *connections, struct place place)
{
	return connections->flags[place.block][place.slot] != 0;
}

/* A connection was accepted into a place that was free. */
void connections_accepted(struct connections *connections, struct place place);

/*
 * A receive returned a number of bytes, 0 for the peer's FIN, or a negative errno. The watch goes
 * on if the connection is still held. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_received(struct connections *connections, struct place place, int result);

/*
 * The connection has ended: by FIN (0), by RST or the kernel (a negative errno), or by us
 * (-ECANCELED). Returns 0 or the negative errno of a connection_ops function.
 */
int connections_ended(struct connections *connections, struct place place, int result);

/* The place is free for another connection. */
void connections_released(struct connections *connections, struct place place);

/* From here on nothing is accepted, and only half-closed connections are watched. */
void connections_begin_closing(struct connections *connections);

/*
 * Closes a batch of connections; each is gone when its place is released (`used_in_all`). There are
 * more while walk_left > 0. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_close_some(struct connections *connections);

/* The time of the half-closed connections is over: begins another walk, which closes them. */
void connections_cut(struct connections *connections);

#endif
