/* SPDX-License-Identifier: MIT */
/* What a command is made of, and what all commands do alike: read options, refuse, print help. */
#ifndef TCPGOON_CLI_COMMAND_H
#define TCPGOON_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/help.h"
#include "cli/options.h"
#include "tcpgoon/base/error.h"

struct command {
	const char *name;
	const char *arguments; /* as in the usage line: "<host> <port>"; NULL: none */
	const char *const *choices; /* the words its argument may be, NULL at the end; NULL: any */
	bool takes_command; /* its argument may be the name of any command */
	bool takes_files; /* its arguments are paths of files */
	const char *summary; /* a line without a full stop */
	const char *description; /* paragraphs, which an empty line parts; NULL: none */
	const struct help_example *examples; /* the last has no line; NULL: none */
	struct options options;
	/* argv[0] is the argument after the name of the command. Returns the exit status. */
	int (*execute)(int argc, char **argv);
};

/*
 * Sets the defaults and reads the options. False if the command should end at once with
 * *ret_status: it has printed its help, or an error in its usage.
 */
bool command_read(const struct command *command, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, int *ret_status);

/* The same for a command that takes options only. */
bool command_read_options(
	const struct command *command, int argc, char **argv, void *settings, int *ret_status);

void command_print_help(FILE *out, const struct command *command);

/* Prints the message and how to get help. Returns the exit status. */
int command_refuse_usage(const struct command *command, const struct error *error);
/* Prints the message. Returns the exit status. */
int command_fail(const struct error *error);
/* Prints a remark to stderr; an on_note for struct notes. */
void command_note(void *context, const char *sentence);

#endif
