/* SPDX-License-Identifier: MIT */
/*
 * Which transport a run of the settings gets on this machine, and whether its limits allow a plan.
 */
#ifndef TCPGOON_CLI_ENGINE_CHOICE_H
#define TCPGOON_CLI_ENGINE_CHOICE_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/check.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/transport/transport.h"

struct engine_choice {
	const struct transport_ops *transport; /* what was chosen, or what was asked for in vain */
	int code; /* 0; or a negative errno where it cannot be had */
	struct error why; /* of that, or of epoll in the place of io_uring; else empty */
};

/* Tries what the settings ask for. */
void engine_choose(const struct settings *settings, struct engine_choice *ret_choice);

/* Reads the limits of this machine and of this process; the needs of a transport are not set. */
void engine_choice_look(struct limits *ret_limits, struct check_own *ret_own);

/* Holds the plan against the limits of this machine. */
void engine_choice_check(
	const struct engine_choice *choice, const struct plan *plan, struct checks *ret_checks);

#endif
