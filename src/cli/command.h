/* SPDX-License-Identifier: MIT */
/* What a command is made of, and what all commands do alike: read options, refuse, print help. */
#ifndef TCPGOON_CLI_COMMAND_H
#define TCPGOON_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/help.h"
#include "cli/option_parse.h"
#include "cli/options.h"
#include "cli/origins.h"
#include "tcpgoon/base/error.h"

/* What a command was called with. */
struct command_line {
	int argc;
	char **argv; /* argv[0] is the argument after the name of the command */
	char *const *environment; /* "NAME=VALUE", NULL at the end */
	struct origins origins; /* filled when it is read; owns texts of the settings */
};

struct command {
	const char *name;
	const char *arguments; /* as in the usage line: "<host> <port>"; NULL: none */
	const char *const *choices; /* the words its argument may be, NULL at the end; NULL: any */
	bool takes_target; /* its arguments are a host and a port */
	bool takes_command; /* its argument may be the name of any command */
	bool takes_files; /* its arguments are paths of files */
	const char *summary; /* a line without a full stop */
	const char *description; /* paragraphs, which an empty line parts; NULL: none */
	const struct help_example *examples; /* the last has no line; NULL: none */
	struct options options;
	/* Returns the exit status. */
	int (*execute)(struct command_line *line);
};

/*
 * Sets the options: by the command line, by the environment and by the file of --config, and by
 * default. False if the command should end at once with *ret_status: it has printed its help, or an
 * error in its usage.
 */
bool command_read(const struct command *command, struct command_line *line, void *settings,
	struct arguments *ret_arguments, int *ret_status);

/* The same for a command that takes options only. */
bool command_read_options(
	const struct command *command, struct command_line *line, void *settings, int *ret_status);

/*
 * If a message begins with the name of an option that was not given as a flag, says where it was.
 */
void command_name_origin(
	const struct command *command, const struct command_line *line, struct error *error);

void command_print_help(FILE *out, const struct command *command);

/* Prints the message and how to get help. Returns the exit status. */
int command_refuse_usage(const struct command *command, const struct error *error);
/* Prints the message. Returns the exit status. */
int command_fail(const struct error *error);
/* Prints a remark to stderr; an on_note for struct notes. */
void command_note(void *context, const char *sentence);

#endif
