/* SPDX-License-Identifier: MIT */
/* Reads a command line by a table of options. */
#ifndef TCPGOON_CLI_OPTION_PARSE_H
#define TCPGOON_CLI_OPTION_PARSE_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/origins.h"

/* The arguments among the options. The strings are those of argv. */
struct arguments {
	char **list;
	int count;
	bool help; /* --help was given; what follows it was not read */
};

/*
 * Parses argv[0..argc-1], without the names of program and command. Options may come before,
 * between and after arguments; "--" ends them. Moves the arguments to the front of argv. Notes in
 * `origins` which options were given. Returns 0, or -EINVAL or -ERANGE with a message that names
 * the option.
 */
int options_parse(const struct options *options, int argc, char **argv, void *settings,
	struct origins *origins, struct arguments *ret_arguments, struct error *error);

#endif
