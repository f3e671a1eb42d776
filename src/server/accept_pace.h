/* SPDX-License-Identifier: MIT */
/* How many connections may be accepted by now, at a limited rate. */
#ifndef TCPGOON_SERVER_ACCEPT_PACE_H
#define TCPGOON_SERVER_ACCEPT_PACE_H

#include <stdint.h>

struct accept_pace {
	uint64_t rate; /* a second; 0: no limit */
	uint64_t seen; /* accepted, of the count that was given last */
	uint64_t next_ns; /* from when on another one may be accepted */
};

/* The total that may be accepted at now_ns, after `accepted` of them; UINT64_MAX: no limit. */
uint64_t accept_pace_most(struct accept_pace *pace, uint64_t accepted, uint64_t now_ns);

/*
 * When it would be more; CLOCK_NEVER if it is more than `accepted` already, or there is no limit.
 */
uint64_t accept_pace_due_ns(const struct accept_pace *pace, uint64_t now_ns);

#endif
