/* SPDX-License-Identifier: MIT */
/* The commands of the program, and what they have in common. */
#ifndef TCPGOON_CLI_COMMAND_H
#define TCPGOON_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "tcpgoon/base/error.h"

struct command {
	const char *name;
	const char *arguments; /* as the usage line names them: "<host> <port>"; NULL: none */
	const char *choices; /* words that its argument may be, by spaces apart; NULL: any */
	const char *summary; /* a line without a full stop */
	const char *description; /* paragraphs, of lines that end in a newline; NULL: none */
	struct options options;
	/* argv[0] is what follows the command's name. Returns the exit status. */
	int (*execute)(int argc, char **argv);
};

extern const struct command command_run;
extern const struct command command_plan;
extern const struct command command_server;
extern const struct command command_demo;
extern const struct command command_version;
extern const struct command command_completion;
extern const struct command command_help;

/* The command at an index, in the order of the help; NULL beyond the last. */
const struct command *command_at(size_t index);
/* NULL where there is none of this name. */
const struct command *command_find(const char *name);

/*
 * Sets the defaults and reads the options. False where the command is to end at once, with
 * *ret_status: help was asked for and printed, or the usage was wrong and that was said.
 */
bool command_read(const struct command *command, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, int *ret_status);

/* As command_read, for a command that takes no arguments between its options. */
bool command_read_options(
	const struct command *command, int argc, char **argv, void *settings, int *ret_status);

/* Prints the message and where the help is. Returns the exit status. */
int command_refuse_usage(const struct command *command, const struct error *error);
/* Prints the message. Returns the exit status. */
int command_fail(const struct error *error);
/* Prints what is no failure to stderr: for struct notes. */
void command_note(void *context, const char *sentence);

/* Runs what argv (with the program's name) asks for. Returns the exit status. */
int command_dispatch(int argc, char **argv);

#endif
