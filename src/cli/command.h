/* SPDX-License-Identifier: MIT */
/* What a command is made of, and what all commands do alike: read options, refuse, print help. */
#ifndef TCPGOON_CLI_COMMAND_H
#define TCPGOON_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "tcpgoon/base/error.h"

struct command {
	const char *name;
	const char *arguments; /* as the usage line names them: "<host> <port>"; NULL: none */
	const char *const *choices; /* the words its argument may be, NULL at the end; NULL: any */
	bool takes_command; /* its argument may be the name of any command */
	const char *summary; /* a line without a full stop */
	const char *description; /* paragraphs, of lines that end in a newline; NULL: none */
	struct options options;
	/* argv[0] is what follows the command's name. Returns the exit status. */
	int (*execute)(int argc, char **argv);
};

/*
 * Sets the defaults and reads the options. False where the command is to end at once, with
 * *ret_status: help was asked for and printed, or the usage was wrong and that was said.
 */
bool command_read(const struct command *command, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, int *ret_status);

/* As command_read, for a command that takes no arguments between its options. */
bool command_read_options(
	const struct command *command, int argc, char **argv, void *settings, int *ret_status);

void command_print_help(FILE *out, const struct command *command);

/* Prints the message and where the help is. Returns the exit status. */
int command_refuse_usage(const struct command *command, const struct error *error);
/* Prints the message. Returns the exit status. */
int command_fail(const struct error *error);
/* Prints what is no failure to stderr: for struct notes. */
void command_note(void *context, const char *sentence);

#endif
