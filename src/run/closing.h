/* SPDX-License-Identifier: MIT */
/* The end of what is open: FIN, the rest of the peer's data, CLOSE; and what became of the FINs. */
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
	uint64_t half_closed_now; /* whose peers' FINs are awaited */
	uint64_t drain_until_ns; /* CLOCK_NEVER until all that is to be half-closed is */
	bool cutting; /* the time to drain is over */
	bool hurried; /* a signal came: nothing is waited for any more */
	uint64_t drained; /* the peer's FIN came after our own */
	uint64_t peer_closed; /* or before it */
	uint64_t cut_late; /* of those cut off: data had come until then */
	uint64_t reset;
	uint64_t unanswered;
	uint64_t undetermined;

	struct netstat before; /* counters of this network namespace */
	uint64_t orphans_before; /* of the whole host; LIMITS_NONE: not known */
	uint64_t time_waits; /* connections that came to TIME_WAIT there since then */
	bool overflowed; /* not all of them were kept */
	uint64_t seen; /* acknowledged, and still known to the kernel */
	uint64_t gone; /* not known to it any more */
	bool looking; /* for the answers to the FINs */
	unsigned counts_left; /* they are still coming: so often the counts may stay as they are */
	bool last_pass;
	uint64_t began_looking_ns;
	uint64_t look_ns; /* when the kernel is asked next */
	uint64_t step_ns;
	struct index_list waiting; /* their FINs had no answer when they were asked about */
	uint32_t revisited; /* of the `pass_end` that this pass began with */
	uint32_t pass_end;
};

/* All members but those of the parts it works with are zero. */
void closing_init(struct closing *closing, struct transport *transport, struct table *table,
	struct survey *survey, bool by_fin);
void closing_finish(struct closing *closing);

/* Nothing is asked or answered any more; connections below `prepared` may have sockets. */
void closing_begin(struct closing *closing, uint64_t prepared);

/* A signal has come: what is waited for is cut off. */
void closing_hurry(struct closing *closing);

/*
 * Begins the end of the next connection: a SHUTDOWN where the peer has sent data; else what is in
 * flight is stopped. False in *ret_more where all have been walked over. *ret_index
 * may have to be settled. Returns 0 or a negative errno.
 */
int closing_step(struct closing *closing, uint64_t now_ns, uint32_t *ret_index, bool *ret_more);

/* When there is more to do although no completion comes; CLOCK_NEVER: not by itself. */
uint64_t closing_next_ns(const struct closing *closing, uint64_t now_ns);

/* Data came on an open connection: it is half-closed now, if it is not yet. Returns 0 or -errno. */
int closing_received(struct closing *closing, uint32_t index);

/* Our FIN is sent, and there is still time for what the peer sends before its own. */
static inline bool closing_is_draining(const struct closing *closing, uint32_t index)
{
	return closing->table->conns[index].half_closed && !closing->cutting && !closing->hurried;
}

/* An open connection has ended by itself: by the peer's FIN (0) or a positive errno. */
void closing_ended(struct closing *closing, uint32_t index, int error_number);

/* All are closed: from here on the answers to the FINs are looked for. */
void closing_begin_looking(struct closing *closing, uint64_t now_ns);

/* Asks about a batch, where it is time: look_ns. True while there is more to do. */
bool closing_look(struct closing *closing, uint64_t now_ns);

enum fin_fate {
	FIN_ACKNOWLEDGED,
	FIN_WAITING, /* not answered, and it is too early to say more */
	FIN_UNANSWERED, /* although it was sent again, and an answer was due */
	FIN_GONE, /* the kernel knows nothing of the connection: reset, before or after that */
};

/* Of a socket that was closed `since_ns` ago or earlier. Pure. */
enum fin_fate closing_fate(const struct sockdiag_socket *socket, uint64_t since_ns);

#endif
