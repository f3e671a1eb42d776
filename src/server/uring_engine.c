/* SPDX-License-Identifier: MIT */
/*
 * The server on io_uring: lanes are added as connections come, because without a limit it is not
 * known how many there will be. The number of a lane is that of its block of connections.
 *
 * Each connection has one POLL_ADD pending. The tokens have no generation, because a slot's
 * requests follow one another: POLL_ADD, RECV, POLL_ADD, ..., CLOSE, and nothing else is in flight
 * when the slot is free for the next connection.
 *
 * If the kernel would not release the socket at once (release.c), a SHUTDOWN precedes the CLOSE
 * that answers the peer's FIN, so that our FIN is sent at once.
 *
 * A reset is a CONNECT to AF_UNSPEC before the CLOSE: it dissolves the association, on all kernels,
 * and needs no option of the socket, which older ones cannot set on a direct descriptor.
 *
 * A slot counts as free when its CLOSE has completed, which may be later than it is in fact free,
 * but never earlier; so at worst the room is underestimated.
 *
 * The end: leaving the connections to the exit of the rings would cost nothing, but it is
 * asynchronous. The process would be gone and its sockets still open for seconds (about 16 for a
 * million); the peers would see nothing, and the next run would find the tuples in use. So every
 * POLL_ADD is cancelled and every slot closed, which takes 8 microseconds each, no longer than the
 * kernel would take by itself. (If the kernel does not release sockets at once, it does when the
 * last POLL_ADD has been cancelled: at once, or within a second on 6.1.)
 *
 * The kernel keeps a ring's pending requests in a small hash whose chains have the newest in front:
 * if the oldest were cancelled first, each CANCEL would walk its whole chain (11 microseconds for
 * each of 60,000).
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine.h"
#include "server/uring_acceptor.h"
#include "server/uring_echo.h"
#include "server/uring_submit.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/uring/lanes.h"
#include "tcpgoon/uring/release.h"

struct uring_engine {
	struct server_engine base;
	struct lanes lanes;
	struct uring_acceptor acceptor;
	struct uring_echo echo;
	struct signals *signals; /* not owned */
	bool shutdown_first; /* before CLOSE */
};

static struct uring_engine *of(struct server_engine *base)
{
	return (struct uring_engine *)base;
}

static struct lane *lane_of(struct uring_engine *engine, struct place place)
{
	return &engine->lanes.list[place.block];
}

static void destroy(struct server_engine *base)
{
	struct uring_engine *engine = of(base);
	lanes_finish(&engine->lanes);
	uring_echo_finish(&engine->echo);
	server_engine_finish(base);
	free(engine);
}

static int arm(struct uring_engine *engine, struct error *error)
{
	int r = submit_signal(&engine->lanes.list[0], signals_poll_fd(engine->signals));
	return r < 0 ? lanes_explain(&engine->lanes, r, error) : 0;
}

static int init(
	struct uring_engine *engine, const struct server_engine_params *params, struct error *error)
{
	const struct lanes_params lanes = {
		.slots = params->slots,
		.table_max = params->nofile,
		.memlock = params->memlock,
		.watch_fd = signals_poll_fd(params->signals),
	};
	int r = lanes_init(&engine->lanes, &lanes, error);
	if (r < 0) {
		return r;
	}
	r = server_engine_init(
		&engine->base, &server_uring_ops, params, engine->lanes.slots_per_lane, error);
	if (r < 0) {
		return r;
	}
	assert(engine->lanes.count == 1); /* there are no more slots than one table takes */
	engine->signals = params->signals;
	engine->shutdown_first = !release_is_prompt();
	uring_acceptor_init(&engine->acceptor, &engine->base, &engine->lanes);
	if (behaviour_has(params->behaviour, BEHAVE_ECHO)) {
		r = uring_echo_init(&engine->echo, &engine->lanes);
		if (r < 0) {
			return error_set(error, r, "no memory for the buffers of the echo");
		}
	}
	return arm(engine, error);
}

static int create(const struct server_engine_params *params, struct server_engine **ret_engine,
	struct error *error)
{
	struct uring_engine *engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		return error_set(error, -ENOMEM, "no memory for the server");
	}
	engine->lanes.wake_fd = -1;
	int r = init(engine, params, error);
	if (r < 0) {
		destroy(&engine->base);
		return r;
	}
	*ret_engine = &engine->base;
	return 0;
}

static int steer(struct server_engine *base, uint64_t now_ns)
{
	return uring_acceptor_steer(&of(base)->acceptor, now_ns);
}

static bool is_asking(const struct server_engine *base)
{
	return uring_acceptor_is_asking(&((const struct uring_engine *)base)->acceptor);
}

static int wait_for_completions(
	struct server_engine *base, uint64_t now_ns, uint64_t until_ns, struct error *error)
{
	return lanes_wait(&of(base)->lanes, now_ns, until_ns, error);
}

/* Queues the request that a connection needs next, if any. */
static int go_on(struct server_engine *base, struct place place, bool ready)
{
	struct uring_engine *engine = of(base);
	struct lane *lane = lane_of(engine, place);
	const struct connection_order order = connections_order(&base->connections, place, ready);
	switch (order.act) {
	case ACT_NOTHING:
		return 0;
	case ACT_WATCH_INPUT:
		return submit_watch(lane, place.slot, SUBMIT_WATCH_INPUT);
	case ACT_WATCH_OUTPUT:
		return submit_watch(lane, place.slot, SUBMIT_WATCH_OUTPUT);
	case ACT_WATCH_END:
		return submit_watch(lane, place.slot, SUBMIT_WATCH_END);
	case ACT_RECEIVE:
		return submit_receive(lane, place.slot, order.size);
	case ACT_ECHO:
		return uring_echo_begin(&engine->echo, place, order.size);
	case ACT_SEND:
		return submit_send(lane, place.slot, order.data, order.size);
	}
	return -EINVAL;
}

/* What the handlers of one harvest need. */
struct harvest {
	struct uring_engine *engine;
	uint64_t now_ns;
	struct error *error; /* for failures that have a message of their own */
};

static int handle_signal(const struct harvest *harvest, struct lane *lane, int result)
{
	struct uring_engine *engine = harvest->engine;
	if (result < 0 && result != -EINTR) {
		return error_set(
			harvest->error, result, "cannot wait for signals: %s", strerror(-result));
	}
	if (!signals_came(engine->signals)) {
		return submit_signal(lane, signals_poll_fd(engine->signals));
	}
	engine->base.interrupted = true;
	return 0;
}

static int handle_accept(const struct harvest *harvest, struct lane *lane,
	enum server_operation operation, int result, unsigned flags)
{
	struct uring_engine *engine = harvest->engine;
	uring_acceptor_completed(&engine->acceptor, operation, flags);
	if (result < 0) {
		return server_engine_accept_failed(&engine->base, result, harvest->now_ns);
	}
	const struct place place = {.block = lane->number, .slot = (uint32_t)result};
	int r = connections_accepted(&engine->base.connections, place);
	return r < 0 ? r : go_on(&engine->base, place, false);
}

/*
 * The watch of a silent connection is over. The kernel reports a peer's FIN to every watch, and
 * again and again: so after one there is none, and a reset that follows it is not seen.
 */
static int handle_silent(struct uring_engine *engine, struct place place, int events)
{
	bool over = (events & (POLLERR | POLLHUP)) != 0;
	if (!over && (events & POLLRDHUP) != 0) {
		connections_rest(&engine->base.connections, place);
		return 0;
	}
	return go_on(&engine->base, place, over);
}

static int handle_watch(struct uring_engine *engine, struct place place, int result)
{
	struct connections *connections = &engine->base.connections;
	bool ends = connections_end_it(connections, place);
	if (result > 0 && !ends && connections_are_silent(connections, place)) {
		return handle_silent(engine, place, result);
	}
	if (result > 0) {
		/* Also when closing: a CLOSE over unread data would send a RST. */
		return go_on(&engine->base, place, true);
	}
	return result == -ECANCELED && !ends ? go_on(&engine->base, place, false)
					     : connections_ended(connections, place, result);
}

static int handle_receive(struct uring_engine *engine, struct place place, int result)
{
	int r = connections_received(&engine->base.connections, place, result);
	return r < 0 ? r : go_on(&engine->base, place, false);
}

static int handle_send(struct uring_engine *engine, struct place place, int result)
{
	struct connections *connections = &engine->base.connections;
	int r = connections_sent(connections, place, result);
	return r < 0 ? r : go_on(&engine->base, place, false);
}

/* What the peer has sent is in a buffer, and still to be received. */
static int handle_peek(struct uring_engine *engine, struct place place, unsigned number, int result)
{
	struct connections *connections = &engine->base.connections;
	if (result > 0 && !connections_end_it(connections, place) &&
		!connections_are_silent(connections, place)) {
		return uring_echo_send(&engine->echo, place, number, (uint32_t)result);
	}
	int r = uring_echo_release(&engine->echo, number);
	return r < 0 ? r : handle_receive(engine, place, result > 0 ? -EAGAIN : result);
}

static int handle_echo(struct uring_engine *engine, struct place place, unsigned number, int result)
{
	struct connections *connections = &engine->base.connections;
	uint32_t asked = uring_echo_size(&engine->echo, number);
	int r = uring_echo_release(&engine->echo, number);
	if (r == 0) {
		r = connections_echoed(connections, place, result, asked);
	}
	if (r < 0 || !connections_hold(connections, place)) {
		return r;
	}
	return result > 0 ? submit_receive(lane_of(engine, place), place.slot, (uint32_t)result)
			  : go_on(&engine->base, place, false);
}

static int handle_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	const struct harvest *harvest = context;
	struct uring_engine *engine = harvest->engine;
	const struct place place = {.block = lane->number, .slot = token.index};
	enum server_operation operation = (enum server_operation)token.operation;
	switch (operation) {
	case OPERATION_SIGNAL:
		return handle_signal(harvest, lane, result);
	case OPERATION_MULTISHOT:
	case OPERATION_SINGLE:
		return handle_accept(harvest, lane, operation, result, flags);
	case OPERATION_WATCH:
		return handle_watch(engine, place, result);
	case OPERATION_RECEIVE:
		return handle_receive(engine, place, result);
	case OPERATION_SEND:
		return handle_send(engine, place, result);
	case OPERATION_PEEK:
		return handle_peek(engine, place, token.generation, result);
	case OPERATION_ECHO:
		return handle_echo(engine, place, token.generation, result);
	case OPERATION_DROP:
		connections_dropped(&engine->base.connections, result > 0 ? (uint64_t)result : 0);
		return 0;
	case OPERATION_CLOSE:
		assert(result == 0);
		connections_released(&engine->base.connections, place);
		return 0;
	case OPERATION_SHUTDOWN:
		return 0;
	case OPERATION_CANCEL:
		return 0; /* the CANCEL came too late: its target completes by itself */
	}
	return -EPROTO;
}

static int harvest_completions(struct server_engine *base, uint64_t now_ns, struct error *error)
{
	struct harvest harvest = {.engine = of(base), .now_ns = now_ns, .error = error};
	struct lanes *lanes = &harvest.engine->lanes;
	int r = lanes_harvest(lanes, handle_completion, &harvest);
	return r < 0 ? lanes_explain(lanes, r, error) : 0;
}

static int stop(struct server_engine *base, struct place place)
{
	struct uring_engine *engine = of(base);
	if (uring_echo_forget(&engine->echo, place)) {
		return connections_ended(&base->connections, place, -ECANCELED);
	}
	return submit_cancel(lane_of(engine, place), OPERATION_WATCH, place.slot);
}

static int reorder(struct server_engine *base, struct place place)
{
	struct uring_engine *engine = of(base);
	if (uring_echo_forget(&engine->echo, place)) {
		return go_on(base, place, false);
	}
	return submit_cancel(lane_of(engine, place), OPERATION_WATCH, place.slot);
}

static int half_close(struct server_engine *base, struct place place)
{
	return submit_half_close(lane_of(of(base), place), place.slot);
}

static int close_place(struct server_engine *base, struct place place, enum connection_close how)
{
	struct uring_engine *engine = of(base);
	struct lane *lane = lane_of(engine, place);
	switch (how) {
	case CLOSE_PLAIN:
		return submit_close(lane, place.slot);
	case CLOSE_ANSWERS_FIN:
		return engine->shutdown_first ? submit_shutdown_and_close(lane, place.slot)
					      : submit_close(lane, place.slot);
	case CLOSE_DROPPING:
		return submit_drop_and_close(lane, place.slot, engine->shutdown_first);
	case CLOSE_BY_RESET:
		return submit_reset_and_close(lane, place.slot);
	}
	return -EINVAL;
}

static void describe(struct place place, char text[CONNECTION_WORDS_MAX])
{
	snprintf(text, CONNECTION_WORDS_MAX, "lane %u slot %u", place.block, place.slot);
}

static int explain(const struct server_engine *base, int code, struct error *error)
{
	return lanes_explain(&((const struct uring_engine *)base)->lanes, code, error);
}

const struct server_engine_ops server_uring_ops = {
	.connection =
		{
			.stop = stop,
			.half_close = half_close,
			.close = close_place,
			.reorder = reorder,
			.go_on = go_on,
			.describe = describe,
		},
	.create = create,
	.destroy = destroy,
	.steer = steer,
	.is_asking = is_asking,
	.wait = wait_for_completions,
	.harvest = harvest_completions,
	.explain = explain,
};
