/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cli/commands.h"
#include "cli/completion.h"
#include "tcpgoon/verdict/verdict.h"

static int execute(struct command_line *line)
{
	struct arguments arguments;
	int status;
	if (!command_read(&command_completion, line, NULL, &arguments, &status)) {
		return status;
	}
	struct error error = ERROR_INIT;
	int r = -EINVAL;
	if (arguments.count == 1) {
		r = completion_print(stdout, arguments.list[0], &error);
	} else {
		error_set(&error, r, "completion needs one shell: bash, zsh or fish");
	}
	return r < 0 ? command_refuse_usage(&command_completion, &error) : EXIT_STATUS_OK;
}

const struct command command_completion = {
	.name = "completion",
	.arguments = "<shell>",
	.choices = completion_shells,
	.summary = "Print the completion script for a shell: bash, zsh or fish",
	.execute = execute,
};
