/* SPDX-License-Identifier: MIT */
/* A TCP server that accepts, holds, reads and forgets: a target of our own. */
#ifndef TCPGOON_SERVER_SERVER_H
#define TCPGOON_SERVER_SERVER_H

#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"
#include "tcpgoon/transport/engine.h"

struct server_settings {
	const char *listen; /* address literal; NULL: every address, IPv6 and IPv4 */
	uint16_t port; /* 0: one that is free */
	int backlog; /* listen(2); 0: the system's most (net.core.somaxconn) */
	uint64_t max_connections; /* accepted in all before it ends; 0: no limit */
	uint64_t duration_ns; /* before it ends; 0: no limit */
	enum engine engine;
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
