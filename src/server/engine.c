/* SPDX-License-Identifier: MIT */
#include "server/engine.h"

#include <stdio.h>

#include "server/accept_failure.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/signals.h"
#include "tcpgoon/transport/transport.h"

#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC)

int server_engine_init(struct server_engine *engine, const struct server_engine_ops *ops,
	const struct server_engine_params *params, uint32_t slots_per_block, struct error *error)
{
	engine->ops = ops;
	engine->listen_fd = params->listen_fd;
	engine->most = params->most;
	engine->most_now = UINT64_MAX;
	engine->nofile = params->nofile;
	const struct connections_params connections = {
		.ops = &ops->connection,
		.engine = engine,
		.observer = params->observer,
		.behaviour = params->behaviour,
		.slots_per_block = slots_per_block,
	};
	int r = connections_init(&engine->connections, &connections);
	return r < 0 ? error_set(error, r, "out of memory for %u connections", slots_per_block) : 0;
}

void server_engine_finish(struct server_engine *engine)
{
	connections_finish(&engine->connections);
}

int server_engine_create(enum engine wanted, const struct server_engine_params *params,
	struct server_engine **ret_engine, struct error *error)
{
	const struct transport_params trial = {
		.slots = params->slots,
		.nofile = params->nofile,
		.memlock = params->memlock,
		.watch_fd = signals_poll_fd(params->signals),
	};
	struct error why = ERROR_INIT;
	enum engine engine;
	int r = engine_resolve(wanted, &trial, &engine, &why);
	if (r < 0) {
		return error_set(error, r, "%s", why.text);
	}
	if (r > 0 && params->observer->on_notice != NULL) {
		params->observer->on_notice(params->observer->context, why.text);
	}
	const struct server_engine_ops *ops =
		engine == ENGINE_EPOLL ? &server_epoll_ops : &server_uring_ops;
	return ops->create(params, ret_engine, error);
}

void server_engine_notice(const struct server_engine *engine, const char *what, const char *why)
{
	const struct server_observer *observer = engine->connections.observer;
	char sentence[sizeof(((struct error *)NULL)->text) + 128];
	if (observer->on_notice != NULL) {
		snprintf(sentence, sizeof(sentence), "%s: %s", what, why);
		observer->on_notice(observer->context, sentence);
	}
}

static void pause_accepting(struct server_engine *engine, int code, uint64_t now_ns)
{
	engine->resume_ns = now_ns + ACCEPT_PAUSE_NS;
	if (!engine->said_paused) {
		engine->said_paused = true;
		char buffer[ACCEPT_FAILURE_TEXT_MAX];
		struct accept_failure_words words =
			accept_failure_words(code, engine->nofile, buffer);
		server_engine_notice(engine, words.what, words.why);
	}
}

int server_engine_accept_failed(struct server_engine *engine, int code, uint64_t now_ns)
{
	switch (accept_failure_of(code)) {
	case ACCEPT_ONCE:
		return 0;
	case ACCEPT_FOR_NOW:
		pause_accepting(engine, code, now_ns);
		return 0;
	case ACCEPT_FOR_GOOD:
		return engine->shut ? 0 : code; /* a socket that is shut down returns EINVAL */
	}
	return code;
}
