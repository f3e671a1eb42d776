/* SPDX-License-Identifier: MIT */
/* The socket in each slot, and what it is doing: 8 bytes. */
#ifndef TCPGOON_TRANSPORT_RECORDS_H
#define TCPGOON_TRANSPORT_RECORDS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/transport/transport.h"

/*
 *  EMPTY --> PLACED --> [ARMED] --> CONNECTING --> CONNECTED --> ENDING --> IDLE --> EMPTY
 *
 * Each state from ARMED to CONNECTED may go to ENDING. A slot in PLACED or IDLE may be dialled, be
 * given another socket, or be closed.
 */
enum record_state {
	RECORD_EMPTY, /* no socket */
	RECORD_PLACED, /* a socket that has not been dialled */
	RECORD_ARMED, /* a dial waits for its instant */
	RECORD_CONNECTING,
	RECORD_CONNECTED, /* and watched */
	RECORD_ENDING, /* nothing is in flight; IDLE is still to be reported */
	RECORD_IDLE,
	RECORD_STATE_MAX,
};

struct record {
	int fd; /* owned; not valid in an empty slot */
	uint16_t generation; /* of the slot's use */
	uint8_t state; /* enum record_state */
	uint8_t arming; /* counts the dials with an instant */
};
static_assert(sizeof(struct record) == 8, "a million slots in 8 MB");

struct records {
	struct record *list; /* owned, `count` of them; untouched pages cost no memory */
	uint64_t count;
	uint64_t used; /* slots from here on have never had a socket */
};

/* Returns 0 or -ENOMEM. */
int records_init(struct records *records, uint64_t count);
/* Closes the sockets. */
void records_finish(struct records *records);

/* The only way to change a state. */
void record_move(struct record *record, enum record_state to);

/* Takes this socket, and closes the one that the slot had. */
void records_place(struct records *records, uint32_t number, int take_fd);

#endif
