/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cli/commands.h"
#include "tcpgoon/verdict/verdict.h"

static int execute(struct command_line *line)
{
	struct arguments arguments;
	int status;
	if (!command_read(&command_help, line, NULL, &arguments, &status)) {
		return status;
	}
	if (arguments.count == 0) {
		commands_print_help(stdout);
		return EXIT_STATUS_OK;
	}
	struct error error;
	if (arguments.count > 1) {
		error_set(&error, -EINVAL, "help takes one command, but was also given '%s'",
			arguments.list[1]);
		return command_refuse_usage(&command_help, &error);
	}
	const struct command *command = commands_find(arguments.list[0]);
	if (command == NULL) {
		char question[NEAREST_QUESTION_MAX];
		error_set(&error, -EINVAL, "there is no command '%s'%s", arguments.list[0],
			commands_ask(arguments.list[0], question));
		return command_refuse_usage(&command_help, &error);
	}
	command_print_help(stdout, command);
	return EXIT_STATUS_OK;
}

const struct command command_help = {
	.name = "help",
	.arguments = "[command]",
	.takes_command = true,
	.summary = "Show help for the program or one of its commands",
	.execute = execute,
};
