/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

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
	      "  2  connections failed, or were dropped by the peer while held; where there are\n"
	      "     thresholds: one of them could not be judged\n"
	      "  3  a threshold of --fail-if or --abort-if was crossed\n"
	      "  4  this machine was the limit: nothing is said of the target\n"
	      "\n"
	      "Use \"tcpgoon [command] --help\" for more about a command.\n",
		out);
}

#define COLUMNS 100

/* Prints words from `column` on, with a new line at that column where they would pass COLUMNS. */
static void print_wrapped(FILE *out, size_t column, const char *text)
{
	size_t at = column;
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		if (at > column && at + 1 + length > COLUMNS) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)length, text);
		at += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static size_t widest_head(const struct options *options)
{
	size_t widest = 0;
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		char head[OPTION_HEAD_MAX];
		size_t width = strlen(options_format_head(row, head));
		widest = width > widest ? width : widest;
	}
	return widest;
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
	size_t width = widest_head(&command->options);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(&command->options, i)) != NULL; i++) {
		char head[OPTION_HEAD_MAX];
		char tail[OPTION_TAIL_MAX];
		char text[OPTION_HELP_MAX + OPTION_TAIL_MAX];
		fprintf(out, "  %-*s   ", (int)width, options_format_head(row, head));
		snprintf(text, sizeof(text), "%s%s", row->help, options_format_tail(row, tail));
		print_wrapped(out, 2 + width + 3, text);
	}
}
