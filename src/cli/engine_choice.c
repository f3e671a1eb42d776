/* SPDX-License-Identifier: MIT */
#include "cli/engine_choice.h"

#include "tcpgoon/net/limits.h"
#include "tcpgoon/transport/engine.h"

static struct transport_params params_of(const struct settings *settings)
{
	return (struct transport_params){
		.slots = settings->connections,
		.nofile = limits_raise_nofile(),
		.memlock = limits_memlock(),
		.watch_fd = -1,
		.fin = settings->close_mode == CLOSE_FIN,
	};
}

void engine_choose(const struct settings *settings, struct engine_choice *ret_choice)
{
	const struct transport_params params = params_of(settings);
	enum engine engine = settings->engine == ENGINE_AUTO ? ENGINE_IO_URING : settings->engine;
	ret_choice->why = (struct error)ERROR_INIT;
	int r = engine_resolve(settings->engine, &params, &engine, &ret_choice->why);
	ret_choice->transport = engine_transport(engine);
	ret_choice->code = r < 0 ? r : 0;
	if (r >= 0 && engine == ENGINE_EPOLL) {
		ret_choice->code = ret_choice->transport->try_out(&params, &ret_choice->why);
	}
}

void engine_choice_look(struct limits *ret_limits, struct check_own *ret_own)
{
	limits_read(ret_limits);
	*ret_own = (struct check_own){
		.nofile = limits_raise_nofile(),
		.memlock = limits_memlock(),
		.exempt_from_file_max = limits_exempt_from_file_max(),
	};
	cgroup_read("", CGROUP_MEMORY | CGROUP_CPU, &ret_own->cgroup);
	limits_read_space(&ret_own->space);
}

void engine_choice_check(
	const struct engine_choice *choice, const struct plan *plan, struct checks *ret_checks)
{
	struct limits limits;
	struct check_own own;
	engine_choice_look(&limits, &own);
	check_needs(plan, &own, choice->transport, plan->settings.connections, &own.needs);
	check_plan(ret_checks, plan, &limits, &own);
}
