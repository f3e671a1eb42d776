/* SPDX-License-Identifier: MIT */
/* How many connections are in each state at one instant, as in a status line. */
#ifndef TCPGOON_RESULT_SNAPSHOT_H
#define TCPGOON_RESULT_SNAPSHOT_H

#include <stdint.h>

struct snapshot {
	uint64_t elapsed_ns; /* since the start of the run */
	uint64_t total;
	uint64_t not_initiated;
	uint64_t dialing;
	uint64_t established;
	uint64_t closed; /* established once, ended by the peer or the path */
	uint64_t failed; /* never established */
	/* Those whose due instant had come, by the pace asked; RESULT_UNKNOWN: there is no pace. */
	uint64_t due;
	/*
	 * Connections that wait in the accept queues of the targets, as last looked at: at most ten
	 * times a second. RESULT_UNKNOWN: no listener of a target was on this host at the start.
	 */
	uint64_t queued;
};

#endif
