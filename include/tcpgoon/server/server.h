/* SPDX-License-Identifier: MIT */
/* A TCP server that accepts, holds, reads and forgets: a target of our own. */
#ifndef TCPGOON_SERVER_SERVER_H
#define TCPGOON_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"

struct server_settings {
	const char *listen; /* address literal; NULL: every address, IPv6 and IPv4 */
	uint16_t port; /* 0: one that is free */
	int backlog; /* listen(2); 0: the system's most (net.core.somaxconn) */
	uint64_t max_connections; /* accepted in all before it ends; 0: no limit */
	uint64_t duration_ns; /* before it ends; 0: no limit */
};

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
	uint64_t received_bytes; /* read and forgotten */
	enum server_end end;
};

/* What a server tells while it serves. Any function may be NULL. They must not block. */
struct server_observer {
	void *context;
	/* The rings are up and the first accept is armed. */
	void (*on_ready)(void *context);
	/* A sentence for people: what keeps it from accepting more. Rare. */
	void (*on_notice)(void *context, const char *sentence);
	/* The loop is about to wait. True: output is held back, so for a moment only. */
	bool (*on_wait)(void *context);
	/* One line per event, for --debug only; NULL unless asked, as it costs. */
	void (*on_debug)(void *context, const char *line);
};

/*
 * Opens the listening socket. *ret_fd is the caller's; *ret_address (may be NULL) is what it is
 * bound to. Returns 0 or a negative errno with a message.
 */
int server_listen(const struct server_settings *settings, int *ret_fd, struct address *ret_address,
	struct error *error);

/*
 * Serves until a limit or a signal ends it, then closes all connections; consumes the descriptor.
 * The totals are those of the moment before the closing. SIGINT, SIGTERM and SIGHUP (unless it is
 * ignored) are taken over for the time of the serving: the first ends it, the second has the effect
 * it had before the call, during the closing too. Returns 0 with *ret_totals, or a negative errno
 * with a message where this program could not do its work.
 */
int server_serve_take_fd(int listen_fd, const struct server_settings *settings,
	const struct server_observer *observer, struct server_totals *ret_totals,
	struct error *error);

#endif
