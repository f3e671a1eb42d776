/* SPDX-License-Identifier: MIT */
/* The pace of a command line: what goes together, and what follows from it. */
#ifndef TCPGOON_CLI_PACING_H
#define TCPGOON_CLI_PACING_H

#include "cli/command.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/settings.h"

/*
 * Refuses values that contradict each other or that no run can have. Sets the number of connections
 * where it follows from a ramp, and start_at_ns. Returns 0, or -EINVAL or -ERANGE with a message.
 */
int pacing_settle(const struct command *command, const struct command_line *line,
	struct settings *settings, struct error *error);

/* -ETIME with a message if the instant to start at has passed; otherwise 0. */
int pacing_check_start(const struct settings *settings, struct error *error);

/*
 * -ERANGE with a message if the last connection would be due after more than a year; otherwise 0.
 */
int pacing_check_length(const struct settings *settings, struct error *error);

#endif
