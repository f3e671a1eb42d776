/* SPDX-License-Identifier: MIT */
/* The row of --engine, for the tables of the commands that have connections. */
#ifndef TCPGOON_CLI_ENGINE_ROW_H
#define TCPGOON_CLI_ENGINE_ROW_H

#include "cli/options.h"
#include "tcpgoon/transport/engine.h"

/* `field_` of the struct `type_` is an enum engine. */
#define ENGINE_ROW(type_, field_)                                                                  \
	{                                                                                          \
		OPT_CHOICE("engine", 0, OPTION_FIELD(type_, field_), engine_names, "auto",         \
			"How connections reach the kernel; auto: io_uring, or epoll, which takes " \
			"a file descriptor for each, where io_uring cannot be had"),               \
			.group = GROUP_MACHINE                                                     \
	}

#endif
