/* SPDX-License-Identifier: MIT */
/* The connections that a server holds: what is known of each, what they send, and their end. */
#ifndef TCPGOON_SERVER_CONNECTIONS_H
#define TCPGOON_SERVER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"

/* Where a connection is, in blocks of equal size: a lane and its slot, or a descriptor in two parts. */
struct place {
	uint32_t block;
	uint32_t slot;
};

enum connection_flag {
	CONNECTION_HELD = 1 << 0,
	CONNECTION_RECEIVED = 1 << 1, /* the peer has sent data */
	CONNECTION_HALF_CLOSED = 1
		<< 2, /* our FIN is sent by SHUTDOWN, and the peer's is awaited */
};

/* The words for a connection in a line of --debug: "lane 0 slot 7", "descriptor 7". */
#define CONNECTION_WORDS_MAX 48

struct server_engine;

/* What is done to a connection; each returns 0 or a negative errno. */
struct connection_ops {
	/*
	 * Ends the watch of a connection when closing; what has come before that is received still.
	 * connections_ended() or connections_received() follows, at once or later.
	 */
	int (*stop)(struct server_engine *engine, struct place place);
	/* Sends our FIN; what the peer sends is received on. */
	int (*half_close)(struct server_engine *engine, struct place place);
	/* Frees the place: connections_released() follows. `answers_fin`: the peer has closed. */
	int (*close)(struct server_engine *engine, struct place place, bool answers_fin);

	void (*describe)(struct place place, char text[CONNECTION_WORDS_MAX]);
};

struct connections_params {
	const struct connection_ops *ops;
	struct server_engine *engine; /* what the functions are called with */
	const struct server_observer *observer;
	uint32_t slots_per_block;
};

struct connections {
	const struct connection_ops *ops;
	struct server_engine *engine;
	const struct server_observer *observer;
	struct server_totals totals;
	/* Of each block: how many slots are taken, and a set of enum connection_flag of each. */
	uint32_t *used; /* owned */
	uint8_t **flags; /* owned */
	uint32_t blocks;
	uint32_t slots_per_block;
	uint64_t used_in_all;
	bool closing;
	bool cutting; /* when closing: what the peers still send is not received any more */
	uint64_t half_closed;
	uint64_t walk_left; /* when closing: slots of all blocks below are still to come */
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

/* The peer has a connection with us, in a place that was free. */
void connections_accepted(struct connections *connections, struct place place);

/*
 * Something was received: a number of bytes, 0 for the peer's FIN, or a negative errno. The watch
 * goes on where the connection is still held. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_received(struct connections *connections, struct place place, int result);

/*
 * The connection has ended: by FIN (0), by RST or the kernel (a negative errno), or by us
 * (-ECANCELED). Returns 0 or the negative errno of a connection_ops function.
 */
int connections_ended(struct connections *connections, struct place place, int result);

/* The place is free for another connection. */
void connections_released(struct connections *connections, struct place place);

/* From here on nothing is accepted, and nothing watched any further but what is half-closed. */
void connections_begin_closing(struct connections *connections);

/*
 * Ends a batch of them; each is gone when its place is released (`used_in_all`). There are more
 * while walk_left > 0. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_close_some(struct connections *connections);

/* Those that are half-closed have had their time: they are walked over once more, and closed. */
void connections_cut(struct connections *connections);

#endif
