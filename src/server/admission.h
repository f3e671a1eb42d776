/* SPDX-License-Identifier: MIT */
/* How many connections to accept, by which kind of accept, and into which lane. */
#ifndef TCPGOON_SERVER_ADMISSION_H
#define TCPGOON_SERVER_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

/* The most single accepts that are outstanding at once. */
#define ADMISSION_SINGLES_MAX 64

struct admission_view {
	uint64_t free_slots; /* of the accepting lane */
	uint64_t allowed; /* connections that may still be accepted; UINT64_MAX: no limit */
	uint64_t margin; /* admission_margin() */
	unsigned singles; /* single accepts outstanding */
	bool multishot; /* one is armed */
	bool stopping; /* and its cancellation is in flight */
};

struct admission_order {
	bool start_multishot;
	bool stop_multishot;
	unsigned singles; /* to add */
};

/* The room that must be left for a multishot accept, from the listening socket's backlog. */
uint64_t admission_margin(uint32_t backlog);

/* What to ask of the kernel now. */
struct admission_order admission_decide(const struct admission_view *view);

#define ADMISSION_NEW_LANE -1 /* add one */
#define ADMISSION_NO_LANE -2 /* all are full and no lane can be added */

/*
 * The lane that takes over from a full one: `used` says for each of `count` lanes how many of its
 * `slots` are in use. Returns its number, ADMISSION_NEW_LANE (only if may_grow) or
 * ADMISSION_NO_LANE.
 */
int admission_next_lane(
	const uint32_t *used, unsigned count, uint32_t slots, uint64_t allowed, bool may_grow);

#endif
