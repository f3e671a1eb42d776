/* SPDX-License-Identifier: MIT */
/* Closes open connections: FIN, the rest of the peer's data, CLOSE; and what became of the FINs. */
#ifndef TCPGOON_RUN_CLOSING_H
#define TCPGOON_RUN_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "run/index_list.h"
#include "run/survey.h"
#include "run/table.h"
#include "tcpgoon/net/netstat.h"
#include "tcpgoon/net/sockdiag.h"
#include "tcpgoon/transport/transport.h"

struct closing {
	struct transport *transport;
	struct table *table;
	struct survey *survey;
	bool by_fin;
	uint64_t first_free; /* no connection from here on has a socket */
	uint64_t walk_left; /* connections below are still to be closed, cut off or asked about */
	uint64_t half_closed_now; /* connections that wait for the peer's FIN */
	uint64_t drain_until_ns; /* CLOCK_NEVER until every SHUTDOWN is queued */
	bool cutting; /* the time to drain is over */
	bool hurried; /* a signal came: closing no longer waits for anything */
	uint64_t drained; /* the peer's FIN came after our own */
	uint64_t peer_closed; /* the peer's FIN came before our own */
	uint64_t cut_late; /* cut off while data still came */
	uint64_t reset;
	uint64_t unanswered;
	uint64_t undetermined;

	struct netstat before; /* counters of this network namespace */
	uint64_t orphans_before; /* of the whole host; LIMITS_NONE: not known */
	uint64_t time_waits; /* connections that have entered TIME_WAIT there since `before` */
	bool overflowed; /* the kernel did not keep all of them */
	uint64_t seen; /* acknowledged, and still known to the kernel */
	uint64_t gone; /* no longer known to the kernel */
	bool looking; /* for the answers to the FINs */
	unsigned
		counts_left; /* counts without progress that are still allowed; 0: ask about each */
	bool last_pass;
	uint64_t began_looking_ns;
	uint64_t look_ns; /* when the kernel is asked next */
	uint64_t step_ns;
	struct index_list waiting; /* connections whose FIN had no answer when we asked */
	uint32_t revisited; /* entries of `waiting` that this pass has taken */
	uint32_t pass_end; /* entries of `waiting` that this pass began with */
};

/* Keeps pointers to its parameters; all other members begin as zero or unset. */
void closing_init(struct closing *closing, struct transport *transport, struct table *table,
	struct survey *survey, bool by_fin);
void closing_finish(struct closing *closing);

/* The survey is complete. Connections below `prepared` may have sockets. */
void closing_begin(struct closing *closing, uint64_t prepared);

/* A signal has come: cuts off the connections that closing still waits for. */
void closing_hurry(struct closing *closing);

/*
 * Begins to close the next connection: by a SHUTDOWN if the peer has sent data, otherwise by
 * stopping what is in flight. *ret_more is false after the last connection. The caller settles
 * *ret_index. Returns 0 or a negative errno.
 */
int closing_step(struct closing *closing, uint64_t now_ns, uint32_t *ret_index, bool *ret_more);

/* When closing has more to do without a completion; CLOCK_NEVER: only after a completion. */
uint64_t closing_next_ns(const struct closing *closing, uint64_t now_ns);

/* Data came on an open connection: half-closes it, unless it is already. Returns 0 or -errno. */
int closing_received(struct closing *closing, uint32_t index);

/* An open connection was ended by the peer's FIN (0) or by a positive errno. */
void closing_ended(struct closing *closing, uint32_t index, int error_number);

/* All connections are closed: begins to look for the answers to the FINs. */
void closing_begin_looking(struct closing *closing, uint64_t now_ns);

/* Asks about a batch if look_ns has come. True while there is more to do. */
bool closing_look(struct closing *closing, uint64_t now_ns);

enum fin_fate {
	FIN_ACKNOWLEDGED,
	FIN_WAITING, /* not answered, and it is too early to say more */
	FIN_UNANSWERED, /* not answered although it was retransmitted and an answer was due */
	FIN_GONE, /* the kernel does not know the connection: reset, before or after an answer */
};

/* The fate of a socket that was closed at least `since_ns` ago. Pure. */
enum fin_fate closing_fate(const struct sockdiag_socket *socket, uint64_t since_ns);

#endif
