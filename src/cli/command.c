/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "tcpgoon/verdict/verdict.h"

static const struct command *const commands[] = {
	&command_run,
	&command_plan,
	&command_server,
	&command_demo,
	&command_version,
	&command_completion,
	&command_help,
};

const struct command *command_at(size_t index)
{
	return index < sizeof(commands) / sizeof(commands[0]) ? commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (strcmp(command->name, name) == 0) {
			return command;
		}
	}
	return NULL;
}

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
		help_print_command(stdout, command);
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

static const char *nearest_name(const char *word)
{
	const char *nearest = NULL;
	unsigned nearest_distance = UINT_MAX;
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		unsigned distance = options_distance(word, command->name);
		if (distance < nearest_distance) {
			nearest = command->name;
			nearest_distance = distance;
		}
	}
	return nearest;
}

static int refuse_word(const char *word)
{
	struct error error;
	const char *kind = word[0] == '-' ? "flag" : "command";
	const char *nearest = nearest_name(word);
	if (nearest != NULL) {
		error_set(&error, -EINVAL, "unknown %s '%s'; did you mean '%s'?", kind, word,
			nearest);
	} else {
		error_set(&error, -EINVAL, "unknown %s '%s'", kind, word);
	}
	int status = command_fail(&error);
	fputs("See 'tcpgoon --help'.\n", stderr);
	return status;
}

int command_dispatch(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help_print_program(stdout);
		return EXIT_STATUS_OK;
	}
	if (strcmp(word, "--version") == 0) {
		word = command_version.name;
	}
	const struct command *command = command_find(word);
	if (command == NULL) {
		return refuse_word(word);
	}
	return command->execute(argc - 2, argv + 2);
}
