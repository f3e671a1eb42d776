/* SPDX-License-Identifier: MIT */
/*
 * How the server reaches the kernel: one table of functions for io_uring and one for epoll, and
 * what they have in common. An engine accepts, receives and closes; connections.c decides what
 * becomes of each connection, and server.c decides when.
 */
#ifndef TCPGOON_SERVER_ENGINE_H
#define TCPGOON_SERVER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/connections.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/server/observer.h"
#include "tcpgoon/transport/engine.h"

struct signals;

struct server_engine_params {
	const struct server_observer *observer;
	const struct behaviour *behaviour; /* outlives the engine */
	struct signals *signals; /* outlive the engine */
	int listen_fd; /* not owned */
	uint64_t most; /* connections to accept in total; 0: no limit */
	uint64_t slots; /* connections to make room for at first */
	uint64_t nofile; /* the limit of open files */
	uint64_t memlock; /* bytes of locked memory that may be taken */
};

struct server_engine;

/*
 * Functions without an `error`, and those of `connection`, return 0 or a negative errno that
 * explain() explains.
 */
struct server_engine_ops {
	struct connection_ops connection;

	/* Returns 0, or a negative errno with a message. */
	int (*create)(const struct server_engine_params *params, struct server_engine **ret_engine,
		struct error *error);
	/* NULL is allowed. Closes open connections. */
	void (*destroy)(struct server_engine *engine);

	/* Makes sure that as many connections are accepted as there is room for. */
	int (*steer)(struct server_engine *engine, uint64_t now_ns);
	/* Whether a harvest may bring a connection: an accept is outstanding, or would be made. */
	bool (*is_asking)(const struct server_engine *engine);

	/*
	 * Returns when there is an event, at the latest at until_ns (CLOCK_NEVER: no limit).
	 * Returns 0, or a negative errno with a message; so does harvest(), which handles the
	 * events.
	 */
	int (*wait)(struct server_engine *engine, uint64_t now_ns, uint64_t until_ns,
		struct error *error);
	int (*harvest)(struct server_engine *engine, uint64_t now_ns, struct error *error);

	/* Explains `code`, unless `error` has a message. Returns the code. */
	int (*explain)(const struct server_engine *engine, int code, struct error *error);
};

/* The first member of each engine's own struct. */
struct server_engine {
	const struct server_engine_ops *ops;
	struct connections connections;
	int listen_fd; /* not owned */
	uint64_t most;
	uint64_t most_now; /* at the pace of the behaviour; UINT64_MAX: no limit */
	uint64_t nofile;
	uint64_t resume_ns; /* accepting pauses until then */
	bool said_paused;
	bool shut; /* the listening socket is shut down and accepts no more, or not for now */
	bool interrupted; /* a signal came, and the signals are released */
};

/* Initialises the part that engines share. Returns 0 or a negative errno with a message. */
int server_engine_init(struct server_engine *engine, const struct server_engine_ops *ops,
	const struct server_engine_params *params, uint32_t slots_per_block, struct error *error);
void server_engine_finish(struct server_engine *engine);

/* Creates the engine of the settings; for ENGINE_AUTO, the one that works here. */
int server_engine_create(enum engine wanted, const struct server_engine_params *params,
	struct server_engine **ret_engine, struct error *error);

static inline void server_engine_destroy(struct server_engine *engine)
{
	if (engine != NULL) {
		engine->ops->destroy(engine);
	}
}

/* How many connections may still be accepted; UINT64_MAX: no limit. */
static inline uint64_t server_engine_allowed(const struct server_engine *engine)
{
	uint64_t accepted = engine->connections.totals.accepted;
	uint64_t in_all = engine->most == 0 ? UINT64_MAX : engine->most - accepted;
	uint64_t now = engine->most_now == UINT64_MAX ? UINT64_MAX
		: engine->most_now > accepted         ? engine->most_now - accepted
						      : 0;
	return in_all < now ? in_all : now;
}

/*
 * An accept has failed with `code`, a negative errno. Returns 0 if another accept may succeed, at
 * once or at resume_ns; otherwise the code.
 */
int server_engine_accept_failed(struct server_engine *engine, int code, uint64_t now_ns);

/* Tells the observer what keeps the server from accepting more: "WHAT: WHY". */
void server_engine_notice(const struct server_engine *engine, const char *what, const char *why);

extern const struct server_engine_ops server_uring_ops;
extern const struct server_engine_ops server_epoll_ops;

#endif
