/* SPDX-License-Identifier: MIT */
/*
 * The Go program also printed its build time. That is left out: the same sources should give the
 * same file whenever they are built.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "tcpgoon/verdict/verdict.h"
#include "version.h"

static int execute(struct command_line *line)
{
	int status;
	if (!command_read_options(&command_version, line, NULL, &status)) {
		return status;
	}
	puts("tcpgoon " VERSION_TEXT);
	puts("Git Commit Hash: " VERSION_COMMIT);
	return EXIT_STATUS_OK;
}

const struct command command_version = {
	.name = "version",
	.summary = "Show tcpgoon version",
	.execute = execute,
};
