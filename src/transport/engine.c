/* SPDX-License-Identifier: MIT */
/*
 * io_uring is faster and takes no descriptor for each connection, but many processes cannot use it:
 * the seccomp profile of a container engine, a sysctl, a security module or an old kernel refuses
 * it. Only trying shows whether it works, because each of its calls may be refused alone. Whatever
 * error the trial ends with, epoll is worth an attempt: a limit of locked memory does not affect
 * it, and if it fails for the same reason, it says so itself.
 */
#include "tcpgoon/transport/engine.h"

#include "tcpgoon/transport/transport.h"

const char *const engine_names[ENGINE_MAX + 1] = {
	[ENGINE_AUTO] = "auto",
	[ENGINE_IO_URING] = "io_uring",
	[ENGINE_EPOLL] = "epoll",
};

static const struct transport_ops *const transports[ENGINE_MAX] = {
	[ENGINE_IO_URING] = &transport_uring,
	[ENGINE_EPOLL] = &transport_epoll,
};

const struct transport_ops *engine_transport(enum engine engine)
{
	return transports[engine];
}

int engine_resolve(enum engine wanted, const struct transport_params *params,
	enum engine *ret_engine, struct error *error)
{
	enum engine first = wanted == ENGINE_AUTO ? ENGINE_IO_URING : wanted;
	/* What bounds epoll concerns a run and a server in different ways: they ask themselves. */
	int r = first == ENGINE_EPOLL ? 0 : transports[first]->try_out(params, error);
	if (r < 0 && wanted == ENGINE_AUTO) {
		error_prefix(error, "using epoll because io_uring is not available");
		*ret_engine = ENGINE_EPOLL;
		return 1;
	}
	if (r < 0) {
		return r;
	}
	*ret_engine = first;
	return 0;
}
