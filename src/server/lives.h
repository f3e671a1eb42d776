/* SPDX-License-Identifier: MIT */
/* What a behaviour has in store for each connection, and when it is due. */
#ifndef TCPGOON_SERVER_LIVES_H
#define TCPGOON_SERVER_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "server/place.h"
#include "server/place_list.h"
#include "tcpgoon/server/behaviour.h"

enum life_step {
	LIFE_CLOSE, /* its time is over: FIN */
	LIFE_RESET, /* its time is over: RST */
	LIFE_RECYCLE, /* it is the oldest of too many: FIN */
	LIFE_SILENCE, /* from here on nothing is read and nothing answered */
	LIFE_RESUME, /* its pause in reading is over */
};

struct lives {
	const struct behaviour *behaviour; /* not owned */
	struct place_list ages; /* by the accept: those that are open, and not being ended */
	struct place_list pauses; /* by the beginning of the pause */
	struct place next_silent; /* the oldest of `ages` that is not silent yet */
	bool has_next_silent;
	uint64_t end_after_ns; /* of close-after or reset-after; 0: neither */
	uint64_t pause_ns; /* of slow-read */
	uint32_t read_size; /* the most that is read between two pauses; 0: no limit */
};

/* `behaviour` outlives it. Has no room until lives_add_block(). */
void lives_init(struct lives *lives, const struct behaviour *behaviour, uint32_t slots_per_block);
void lives_finish(struct lives *lives);

/* Room for one more block of connections. Returns 0 or -ENOMEM. */
int lives_add_block(struct lives *lives);

/* A connection begins, or ends by itself. */
void lives_begin(struct lives *lives, struct place place, uint64_t now_ns);
void lives_end(struct lives *lives, struct place place);

/* A connection has been read from: whether it pauses now, until LIFE_RESUME. */
bool lives_pause(struct lives *lives, struct place place, uint64_t now_ns);

/*
 * Takes one step that is due at now_ns; false if none is. A connection that is to end is in none of
 * the lists after it.
 */
bool lives_take_due(
	struct lives *lives, uint64_t now_ns, struct place *ret_place, enum life_step *ret_step);

/* When the next step is due; CLOCK_NEVER: at no time that is known. */
uint64_t lives_due_ns(const struct lives *lives);

#endif
