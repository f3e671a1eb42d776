/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>

#include "tcpgoon/verdict/verdict.h"

int command_fail(const struct error *error)
{
	fflush(stdout);
	fprintf(stderr, "tcpgoon: %s\n", error->text);
	return EXIT_STATUS_INCOMPLETE;
}

void command_note(void *context, const char *sentence)
{
	(void)context;
	fprintf(stderr, "tcpgoon: %s\n", sentence);
}

int command_refuse_usage(const struct command *command, const struct error *error)
{
	int status = command_fail(error);
	fprintf(stderr, "See 'tcpgoon %s --help'.\n", command->name);
	return status;
}

void command_print_help(FILE *out, const struct command *command)
{
	fprintf(out, "%s\n\nUsage:\n  tcpgoon %s [flags]%s%s\n\n", command->summary, command->name,
		command->arguments == NULL ? "" : " ",
		command->arguments == NULL ? "" : command->arguments);
	if (command->description != NULL) {
		help_print_paragraphs(out, command->description);
	}
	if (command->examples != NULL) {
		help_print_examples(out, command->examples);
	}
	help_print_options(out, &command->options);
}

bool command_read(const struct command *command, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, int *ret_status)
{
	struct error error = ERROR_INIT;
	struct arguments arguments;
	options_set_defaults(&command->options, settings);
	int r = options_parse(&command->options, argc, argv, settings, &arguments, &error);
	if (r < 0) {
		*ret_status = command_refuse_usage(command, &error);
		return false;
	}
	if (arguments.help) {
		command_print_help(stdout, command);
		*ret_status = EXIT_STATUS_OK;
		return false;
	}
	*ret_arguments = arguments;
	return true;
}

bool command_read_options(
	const struct command *command, int argc, char **argv, void *settings, int *ret_status)
{
	struct arguments arguments;
	if (!command_read(command, argc, argv, settings, &arguments, ret_status)) {
		return false;
	}
	if (arguments.count > 0) {
		struct error error;
		error_set(&error, -EINVAL, "%s takes no argument, but was given '%s'",
			command->name, arguments.list[0]);
		*ret_status = command_refuse_usage(command, &error);
		return false;
	}
	return true;
}
