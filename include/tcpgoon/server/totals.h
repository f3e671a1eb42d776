/* SPDX-License-Identifier: MIT */
/* What a server counted, and why it ended. */
#ifndef TCPGOON_SERVER_TOTALS_H
#define TCPGOON_SERVER_TOTALS_H

#include <stdint.h>

enum server_end {
	SERVER_REACHED_CONNECTIONS,
	SERVER_REACHED_DURATION,
	SERVER_INTERRUPTED, /* SIGINT, SIGTERM or SIGHUP */
};

struct server_totals {
	uint64_t accepted;
	uint64_t open; /* when it ended */
	uint64_t max_open; /* at any one time */
	uint64_t closed_by_peer; /* FIN */
	uint64_t reset_by_peer; /* RST, or given up by the kernel */
	/* By a behaviour, so that each that was accepted is open or in one of these counts. */
	uint64_t closed_by_us;
	uint64_t reset_by_us;
	uint64_t recycled; /* closed by us, as the oldest */
	uint64_t refused; /* reset by us as soon as it was accepted */
	uint64_t silenced; /* of those above and of the open ones */
	uint64_t received_bytes; /* by the program, whatever became of them */
	uint64_t sent_bytes; /* taken by the kernel */
	enum server_end end;
};

#endif
