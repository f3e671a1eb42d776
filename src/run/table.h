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
 * CLOSED and ERROR have a cause. What we end ourselves stays as it was: the final numbers are
 * taken before we begin to close.
 */
enum conn_state {
	CONN_NOT_INITIATED,
	CONN_DIALING,
	CONN_ESTABLISHED,
	CONN_CLOSED,
	CONN_ERROR,
	CONN_STATE_MAX,
};

/* What the transport has of a connection, and what else keeps its socket open. */
enum conn_held {
	CONN_HAS_SOCKET = 1 << 0, /* in its slot */
	CONN_ARMED = 1 << 1, /* a dial whose instant has not come */
	CONN_CONNECTING = 1 << 2, /* a dial without an answer */
	CONN_IN_FLIGHT = 1 << 3, /* a dial or a watch: it was dialled and is not idle yet */
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
	uint16_t error_number : 12; /* positive errno of the cause, 0 where there was none */
	uint16_t received : 1; /* the peer has sent data */
	uint16_t half_closed : 1; /* our FIN is sent by SHUTDOWN, and the peer's is awaited */
	uint16_t received_late : 1; /* data came after that */
	uint16_t end_known : 1; /* what became of our FIN is counted */
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
	uint64_t answered_max; /* of these and the established, since there were none of these */
	uint64_t last_dialed_ns; /* the latest dial */
	bool last_was_late; /* of the dials with a due time */
	uint64_t armed; /* connections whose dial waits for its instant */
	uint64_t occupied; /* connections of which anything is held */
	/* What began before spans a stall of this program, or of the whole machine; 0: there was none. */
	uint64_t stalled_before_us;
	uint64_t suspended_before_us;
	struct result *result; /* where causes and histograms are kept as states change */
};

/* Returns 0 or -ENOMEM. `result` outlives the table. */
int table_init(struct table *table, uint64_t count, uint64_t start_ns, struct result *result);
void table_finish(struct table *table);

/* The dial has begun at now_ns; it had been due at due_ns (CLOCK_NEVER: whenever it could be). */
void table_dialing(struct table *table, uint32_t index, uint64_t due_ns, uint64_t now_ns);
/*
 * Still DIALING, but from another 4-tuple, as the one before was in use: no SYN had left. The dial
 * has a generation of its own.
 */
void table_dialing_again(struct table *table, uint32_t index, uint64_t now_ns);
/*
 * The transport reports it established: this is the instant, if table_established() confirms it.
 * If table_denied() retracts it, it is DIALING still.
 */
void table_answered(struct table *table, uint32_t index, uint64_t now_ns);
void table_denied(struct table *table);
void table_established(struct table *table, uint32_t index);
/* It did not come up: from DIALING, or from NOT_INITIATED where no SYN could be sent. */
void table_failed(
	struct table *table, uint32_t index, enum cause cause, int error_number, uint64_t now_ns);
/*
 * It was established and is no longer, and not by us: by a FIN (0) or a positive errno. Returns the
 * cause.
 */
enum cause table_closed(struct table *table, uint32_t index, int error_number, uint64_t now_ns);

/* The peer has sent data on it. */
void table_received(struct table *table, uint32_t index);

/*
 * This program stood still until now_ns, or the whole machine did: times that span this instant, or
 * that end in it as what came meanwhile is seen only now, are counted apart from the others.
 */
void table_stalled(struct table *table, uint64_t now_ns, bool suspended);

/* The instant of its dial, rounded down to a microsecond; of those that were dialled. */
uint64_t table_dialed_ns(const struct table *table, uint32_t index);

/* The instant at which it was established; of those that ever were. */
uint64_t table_established_ns(const struct table *table, uint32_t index);

/* How long ago it was established; of those that ever were. */
uint64_t table_lifetime_ns(const struct table *table, uint32_t index, uint64_t now_ns);

/*
 * Makes the slot ready for another connection: NOT_INITIATED again, in the next generation. Only
 * when it is decided and nothing of it is held. What it counted stays counted in the result.
 */
void table_recycle(struct table *table, uint32_t index);

/* Sets (or clears) what `held` says, and counts. */
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

struct snapshot table_snapshot(const struct table *table, uint64_t now_ns);

#endif
