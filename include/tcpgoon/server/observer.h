/* SPDX-License-Identifier: MIT */
/* What a server tells while it serves. */
#ifndef TCPGOON_SERVER_OBSERVER_H
#define TCPGOON_SERVER_OBSERVER_H

#include <stdbool.h>

/* Any function may be NULL. They must not block. */
struct server_observer {
	void *context;
	/* The engine is up, and connections are accepted. */
	void (*on_ready)(void *context);
	/*
	 * A sentence for people: why epoll is used where ENGINE_AUTO was given, before anything else;
	 * or what keeps it from accepting more. Rare.
	 */
	void (*on_notice)(void *context, const char *sentence);
	/* The loop is about to wait. True: output is held back, so for a moment only. */
	bool (*on_wait)(void *context);
	/* One line per event, for --debug only; NULL unless asked, as it costs. */
	void (*on_debug)(void *context, const char *line);
};

#endif
