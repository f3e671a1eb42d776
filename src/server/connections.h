/* SPDX-License-Identifier: MIT */
/* The connections that a server holds: which slots they have, what they send, and their end. */
#ifndef TCPGOON_SERVER_CONNECTIONS_H
#define TCPGOON_SERVER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"
#include "tcpgoon/uring/lanes.h"

enum slot_flag {
	SLOT_WATCHED = 1 << 0,
	SLOT_RECEIVED = 1 << 1, /* the peer has sent data */
	SLOT_HALF_CLOSED = 1 << 2, /* our FIN is sent by SHUTDOWN, and the peer's is awaited */
};

struct connections {
	struct lanes lanes;
	const struct server_observer *observer;
	struct server_totals totals;
	/* Of each lane: how many slots are taken, and what is known of each: a set of enum slot_flag. */
	uint32_t *used; /* owned */
	uint8_t **slots; /* owned */
	unsigned followed; /* lanes that have their entries in both */
	uint64_t used_in_all;
	bool shutdown_first; /* before CLOSE */
	bool closing;
	bool cutting; /* when closing: what the peers still send is not received any more */
	uint64_t half_closed;
	uint64_t walk_left; /* when closing: slots of all lanes below are still to come */
};

/* Returns 0 or a negative errno with a message; connections_finish() is due either way. */
int connections_init(struct connections *connections, const struct lanes_params *params,
	const struct server_observer *observer, struct error *error);
void connections_finish(struct connections *connections);

/*
 * One more lane. Returns 0; or 1, with a message, where there can be none, and all is as it was; or
 * a negative errno: there is no going on.
 */
int connections_add_lane(struct connections *connections, struct error *error);

uint32_t connections_free_slots(const struct connections *connections, unsigned lane);

/* What has completed. They return 0 or the negative errno of an io_uring_enter. */
int connections_accepted(struct connections *connections, struct lane *lane, uint32_t slot);
int connections_readable(
	struct connections *connections, struct lane *lane, uint32_t slot, int result);
int connections_received(
	struct connections *connections, struct lane *lane, uint32_t slot, int result);
void connections_closed(struct connections *connections, const struct lane *lane);

/* From here on nothing is accepted, and nothing watched any further but what is half-closed. */
void connections_begin_closing(struct connections *connections);

/*
 * Ends a batch of them; each is gone when its requests have completed (`used_in_all`). There are
 * more while walk_left > 0. Returns 0 or a negative errno.
 */
int connections_close_some(struct connections *connections);

/* Those that are half-closed have had their time: they are walked over once more, and closed. */
void connections_cut(struct connections *connections);

#endif
