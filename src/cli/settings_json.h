/* SPDX-License-Identifier: MIT */
/* The settings of a command line as JSON: the value of each, and where it comes from. */
#ifndef TCPGOON_CLI_SETTINGS_JSON_H
#define TCPGOON_CLI_SETTINGS_JSON_H

#include <jansson.h>

#include "cli/command.h"
#include "tcpgoon/plan/settings.h"

/*
 * An array, in the order of the options; host and port come first. A name is that of the long
 * option. NULL where memory is short.
 */
json_t *settings_json_make(const struct command *command, const struct command_line *line,
	const struct settings *settings);

#endif
