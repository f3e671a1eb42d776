/* SPDX-License-Identifier: MIT */
/* The state of every connection in 16 bytes: the only place where one changes state. */
#ifndef TCPGOON_RUN_TABLE_H
#define TCPGOON_RUN_TABLE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/stats/cause.h"
#include "tcpgoon/transport/transport.h"

/*
 *                    +----------------> ERROR      (never dialled: no port, no memory)
 *                    |
 *  NOT_INITIATED --> DIALING --> ESTABLISHED --> CLOSED
 *                    |
 *                    +----------------> ERROR
 *
 * CLOSED and ERROR have a cause. A connection that we end ourselves keeps its state: the final
 * numbers are taken before we begin to close.
 */
enum conn_state {
	CONN_NOT_INITIATED,
	CONN_DIALING,
	CONN_ESTABLISHED,
	CONN_CLOSED,
	CONN_ERROR,
	CONN_STATE_MAX,
};

/* What the transport holds of a connection, and what else keeps its socket open. */
enum conn_held {
	CONN_HAS_SOCKET = 1 << 0, /* in its slot */
	CONN_ARMED = 1 << 1, /* a dial whose instant has not come */
	CONN_CONNECTING = 1 << 2, /* a dial without an answer */
	CONN_IN_FLIGHT = 1 << 3, /* a dial or a watch: set from the dial until IDLE */
	CONN_CLOSING = 1 << 4, /* a close */
	CONN_QUESTIONED = 1 << 5, /* a question about it, to be answered before the close */
};
#define CONN_HELD_ALL 0x3fU

struct conn {
	uint64_t dialed_us : 47; /* since the start of the run: 4 years */
	uint64_t state : 3; /* enum conn_state */
	uint64_t held : 6; /* set of enum conn_held */
	uint64_t cause : 8; /* enum cause */
	uint32_t connect_us; /* dial to established or to the error */
	uint16_t generation : 15; /* of the dial in its slot: tells late events apart */
	uint16_t stalled : 1; /* its connect time spans a stall of this program */
	uint16_t error_number : 12; /* positive errno of the cause; 0: none */
	uint16_t received : 1; /* the peer has sent data */
	uint16_t half_closed : 1; /* SHUTDOWN has sent our FIN, and the peer's has not come */
	uint16_t received_late : 1; /* data came after our FIN */
	uint16_t end_known : 1; /* closing.c has counted how it ended */
};
static_assert(sizeof(struct conn) == 16, "a million connections in 16 MB");
static_assert(CAUSE_MAX <= 256, "a cause fits its field");
/* The kernel's MAX_ERRNO is 4095. */

struct table {
	struct conn *conns; /* owned, `count` of them; untouched pages cost no memory */
	uint64_t count;
	uint64_t start_ns;
	uint64_t by_state[CONN_STATE_MAX];
	uint64_t established_now_max;
	uint64_t answered; /* dials that were answered and are not confirmed yet */
	uint64_t answered_max; /* peak of answered + established since `answered` was last 0 */
	uint64_t last_dialed_ns; /* the latest dial */
	bool last_was_late; /* of the dials with a due time */
	uint64_t armed; /* connections whose dial waits for its instant */
	uint64_t occupied; /* connections of which anything is held */
	/*
	 * A time that began earlier spans a stall of this program, or a suspension; 0: there was
	 * none.
	 */
	uint64_t stalled_before_us;
	uint64_t suspended_before_us;
	struct result *result; /* keeps causes and histograms as states change */
	struct connection_record *records; /* of the result: ends and handshakes; NULL: not kept */
};

/* Returns 0 or -ENOMEM. `result` outlives the table. */
int table_init(struct table *table, uint64_t count, uint64_t start_ns, struct result *result);
void table_finish(struct table *table);

/* The dial has begun at now_ns; it was due at due_ns (CLOCK_NEVER: at no given instant). */
void table_dialing(struct table *table, uint32_t index, uint64_t due_ns, uint64_t now_ns);
/*
 * Still DIALING, but from another 4-tuple, because the previous one was in use: no SYN was sent.
 * The dial has a generation of its own.
 */
void table_dialing_again(struct table *table, uint32_t index, uint64_t now_ns);
/*
 * The transport reports the connection established: now_ns is the instant if table_established()
 * confirms it. If table_denied() retracts it, the connection is still DIALING.
 */
void table_answered(struct table *table, uint32_t index, uint64_t now_ns);
void table_denied(struct table *table);
void table_established(struct table *table, uint32_t index);
/* It was not established: from DIALING, or from NOT_INITIATED if no SYN could be sent. */
void table_failed(
	struct table *table, uint32_t index, enum cause cause, int error_number, uint64_t now_ns);
/*
 * An established connection has ended, and not by us: by a FIN (0) or a positive errno. Returns the
 * cause.
 */
enum cause table_closed(struct table *table, uint32_t index, int error_number, uint64_t now_ns);

/* The kernel has measured its handshake. The connection was established. */
void table_handshake(struct table *table, uint32_t index, uint32_t handshake_us);

/* The peer has sent data on it. */
void table_received(struct table *table, uint32_t index);

/*
 * This program stalled until now_ns, or the whole machine was suspended. Times that span this
 * instant are counted apart from the others, and so are times that end in it, because events that
 * came meanwhile are seen only now.
 */
void table_stalled(struct table *table, uint64_t now_ns, bool suspended);

/* The instant of the dial, rounded down to a microsecond. The connection was dialled. */
uint64_t table_dialed_ns(const struct table *table, uint32_t index);

/* The instant at which it was established. The connection has been established. */
uint64_t table_established_ns(const struct table *table, uint32_t index);

/* How long ago it was established. The connection has been established. */
uint64_t table_lifetime_ns(const struct table *table, uint32_t index, uint64_t now_ns);

/*
 * Makes the slot ready for another connection: NOT_INITIATED again, in the next generation. The
 * connection must be decided, and nothing of it held. The result keeps what it counted.
 */
void table_recycle(struct table *table, uint32_t index);

/* Sets (or clears) the flags in `held`, and counts. */
void table_hold(struct table *table, uint32_t index, unsigned held);
void table_release(struct table *table, uint32_t index, unsigned held);

static inline bool table_holds(const struct table *table, uint32_t index, unsigned held)
{
	return (table->conns[index].held & held) != 0;
}

static inline struct slot table_slot(const struct table *table, uint32_t index)
{
	return (struct slot){.number = index, .generation = table->conns[index].generation};
}

/*
 * Which dial of the run the slot has, counted from 0 in the order of the schedule: its due instant,
 * and which was the first that was rejected, go by this number. No slot is used twice in a run, so
 * attempt i has slot i.
 */
static inline uint64_t table_attempt(const struct table *table, uint32_t slot)
{
	(void)table;
	return slot;
}

static inline enum conn_state table_state(const struct table *table, uint32_t index)
{
	return (enum conn_state)table->conns[index].state;
}

/* Every connection is established, closed or failed. */
bool table_decided(const struct table *table);

/* What the table does not know, due and queued, is RESULT_UNKNOWN. */
struct snapshot table_snapshot(const struct table *table, uint64_t now_ns);

#endif
