/* SPDX-License-Identifier: MIT */
/*
 * One thread, as many lanes as the connections need, added as they come: with no limit given
 * nobody knows how many that will be. The loop hands each completion to whom it concerns: to the
 * acceptor, which lets connections in, or to the connections that are held.
 *
 * The totals are taken when nothing is accepted any more and before what is held is closed; a
 * second signal cuts the closing short.
 */
#include "tcpgoon/server/server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "server/acceptor.h"
#include "server/connections.h"
#include "server/submit.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/uring/signals.h"

/* Slots of a lane where the number of connections is not known: half a MiB of kernel memory. */
#define SLOTS_UNKNOWN 65536

/* How long it may take, once a signal has come, to accept what is queued. */
#define QUEUE_PATIENCE_NS NSEC_PER_SEC

/* Between two attempts to write what the observer holds back. */
#define HELD_BACK_NS (20 * NSEC_PER_MSEC)

/* How long peers that still send have for their own FIN, once all of them have ours. */
#define DRAIN_NS NSEC_PER_SEC

struct server {
	const struct server_settings *settings;
	const struct server_observer *observer;
	int listen_fd; /* owned */
	struct signals signals;
	struct error *error; /* of the serving: for what fails with words of its own */
	struct connections connections;
	struct acceptor acceptor;
	uint64_t now_ns; /* of this turn of the loop */
	bool ended;
};

static void end(struct server *server, enum server_end why)
{
	if (!server->ended) {
		server->ended = true;
		server->connections.totals.end = why;
	}
}

static int handle_signal(struct server *server, struct lane *lane, int result)
{
	int r = signals_completed(
		&server->signals, lane, submit_token(OPERATION_SIGNAL, 0), result, server->error);
	if (r > 0) {
		end(server, SERVER_INTERRUPTED);
	}
	return r < 0 ? r : 0;
}

static int handle_accept(struct server *server, struct lane *lane, enum server_operation operation,
	int result, unsigned flags)
{
	int r = acceptor_completed(
		&server->acceptor, lane, operation, result, flags, server->now_ns);
	uint64_t most = server->settings->max_connections;
	if (most > 0 && server->connections.totals.accepted == most) {
		end(server, SERVER_REACHED_CONNECTIONS);
	}
	return r;
}

static int handle_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	struct server *server = context;
	enum server_operation operation = (enum server_operation)token.operation;
	switch (operation) {
	case OPERATION_SIGNAL:
		return handle_signal(server, lane, result);
	case OPERATION_MULTISHOT:
	case OPERATION_SINGLE:
		return handle_accept(server, lane, operation, result, flags);
	case OPERATION_WATCH:
		return connections_readable(&server->connections, lane, token.index, result);
	case OPERATION_RECEIVE:
		return connections_received(&server->connections, lane, token.index, result);
	case OPERATION_CLOSE:
		assert(result == 0);
		connections_closed(&server->connections, lane);
		return 0;
	case OPERATION_SHUTDOWN:
		return 0;
	case OPERATION_CANCEL:
		return 0; /* it came too late: what it was for has a completion of its own */
	}
	return -EPROTO;
}

static int harvest(struct server *server, uint64_t until_ns, struct error *error)
{
	struct lanes *lanes = &server->connections.lanes;
	const struct server_observer *observer = server->observer;
	if (observer->on_wait != NULL && observer->on_wait(observer->context) &&
		until_ns > server->now_ns + HELD_BACK_NS) {
		until_ns = server->now_ns + HELD_BACK_NS;
	}
	int r = lanes_wait(lanes, server->now_ns, until_ns, error);
	if (r < 0) {
		return r;
	}
	server->now_ns = clock_now_ns();
	r = lanes_harvest(lanes, handle_completion, server);
	return r < 0 ? lanes_explain(lanes, r, error) : 0;
}

static int steer(struct server *server, struct error *error)
{
	int r = acceptor_steer(&server->acceptor, server->now_ns);
	return r < 0 ? lanes_explain(&server->connections.lanes, r, error) : 0;
}

/* One round: asks for connections, then deals with what is there by `until_ns`. */
static int go_on(struct server *server, uint64_t until_ns, struct error *error)
{
	int r = steer(server, error);
	if (r < 0) {
		return r;
	}
	uint64_t resume_ns = server->acceptor.resume_ns;
	bool pausing = resume_ns > server->now_ns && resume_ns < until_ns;
	return harvest(server, pausing ? resume_ns : until_ns, error);
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

/*
 * Accepts what had come before the signal: its peers believe in it, and the totals are to agree
 * with theirs. Those that go on dialling must not keep it from ending.
 */
static int empty_queue(struct server *server, struct error *error)
{
	uint64_t deadline_ns = server->now_ns + QUEUE_PATIENCE_NS;
	int r = 0;
	while (r == 0 && server->now_ns < deadline_ns &&
		acceptor_somebody_waits(&server->acceptor)) {
		r = steer(server, error);
		if (r < 0 || !acceptor_is_asking(&server->acceptor)) {
			break; /* there is no room for more */
		}
		r = harvest(server, deadline_ns, error);
	}
	return r;
}

/* No connection is accepted any more when this returns, and those that were are counted. */
static int stop_accepting(struct server *server, struct error *error)
{
	int r = 0;
	if (server->connections.totals.end == SERVER_INTERRUPTED) {
		r = empty_queue(server, error);
	}
	if (r == 0) {
		r = acceptor_shut(&server->acceptor, error);
	}
	while (r == 0 && acceptor_is_asking(&server->acceptor)) {
		r = harvest(server, CLOCK_NEVER, error);
	}
	return r;
}

/* When there is more to do, although no completion comes. */
static uint64_t next_closing_ns(const struct server *server, uint64_t drain_until_ns)
{
	const struct connections *connections = &server->connections;
	if (connections->walk_left > 0) {
		return server->now_ns;
	}
	bool drains = connections->half_closed > 0 && !connections->cutting;
	return drains ? drain_until_ns : CLOCK_NEVER;
}

static int close_connections(struct server *server, struct error *error)
{
	struct connections *connections = &server->connections;
	uint64_t drain_until_ns = CLOCK_NEVER;
	connections_begin_closing(connections);
	int r = 0;
	while (r == 0 && connections->used_in_all > 0) {
		r = connections_close_some(connections);
		if (r < 0) {
			return lanes_explain(&connections->lanes, r, error);
		}
		if (connections->walk_left == 0 && drain_until_ns == CLOCK_NEVER) {
			drain_until_ns = server->now_ns + DRAIN_NS;
		}
		if (server->now_ns >= drain_until_ns && !connections->cutting) {
			connections_cut(connections);
		}
		r = harvest(server, next_closing_ns(server, drain_until_ns), error);
	}
	return r;
}

static int init(struct server *server, struct error *error)
{
	int r = signals_init(&server->signals, error);
	if (r < 0) {
		return r;
	}
	uint64_t nofile = limits_raise_nofile();
	uint64_t most = server->settings->max_connections;
	uint64_t table = most == 0 || most > SLOTS_UNKNOWN ? SLOTS_UNKNOWN : most;
	const struct lanes_params params = {
		.slots = table < nofile ? table : nofile,
		.table_most = nofile,
		.memlock = limits_memlock(),
		.watch_fd = signals_poll_fd(&server->signals),
	};
	r = connections_init(&server->connections, &params, server->observer, error);
	if (r < 0) {
		return r;
	}
	acceptor_init(&server->acceptor, &server->connections, server->listen_fd, most);
	server->now_ns = clock_now_ns();
	struct lane *first = &server->connections.lanes.list[0];
	r = signals_arm(&server->signals, first, submit_token(OPERATION_SIGNAL, 0));
	return r < 0 ? lanes_explain(&server->connections.lanes, r, error) : 0;
}

static void finish(struct server *server)
{
	connections_finish(&server->connections);
	signals_came(&server->signals); /* one that nobody read would end the process now */
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
		.error = error,
		.listen_fd = listen_fd,
		.signals.fd = -1,
		.connections.lanes.wake_fd = -1,
	};
	int r = init(&server, error);
	if (r == 0) {
		r = serve(&server, error);
	}
	if (r == 0) {
		r = stop_accepting(&server, error);
	}
	if (r == 0) {
		*ret_totals = server.connections.totals;
		r = close_connections(&server, error);
	}
	finish(&server);
	return r;
}
