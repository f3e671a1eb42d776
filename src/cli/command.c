/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/config.h"
#include "cli/environment.h"
#include "cli/option_value.h"
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

/* The settings that the command line does not have. */
static int read_beyond(const struct command *command, struct command_line *line, void *settings,
	struct error *error)
{
	const struct options *options = &command->options;
	struct origins *origins = &line->origins;
	int r = environment_apply(options, line->environment, settings, origins, error);
	if (r == 0 && origins->file != NULL) {
		r = config_apply(options, command->takes_target, settings, origins, error);
	}
	return r;
}

/* Puts the target of the file in the place of what the command line does not have of it. */
static void complete_target(struct command_line *line, struct arguments *arguments)
{
	struct origins *origins = &line->origins;
	const struct origin by_file = {ORIGIN_FILE, origins->file};
	const struct origin by_line = {ORIGIN_COMMAND_LINE, NULL};
	origins->host = arguments->count > 0 ? by_line : by_file;
	origins->port = arguments->count > 1 ? by_line : by_file;
	if (arguments->count > 1 || origins->target[1] == NULL ||
		(arguments->count == 0 && origins->target[0] == NULL)) {
		return;
	}
	if (arguments->count == 1) {
		origins->target[0] = arguments->list[0];
	}
	arguments->list = origins->target;
	arguments->count = 2;
}

bool command_read(const struct command *command, struct command_line *line, void *settings,
	struct arguments *ret_arguments, int *ret_status)
{
	struct error error = ERROR_INIT;
	struct arguments arguments;
	options_set_defaults(&command->options, settings);
	int r = options_parse(&command->options, line->argc, line->argv, settings, &line->origins,
		&arguments, &error);
	if (r == 0 && arguments.help) {
		command_print_help(stdout, command);
		*ret_status = EXIT_STATUS_OK;
		return false;
	}
	if (r == 0 && command->options.configurable) {
		r = read_beyond(command, line, settings, &error);
	}
	if (r < 0) {
		*ret_status = command_refuse_usage(command, &error);
		return false;
	}
	if (command->takes_target) {
		complete_target(line, &arguments);
	}
	*ret_arguments = arguments;
	return true;
}

bool command_read_options(
	const struct command *command, struct command_line *line, void *settings, int *ret_status)
{
	struct arguments arguments;
	if (!command_read(command, line, settings, &arguments, ret_status)) {
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

void command_name_origin(
	const struct command *command, const struct command_line *line, struct error *error)
{
	if (strncmp(error->text, "--", 2) != 0) {
		return;
	}
	const char *name = error->text + 2;
	size_t index;
	if (!options_find(
		    &command->options, name, strspn(name, "abcdefghijklmnopqrstuvwxyz-"), &index)) {
		return;
	}
	const struct origin *origin = &line->origins.options[index];
	if (origin->place != NULL) {
		error_prefix(error, "%s", origin->place);
	}
}
