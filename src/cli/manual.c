/* SPDX-License-Identifier: MIT */
#include "tcpgoon/cli/manual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/cli/command.h"

static void print_text(FILE *out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (strchr("_*\\", *at) != NULL) {
			fputc('\\', out);
		}
		fputc(*at, out);
	}
}

static void print_options(FILE *out, const struct command *command)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		if (row->letter != '\0') {
			fprintf(out, "*-%c*, ", row->letter);
		}
		fprintf(out, "*--%s*", row->name);
		if (row->argument != NULL) {
			fprintf(out, " _%s_", row->argument);
		}
		char tail[OPTION_TAIL_MAX];
		fputs("\n\t", out);
		print_text(out, row->help);
		print_text(out, options_format_tail(row, tail));
		fputs(".\n\n", out);
	}
}

static int expand_line(FILE *out, const char *line, struct error *error)
{
	char name[32];
	int end = 0;
	if (sscanf(line, "@options %31[a-z]@\n%n", name, &end) != 1 || line[end] != '\0' ||
		end == 0) {
		fputs(line, out);
		return 0;
	}
	const struct command *command = command_find(name);
	if (command == NULL) {
		return error_set(error, -EINVAL, "the man page asks for the options of '%s'", name);
	}
	print_options(out, command);
	return 0;
}

int manual_expand(FILE *in, FILE *out, struct error *error)
{
	char *line = NULL;
	size_t size = 0;
	int r = 0;
	while (r == 0 && getline(&line, &size, in) >= 0) {
		r = expand_line(out, line, error);
	}
	free(line);
	if (r == 0 && (ferror(in) || fflush(out) != 0 || ferror(out))) {
		r = error_set(error, -EIO, "the man page could not be read or written");
	}
	return r;
}
