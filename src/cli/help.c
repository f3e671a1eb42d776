/* SPDX-License-Identifier: MIT */
#include "tcpgoon/cli/help.h"

#include <string.h>

void help_print_program(FILE *out)
{
	fputs("tcpgoon opens and holds many TCP connections towards a server, and reports\n"
	      "how that went\n"
	      "\n"
	      "Usage:\n"
	      "  tcpgoon [command]\n"
	      "\n"
	      "Available Commands:\n",
		out);
	const struct command *command;
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		fprintf(out, "  %-12s %s\n", command->name, command->summary);
	}
	fputs("\n"
	      "Flags:\n"
	      "  -h, --help      Show this help and leave\n"
	      "      --version   Show the version and leave\n"
	      "\n"
	      "Exit status:\n"
	      "  0  all went well\n"
	      "  1  incomplete: wrong usage, not confirmed, interrupted, or could not work\n"
	      "  2  connections failed, or were dropped by the peer while held\n"
	      "\n"
	      "Use \"tcpgoon [command] --help\" for more about a command.\n",
		out);
}

static int widest_head(const struct options *options)
{
	size_t widest = 0;
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		char head[OPTION_HEAD_MAX];
		size_t width = strlen(options_format_head(row, head));
		widest = width > widest ? width : widest;
	}
	return (int)widest;
}

void help_print_command(FILE *out, const struct command *command)
{
	fprintf(out, "%s\n\nUsage:\n  tcpgoon %s [flags]%s%s\n\n", command->summary, command->name,
		command->arguments == NULL ? "" : " ",
		command->arguments == NULL ? "" : command->arguments);
	if (command->description != NULL) {
		fprintf(out, "%s\n", command->description);
	}
	fputs("Flags:\n", out);
	int width = widest_head(&command->options);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		char head[OPTION_HEAD_MAX];
		char tail[OPTION_TAIL_MAX];
		fprintf(out, "  %-*s   %s%s\n", width, options_format_head(row, head), row->help,
			options_format_tail(row, tail));
	}
}
