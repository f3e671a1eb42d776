/* SPDX-License-Identifier: MIT */
/* The help of the program and of its commands, made from their tables. */
#ifndef TCPGOON_CLI_HELP_H
#define TCPGOON_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_print_program(FILE *out);
void help_print_command(FILE *out, const struct command *command);

#endif
