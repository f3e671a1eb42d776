/* SPDX-License-Identifier: MIT */
/* The lists that a help shows, made from their tables. */
#ifndef TCPGOON_CLI_HELP_H
#define TCPGOON_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

void help_print_options(FILE *out, const struct options *options);

/* The exit statuses, one a paragraph. */
void help_print_statuses(FILE *out);

#endif
