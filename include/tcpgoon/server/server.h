/* SPDX-License-Identifier: MIT */
/*
 * A TCP server that accepts and holds connections and drops what it receives, or misbehaves as it
 * is told to: a target of our own.
 */
#ifndef TCPGOON_SERVER_SERVER_H
#define TCPGOON_SERVER_SERVER_H

#include <stdint.h>

#include "tcpgoon/base/address.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/server/behaviour.h"
#include "tcpgoon/server/observer.h"
#include "tcpgoon/server/totals.h"
#include "tcpgoon/transport/engine.h"

struct server_settings {
	const char *listen; /* address literal; NULL: every address, IPv6 and IPv4 */
	uint16_t port; /* 0: a free one */
	int backlog; /* listen(2); 0: the system's maximum (net.core.somaxconn) */
	uint64_t max_connections; /* ends after accepting this many; 0: no limit */
	uint64_t duration_ns; /* ends after this time; 0: no limit */
	enum engine engine;
	struct behaviour behaviour;
};

/*
 * Opens the listening socket. The caller owns *ret_fd; *ret_address (may be NULL) is the address
 * that it is bound to. Returns 0 or a negative errno with a message.
 */
int server_listen(const struct server_settings *settings, int *ret_fd, struct address *ret_address,
	struct error *error);

/*
 * Serves until a limit or a signal ends it, then closes all connections; consumes the descriptor.
 * The totals are taken just before the closing. While it serves, it handles SIGINT, SIGTERM and
 * SIGHUP (unless that is ignored): the first signal ends it, and a second one has the effect that
 * it had before the call, also during the closing. Returns 0 with *ret_totals, or a negative errno
 * with a message if this program could not do its work.
 */
int server_serve_take_fd(int listen_fd, const struct server_settings *settings,
	const struct server_observer *observer, struct server_totals *ret_totals,
	struct error *error);

#endif
