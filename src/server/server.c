/* SPDX-License-Identifier: MIT */
/*
 * One thread. The loop asks its engine (engine.h: io_uring or epoll) for connections, has it handle
 * the events of open ones, and ends at the first limit or at a signal.
 *
 * The totals are taken when accepting has ended and before the open connections are closed; a
 * second signal cuts the closing short.
 *
 * A behaviour (--behave) decides about connections in connections.c, and about accepting here.
 * refuse-above: a server is not asked before a handshake is complete, so the only refusal that
 * comes before it is to have no listening socket. While as many as allowed are open, the socket is
 * shut down, and the kernel answers each SYN with a RST. Those that it had queued by then it
 * resets, and those that were accepted at that moment are reset here. listen(2) on the same socket
 * opens it again: it has kept its port.
 */
#include "tcpgoon/server/server.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/accept_pace.h"
#include "server/connections.h"
#include "server/engine.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/net/limits.h"

/* Slots of a lane if the number of connections is not known: half a MiB of kernel memory. */
#define SLOTS_UNKNOWN 65536

/*
 * The same if a behaviour ends connections, the oldest first: cancelling the watch of one takes the
 * longer, the more there are on its ring (uring_engine.c).
 */
#define SLOTS_ENDING 8192

/* How long accepting queued connections may take after a signal. */
#define QUEUE_PATIENCE_NS NSEC_PER_SEC

/* Between two attempts to write what the observer holds back. */
#define HELD_BACK_NS (20 * NSEC_PER_MSEC)

/* How long peers that still send have for their own FIN, once ours is sent to all of them. */
#define DRAIN_NS NSEC_PER_SEC

struct server {
	const struct server_settings *settings;
	const struct server_observer *observer;
	int listen_fd; /* owned */
	struct signals signals;
	struct server_engine *engine; /* owned */
	struct accept_pace pace;
	uint64_t now_ns; /* of this turn of the loop */
	bool ended;
};

static void end(struct server *server, enum server_end why)
{
	if (!server->ended) {
		server->ended = true;
		server->engine->connections.totals.end = why;
	}
}

static void end_if_due(struct server *server)
{
	uint64_t most = server->settings->max_connections;
	if (most > 0 && server->engine->connections.totals.accepted == most) {
		end(server, SERVER_REACHED_CONNECTIONS);
	}
	if (server->engine->interrupted) {
		end(server, SERVER_INTERRUPTED);
	}
}

static int harvest(struct server *server, uint64_t until_ns, struct error *error)
{
	struct server_engine *engine = server->engine;
	const struct server_observer *observer = server->observer;
	if (observer->on_wait != NULL && observer->on_wait(observer->context) &&
		until_ns > server->now_ns + HELD_BACK_NS) {
		until_ns = server->now_ns + HELD_BACK_NS;
	}
	int r = engine->ops->wait(engine, server->now_ns, until_ns, error);
	if (r < 0) {
		return r;
	}
	server->now_ns = clock_now_ns();
	engine->connections.now_ns = server->now_ns;
	r = engine->ops->harvest(engine, server->now_ns, error);
	end_if_due(server);
	return r;
}

static int steer(struct server *server, struct error *error)
{
	struct server_engine *engine = server->engine;
	int r = engine->ops->steer(engine, server->now_ns);
	return r < 0 ? engine->ops->explain(engine, r, error) : 0;
}

static bool is_asking(const struct server *server)
{
	return server->engine->ops->is_asking(server->engine);
}

/*
 * The listening socket is shut down, not just closed: a pending accept has a reference to it, and
 * the port would stay in use. After a shutdown the pending accepts complete, and all others are
 * refused.
 */
static int shut_listener(struct server *server, struct error *error)
{
	if (server->engine->shut) {
		return 0; /* by refuse-above */
	}
	if (shutdown(server->listen_fd, SHUT_RDWR) < 0) {
		return error_set(error, -errno, "cannot shut the listening socket down: %s",
			strerror(errno));
	}
	server->engine->shut = true;
	return 0;
}

/* Accepts that were pending end with an error, which is none before all of them have ended. */
static int open_listener(struct server *server, struct error *error)
{
	if (!server->engine->shut || is_asking(server)) {
		return 0;
	}
	int backlog = server->settings->backlog;
	if (listen(server->listen_fd, backlog > 0 ? backlog : INT_MAX) < 0) {
		return error_set(error, -errno, "cannot listen again: %s", strerror(errno));
	}
	server->engine->shut = false;
	return 0;
}

/* What the behaviour says about accepting. */
static int guard(struct server *server, struct error *error)
{
	const struct behaviour *behaviour = &server->settings->behaviour;
	struct server_engine *engine = server->engine;
	const struct server_totals *totals = &engine->connections.totals;
	if (behaviour_has(behaviour, BEHAVE_NEVER_ACCEPT)) {
		engine->most_now = 0;
	} else {
		engine->most_now =
			accept_pace_most(&server->pace, totals->accepted, server->now_ns);
	}
	uint64_t most = behaviour->value[BEHAVE_REFUSE_ABOVE];
	if (most == 0) {
		return 0;
	}
	return totals->open >= most ? shut_listener(server, error) : open_listener(server, error);
}

static int behave(struct server *server, struct error *error)
{
	struct server_engine *engine = server->engine;
	int r = connections_turn(&engine->connections);
	return r < 0 ? engine->ops->explain(engine, r, error) : guard(server, error);
}

/* One turn: asks for connections, waits until `until_ns` at the latest, and handles the events. */
static int go_on(struct server *server, uint64_t until_ns, struct error *error)
{
	const struct server_engine *engine = server->engine;
	if (server->settings->behaviour.given != 0) {
		int r = behave(server, error);
		if (r < 0) {
			return r;
		}
		until_ns = clock_earlier(until_ns, connections_due_ns(&engine->connections));
		until_ns =
			clock_earlier(until_ns, accept_pace_due_ns(&server->pace, server->now_ns));
	}
	int r = steer(server, error);
	if (r < 0) {
		return r;
	}
	bool pausing = engine->resume_ns > server->now_ns && engine->resume_ns < until_ns;
	return harvest(server, pausing ? engine->resume_ns : until_ns, error);
}

static int serve(struct server *server, struct error *error)
{
	uint64_t duration_ns = server->settings->duration_ns;
	uint64_t deadline_ns = duration_ns == 0 ? CLOCK_NEVER : server->now_ns + duration_ns;
	int r = go_on(server, server->now_ns, error);
	if (r == 0 && server->observer->on_ready != NULL) {
		server->observer->on_ready(server->observer->context);
	}
	while (r == 0 && !server->ended) {
		r = go_on(server, deadline_ns, error);
		if (server->now_ns >= deadline_ns) {
			end(server, SERVER_REACHED_DURATION);
		}
	}
	return r;
}

static bool queue_has_connections(const struct server *server)
{
	struct pollfd queue = {.fd = server->listen_fd, .events = POLLIN};
	return poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN) != 0;
}

/*
 * Accepts the connections that were queued before the signal: they are established for their peers,
 * and the totals should agree with those of the peers. Peers that go on dialling must not keep the
 * server from ending.
 */
static int empty_queue(struct server *server, struct error *error)
{
	uint64_t deadline_ns = server->now_ns + QUEUE_PATIENCE_NS;
	int r = 0;
	while (r == 0 && server->now_ns < deadline_ns && queue_has_connections(server)) {
		r = steer(server, error);
		if (r < 0 || !is_asking(server)) {
			break; /* there is no room for more */
		}
		r = harvest(server, deadline_ns, error);
	}
	return r;
}

/* When this returns, no connection is accepted any more, and all accepted ones are counted. */
static int stop_accepting(struct server *server, struct error *error)
{
	int r = 0;
	if (server->engine->connections.totals.end == SERVER_INTERRUPTED) {
		r = empty_queue(server, error);
	}
	if (r == 0) {
		r = shut_listener(server, error);
	}
	while (r == 0 && is_asking(server)) {
		r = harvest(server, CLOCK_NEVER, error);
	}
	return r;
}

/* When there is more to do without an event. */
static uint64_t next_closing_ns(const struct server *server, uint64_t drain_until_ns)
{
	const struct connections *connections = &server->engine->connections;
	if (connections->walk_left > 0) {
		return server->now_ns;
	}
	bool drains = connections->half_closed > 0 && !connections->cutting;
	return drains ? drain_until_ns : CLOCK_NEVER;
}

static int close_connections(struct server *server, struct error *error)
{
	struct server_engine *engine = server->engine;
	struct connections *connections = &engine->connections;
	uint64_t drain_until_ns = CLOCK_NEVER;
	connections_begin_closing(connections);
	int r = 0;
	while (r == 0 && connections->used_in_all > 0) {
		r = connections_close_some(connections);
		if (r < 0) {
			return engine->ops->explain(engine, r, error);
		}
		if (connections->walk_left == 0 && drain_until_ns == CLOCK_NEVER) {
			drain_until_ns = server->now_ns + DRAIN_NS;
		}
		if (server->now_ns >= drain_until_ns && !connections->cutting) {
			connections_cut(connections);
		}
		if (connections->used_in_all > 0) {
			r = harvest(server, next_closing_ns(server, drain_until_ns), error);
		}
	}
	return r;
}

static bool ends_the_oldest(const struct behaviour *behaviour)
{
	return behaviour_has(behaviour, BEHAVE_CLOSE_AFTER) ||
		behaviour_has(behaviour, BEHAVE_RESET_AFTER) ||
		behaviour_has(behaviour, BEHAVE_SILENT_AFTER) ||
		behaviour_has(behaviour, BEHAVE_RECYCLE_OLDEST);
}

static int init(struct server *server, struct error *error)
{
	int r = signals_init(&server->signals, error);
	if (r < 0) {
		return r;
	}
	uint64_t nofile = limits_raise_nofile();
	uint64_t most = server->settings->max_connections;
	uint64_t unknown =
		ends_the_oldest(&server->settings->behaviour) ? SLOTS_ENDING : SLOTS_UNKNOWN;
	uint64_t slots = most == 0 || most > unknown ? unknown : most;
	const struct server_engine_params params = {
		.observer = server->observer,
		.behaviour = &server->settings->behaviour,
		.signals = &server->signals,
		.listen_fd = server->listen_fd,
		.most = most,
		.slots = slots < nofile ? slots : nofile,
		.nofile = nofile,
		.memlock = limits_memlock(),
	};
	r = server_engine_create(server->settings->engine, &params, &server->engine, error);
	server->now_ns = clock_now_ns();
	server->pace.rate = server->settings->behaviour.value[BEHAVE_ACCEPT_SLOWLY];
	return r;
}

static void finish(struct server *server)
{
	server_engine_destroy(server->engine);
	signals_came(&server->signals); /* an unread signal would end the process now */
	signals_finish(&server->signals);
	close(server->listen_fd);
}

int server_serve_take_fd(int listen_fd, const struct server_settings *settings,
	const struct server_observer *observer, struct server_totals *ret_totals,
	struct error *error)
{
	struct server server = {
		.settings = settings,
		.observer = observer,
		.listen_fd = listen_fd,
		.signals = SIGNALS_INIT,
	};
	int r = init(&server, error);
	if (r == 0) {
		r = serve(&server, error);
	}
	if (r == 0) {
		r = stop_accepting(&server, error);
	}
	if (r == 0) {
		*ret_totals = server.engine->connections.totals;
		r = close_connections(&server, error);
	}
	finish(&server);
	return r;
}
