/* SPDX-License-Identifier: MIT */
/* Which kernel interface dials the connections: the one that was asked for, or one that works. */
#ifndef TCPGOON_TRANSPORT_ENGINE_H
#define TCPGOON_TRANSPORT_ENGINE_H

#include "tcpgoon/base/error.h"

struct transport_ops;
struct transport_params;

enum engine {
	ENGINE_AUTO, /* io_uring, or epoll if io_uring is not available */
	ENGINE_IO_URING,
	ENGINE_EPOLL,
	ENGINE_MAX,
};

/* What users and reports call them; NULL follows the last. */
extern const char *const engine_names[ENGINE_MAX + 1];

/* The transport of ENGINE_IO_URING or ENGINE_EPOLL. */
const struct transport_ops *engine_transport(enum engine engine);

/*
 * Turns `wanted` into the engine that is used; all but epoll are tried with `params`. Returns 0; or
 * 1 if epoll replaces io_uring, with a sentence for people that says so and why; or a negative
 * errno with the reason if the engine was asked for by name and is not available.
 */
int engine_resolve(enum engine wanted, const struct transport_params *params,
	enum engine *ret_engine, struct error *error);

#endif
