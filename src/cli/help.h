/* SPDX-License-Identifier: MIT */
/* The lists that a help shows, made from their tables. */
#ifndef TCPGOON_CLI_HELP_H
#define TCPGOON_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

/* A command line, and in a few words what it is good for. */
struct help_example {
	const char *line;
	const char *purpose;
};

/* Under the headings of their groups. */
void help_print_options(FILE *out, const struct options *options);

/* Paragraphs, which an empty line parts: each is wrapped anew. */
void help_print_paragraphs(FILE *out, const char *text);

/* The last has no line. */
void help_print_examples(FILE *out, const struct help_example *examples);

/* The exit statuses, one a paragraph. */
void help_print_statuses(FILE *out);

#endif
