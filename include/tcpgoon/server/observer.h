/* SPDX-License-Identifier: MIT */
/* What a server reports while it serves. */
#ifndef TCPGOON_SERVER_OBSERVER_H
#define TCPGOON_SERVER_OBSERVER_H

#include <stdbool.h>

/* Any function may be NULL. They must not block. */
struct server_observer {
	void *context;
	/* The engine is up, and connections are accepted. */
	void (*on_ready)(void *context);
	/*
	 * A sentence for people: why ENGINE_AUTO uses epoll (then it is the first call), or what
	 * keeps the server from accepting more. Rare.
	 */
	void (*on_notice)(void *context, const char *sentence);
	/* The loop is about to wait. True: output is held back, so it waits only for a moment. */
	bool (*on_wait)(void *context);
	/* One line per event, for --debug only; NULL otherwise, because it costs time. */
	void (*on_debug)(void *context, const char *line);
};

#endif
