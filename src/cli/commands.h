/* SPDX-License-Identifier: MIT */
/* The commands of the program: the list, its help, and the choice of one by its name. */
#ifndef TCPGOON_CLI_COMMANDS_H
#define TCPGOON_CLI_COMMANDS_H

#include <stddef.h>
#include <stdio.h>

#include "cli/command.h"

extern const struct command command_run;
extern const struct command command_plan;
extern const struct command command_server;
extern const struct command command_demo;
extern const struct command command_doctor;
extern const struct command command_report;
extern const struct command command_compare;
extern const struct command command_version;
extern const struct command command_completion;
extern const struct command command_help;

/* The command at an index, in the order of the help; NULL beyond the last. */
const struct command *commands_at(size_t index);
/* NULL if no command has this name. */
const struct command *commands_find(const char *name);

/* The help of the program, which lists the commands. */
void commands_print_help(FILE *out);

/* The question behind the refusal of a name (base/nearest). Returns `question`. */
char *commands_ask(const char *word, char question[NEAREST_QUESTION_MAX]);

/* Runs the command that argv asks for, argv[0] being the program. Returns the exit status. */
int commands_dispatch(int argc, char **argv, char *const *environment);

#endif
