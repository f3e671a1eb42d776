/* SPDX-License-Identifier: MIT */
/* The list of options that a command's help shows, made from its table. */
#ifndef TCPGOON_CLI_HELP_H
#define TCPGOON_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

void help_print_options(FILE *out, const struct options *options);

#endif
