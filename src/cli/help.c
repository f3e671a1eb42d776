/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <string.h>

#include "tcpgoon/verdict/exit_status.h"

#define COLUMNS 100

/*
 * Prints the words of a paragraph from `column` on. Breaks before a word that would pass COLUMNS,
 * and indents again. Returns where the paragraph ends.
 */
static const char *print_wrapped(FILE *out, size_t column, const char *text)
{
	size_t at = column;
	while (*text != '\0' && strncmp(text, "\n\n", 2) != 0) {
		size_t length = strcspn(text, " \n");
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
		text += *text != '\0' && strncmp(text, "\n\n", 2) != 0;
	}
	fputc('\n', out);
	return text;
}

void help_print_paragraphs(FILE *out, const char *text)
{
	while (*text != '\0') {
		text = print_wrapped(out, 0, text);
		fputc('\n', out);
		text += strspn(text, "\n");
	}
}

void help_print_examples(FILE *out, const struct help_example *examples)
{
	fputs("Examples:\n", out);
	for (const struct help_example *example = examples; example->line != NULL; example++) {
		fprintf(out, "  %s\n      ", example->line);
		print_wrapped(out, 6, example->purpose);
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

static void print_option(FILE *out, const struct option_row *row, size_t width)
{
	char head[OPTION_HEAD_MAX];
	char tail[OPTION_TAIL_MAX];
	char text[OPTION_HELP_MAX + OPTION_TAIL_MAX];
	fprintf(out, "  %-*s   ", (int)width, options_format_head(row, head));
	snprintf(text, sizeof(text), "%s%s", row->help, options_format_tail(row, tail));
	print_wrapped(out, 2 + width + 3, text);
}

void help_print_options(FILE *out, const struct options *options)
{
	size_t width = widest_head(options);
	enum option_group group;
	for (size_t i = 0; options_group_at(options, i, &group); i++) {
		fprintf(out, "%s%s:\n", i > 0 ? "\n" : "", options_group_title(group));
		const struct option_row *row;
		for (size_t j = 0; (row = options_at_in(options, group, j)) != NULL; j++) {
			print_option(out, row, width);
		}
	}
}

void help_print_statuses(FILE *out)
{
	for (int i = 0; i < EXIT_STATUSES; i++) {
		int column = fprintf(out, "  %d  ", i);
		print_wrapped(out, (size_t)column, exit_status_summary((enum exit_status)i));
	}
}
