/* SPDX-License-Identifier: MIT */
/* The connections that a server holds: what is known about each, what they send, and their end. */
#ifndef TCPGOON_SERVER_CONNECTIONS_H
#define TCPGOON_SERVER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/lives.h"
#include "server/place.h"
#include "tcpgoon/server/behaviour.h"
#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"

enum connection_flag {
	CONNECTION_HELD = 1 << 0,
	CONNECTION_RECEIVED = 1 << 1, /* the peer has sent data */
	CONNECTION_HALF_CLOSED = 1
		<< 2, /* SHUTDOWN has sent our FIN, and the peer's has not come */
	/* By a behaviour. */
	CONNECTION_SILENT = 1 << 3, /* nothing is read or answered any more */
	CONNECTION_PAUSED = 1 << 4, /* nothing is read for now, and nothing is in flight */
	CONNECTION_FULL = 1 << 5, /* the kernel takes no more output for now */
	/* We end it: both together mean that it is recycled. */
	CONNECTION_CLOSING = 1 << 6,
	CONNECTION_RESETTING = 1 << 7,
};

#define CONNECTION_ENDING (CONNECTION_CLOSING | CONNECTION_RESETTING)

/* What an engine is to do with a connection next. */
enum connection_act {
	ACT_NOTHING, /* it has ended, or pauses */
	ACT_WATCH_INPUT, /* until there is something to receive */
	ACT_WATCH_OUTPUT, /* until there is room for output */
	ACT_WATCH_END, /* until it is reset; data and the peer's FIN are nobody's concern */
	ACT_RECEIVE, /* and drop: connections_received() */
	ACT_ECHO, /* send what has come, and receive what was sent: connections_echoed() */
	ACT_SEND, /* connections_sent() */
};

struct connection_order {
	enum connection_act act;
	uint32_t size; /* of a RECEIVE or ECHO: the most bytes; 0: no limit. Of a SEND: the bytes */
	const char *data; /* of a SEND: valid as long as the behaviour */
};

enum connection_close {
	CLOSE_PLAIN,
	CLOSE_ANSWERS_FIN, /* the peer has closed */
	CLOSE_DROPPING, /* drops first what has come, for it to be no reset */
	CLOSE_BY_RESET,
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
	/* Frees the place: connections_released() follows. */
	int (*close)(struct server_engine *engine, struct place place, enum connection_close how);
	/*
	 * Only with a behaviour: the watch is over, or is replaced; connections_order() has
	 * changed.
	 */
	int (*reorder)(struct server_engine *engine, struct place place);
	/* Only with a behaviour: nothing is in flight. Carries out connections_order(). */
	int (*go_on)(struct server_engine *engine, struct place place, bool ready);

	void (*describe)(struct place place, char text[CONNECTION_WORDS_MAX]);
};

struct connections_params {
	const struct connection_ops *ops;
	struct server_engine *engine; /* argument of the functions */
	const struct server_observer *observer;
	const struct behaviour *behaviour; /* outlives the connections */
	uint32_t slots_per_block;
};

struct connections {
	const struct connection_ops *ops;
	struct server_engine *engine;
	const struct server_observer *observer;
	const struct behaviour *behaviour;
	uint64_t now_ns; /* of this turn of the loop; set by the server */
	struct server_totals totals;
	struct lives lives;
	/* With a banner, for each block: the bytes that each connection was sent of it. */
	uint16_t **bannered; /* owned */
	uint32_t bannered_blocks;
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

static inline bool connections_are_silent(const struct connections *connections, struct place place)
{
	return (connections->flags[place.block][place.slot] & CONNECTION_SILENT) != 0;
}

static inline bool connections_hold(const struct connections *connections, struct place place)
{
	return connections->flags[place.block][place.slot] != 0;
}

/*
 * A connection was accepted into a place that was free. If the place is held afterwards, there is
 * an order for it. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_accepted(struct connections *connections, struct place place);

/* What to do with a connection next; `ready`: its watch has fired, or its pause is over. */
struct connection_order connections_order(
	const struct connections *connections, struct place place, bool ready);

/*
 * A receive returned a number of bytes, 0 for the peer's FIN, or a negative errno. The watch goes
 * on if the connection is still held. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_received(struct connections *connections, struct place place, int result);

/*
 * A SEND, or an ECHO of `asked` bytes, has sent as many as `result`, or is a negative errno. Those
 * of an ECHO are still to be received, by connections_received(). Both return like
 * connections_received().
 */
int connections_sent(struct connections *connections, struct place place, int result);
int connections_echoed(
	struct connections *connections, struct place place, int result, uint32_t asked);

/* Whether we end the connection, so that a request in flight has no successor. */
static inline bool connections_end_it(const struct connections *connections, struct place place)
{
	return connections->closing ||
		(connections->flags[place.block][place.slot] & CONNECTION_ENDING) != 0;
}

/* A silent connection needs no watch from here on, and nothing is in flight for it. */
static inline void connections_rest(struct connections *connections, struct place place)
{
	connections->flags[place.block][place.slot] |= CONNECTION_PAUSED;
}

/* Bytes were dropped by a CLOSE_DROPPING. */
static inline void connections_dropped(struct connections *connections, uint64_t bytes)
{
	connections->totals.received_bytes += bytes;
}

/*
 * Carries out what a behaviour has in store by now. There is more if connections_due_ns() is in the
 * past. Returns 0 or the negative errno of a connection_ops function.
 */
int connections_turn(struct connections *connections);
uint64_t connections_due_ns(const struct connections *connections);

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
