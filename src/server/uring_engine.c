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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine.h"
#include "server/uring_acceptor.h"
#include "server/uring_submit.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/uring/lanes.h"
#include "tcpgoon/uring/release.h"

struct uring_engine {
	struct server_engine base;
	struct lanes lanes;
	struct uring_acceptor acceptor;
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
	connections_accepted(&engine->base.connections, place);
	return submit_watch(lane, place.slot);
}

static int handle_watch(
	struct connections *connections, struct lane *lane, uint32_t slot, int result)
{
	const struct place place = {.block = lane->number, .slot = slot};
	/* Also when closing: a CLOSE over unread data would send a RST. */
	return result > 0 ? submit_receive(lane, slot)
			  : connections_ended(connections, place, result);
}

static int handle_receive(
	struct connections *connections, struct lane *lane, uint32_t slot, int result)
{
	const struct place place = {.block = lane->number, .slot = slot};
	int r = connections_received(connections, place, result);
	return r == 0 && connections_hold(connections, place) ? submit_watch(lane, slot) : r;
}

static int handle_completion(
	void *context, struct lane *lane, struct token token, int result, unsigned flags)
{
	const struct harvest *harvest = context;
	struct connections *connections = &harvest->engine->base.connections;
	enum server_operation operation = (enum server_operation)token.operation;
	switch (operation) {
	case OPERATION_SIGNAL:
		return handle_signal(harvest, lane, result);
	case OPERATION_MULTISHOT:
	case OPERATION_SINGLE:
		return handle_accept(harvest, lane, operation, result, flags);
	case OPERATION_WATCH:
		return handle_watch(connections, lane, token.index, result);
	case OPERATION_RECEIVE:
		return handle_receive(connections, lane, token.index, result);
	case OPERATION_CLOSE:
		assert(result == 0);
		connections_released(
			connections, (struct place){.block = lane->number, .slot = token.index});
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
	return submit_cancel(lane_of(of(base), place), OPERATION_WATCH, place.slot);
}

static int half_close(struct server_engine *base, struct place place)
{
	return submit_half_close(lane_of(of(base), place), place.slot);
}

static int close_place(struct server_engine *base, struct place place, bool answers_fin)
{
	struct uring_engine *engine = of(base);
	struct lane *lane = lane_of(engine, place);
	return answers_fin && engine->shutdown_first ? submit_shutdown_and_close(lane, place.slot)
						     : submit_close(lane, place.slot);
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
