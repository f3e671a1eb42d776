/* SPDX-License-Identifier: MIT */
/*
 * io_uring is the faster and takes no descriptor for each connection, but it is kept from many
 * processes: by the seccomp profiles of container engines, a sysctl, a security module, an old
 * kernel. Whether it is can be found only by trying, as each of its calls may be refused by itself.
 * Whatever the trial fails with, epoll is worth an attempt: a limit of locked memory does not
 * concern it, and where it fails for the same reason, it says so itself.
 */
#include "tcpgoon/transport/engine.h"

#include "tcpgoon/transport/transport.h"
#include "tcpgoon/uring/trial.h"

const char *const engine_names[ENGINE_MAX + 1] = {
	[ENGINE_AUTO] = "auto",
	[ENGINE_IO_URING] = "io_uring",
	[ENGINE_EPOLL] = "epoll",
};

static int try_io_uring(const struct transport_params *params, struct error *error)
{
	const struct lanes_params lanes = {
		.slots = params->slots,
		.table_most = params->nofile,
		.memlock = params->memlock,
		.watch_fd = params->watch_fd,
	};
	return trial_make(&lanes, error);
}

int engine_resolve(enum engine wanted, const struct transport_params *params,
	enum engine *ret_engine, struct error *error)
{
	if (wanted == ENGINE_EPOLL) {
		*ret_engine = ENGINE_EPOLL;
		return 0;
	}
	int r = try_io_uring(params, error);
	if (r < 0 && wanted == ENGINE_AUTO) {
		error_prefix(error, "using epoll, as io_uring cannot be had");
		*ret_engine = ENGINE_EPOLL;
		return 1;
	}
	if (r < 0) {
		return r;
	}
	*ret_engine = ENGINE_IO_URING;
	return 0;
}
