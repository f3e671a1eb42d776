/* SPDX-License-Identifier: MIT */
#include "cli/manual.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "tcpgoon/report/formats.h"
#include "tcpgoon/server/behaviour.h"
#include "tcpgoon/stats/cause.h"
#include "tcpgoon/verdict/diagnose.h"
#include "tcpgoon/verdict/exit_status.h"
#include "tcpgoon/verdict/threshold.h"

/* The longest name of a command or table. */
#define WORD_MAX 31

static void print_text(FILE *out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (strchr("_*\\", *at) != NULL) {
			fputc('\\', out);
		}
		fputc(*at, out);
	}
}

static void print_option(FILE *out, const struct option_row *row)
{
	if (row->letter != '\0') {
		fprintf(out, "*-%c*, ", row->letter);
	}
	fprintf(out, "*--%s*", row->name);
	if (options_takes_value(row)) {
		char argument[OPTION_ARGUMENT_MAX];
		fprintf(out, " _%s_", options_format_argument(row, argument));
	}
	char tail[OPTION_TAIL_MAX];
	fputs("\n\t", out);
	print_text(out, row->help);
	print_text(out, options_format_tail(row, tail));
	fputs(".\n\n", out);
}

static void print_options(FILE *out, const struct command *command)
{
	enum option_group group;
	for (size_t i = 0; options_group_at(&command->options, i, &group); i++) {
		fprintf(out, "## %s\n\n", options_group_title(group));
		const struct option_row *row;
		for (size_t j = 0; (row = options_at_in(&command->options, group, j)) != NULL;
			j++) {
			print_option(out, row);
		}
	}
}

static void print_examples(FILE *out, const struct command *command)
{
	const struct help_example *example = command->examples;
	for (; example != NULL && example->line != NULL; example++) {
		print_text(out, example->purpose);
		fprintf(out, ":\n\n```\n%s\n```\n\n", example->line);
	}
}

static void print_all_examples(FILE *out)
{
	const struct command *command;
	for (size_t i = 0; (command = commands_at(i)) != NULL; i++) {
		print_examples(out, command);
	}
}

static void print_bold(FILE *out, const char *name)
{
	fputc('*', out);
	print_text(out, name);
	fputc('*', out);
}

static void print_causes(FILE *out)
{
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		print_bold(out, cause_name(cause));
		fprintf(out, " (%s)\n\t", cause_side_name(cause_side(cause)));
		print_text(out, cause_phrase(cause));
		fputs(". ", out);
		print_text(out, cause_hint(cause));
		fputs("\n\n", out);
	}
}

static void print_findings(FILE *out)
{
	const char *name;
	for (size_t i = 0; (name = diagnose_rule_at(i)) != NULL; i++) {
		fputs(i > 0 ? ",\n" : "", out);
		print_bold(out, name);
	}
	fputs(".\n", out);
}

static void print_metrics(FILE *out)
{
	struct threshold_metric metric;
	for (size_t i = 0; threshold_metric_at(i, &metric); i++) {
		print_bold(out, metric.name);
		switch (metric.kind) {
		case THRESHOLD_COUNT:
			fprintf(out, " (count; percentages are of those %s)", metric.whole->name);
			break;
		case THRESHOLD_TIME:
			fprintf(out, "._STATISTIC_ (time, of the %s)",
				times_side_name(times_row(metric.times)->side));
			break;
		case THRESHOLD_RATE:
			fputs(" (rate)", out);
			break;
		}
		fputs("\n\t", out);
		print_text(out, metric.meaning);
		fputs(".\n\n", out);
	}
}

static void print_statistics(FILE *out)
{
	for (int i = 0; i < STATISTICS; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_bold(out, statistic_name((enum statistic)i));
	}
	fputs(".\n", out);
}

static void print_operators(FILE *out)
{
	for (int i = 0; i < THRESHOLD_RELATIONS; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_bold(out, threshold_relation_name((enum threshold_relation)i));
	}
	fputs(".\n", out);
}

static void print_formats(FILE *out)
{
	for (size_t i = 0; report_formats[i] != NULL; i++) {
		print_bold(out, report_formats[i]->name);
		fputs("\n\t", out);
		print_text(out, report_formats[i]->summary);
		fputs(".\n\n", out);
	}
}

/* "Not with *echo*, *discard*." */
static void print_excluded(FILE *out, size_t index)
{
	size_t cursor = 0;
	bool any = false;
	const char *name;
	while ((name = behaviour_next_excluded(index, &cursor)) != NULL) {
		fputs(any ? ", " : ". Not with ", out);
		print_bold(out, name);
		any = true;
	}
}

static void print_behaviours(FILE *out)
{
	struct behaviour_word word;
	for (size_t i = 0; behaviour_word_at(i, &word); i++) {
		print_bold(out, word.name);
		if (word.argument != NULL) {
			fprintf(out, "=_%s_", word.argument);
		}
		fputs("\n\t", out);
		print_text(out, word.help);
		print_excluded(out, i);
		fputs(".\n\n", out);
	}
}

/* "1, 4, 3, 2" */
static void print_order(FILE *out)
{
	for (int i = 0; exit_status_of_rank(i) != EXIT_STATUS_OK; i++) {
		fprintf(out, "%s%d", i > 0 ? ", " : "", (int)exit_status_of_rank(i));
	}
}

static void print_statuses(FILE *out)
{
	for (int i = 0; i < EXIT_STATUSES; i++) {
		fprintf(out, "*%d*\n\t", i);
		print_text(out, exit_status_meaning((enum exit_status)i));
		fputs("\n\n", out);
	}
	fputs("If several apply, the first in this order wins: ", out);
	print_order(out);
	fputs(".\n", out);
}

/* What replaces a line "@NAME@". */
static const struct {
	const char *name;
	void (*print)(FILE *out);
} tables[] = {
	{"behaviours", print_behaviours},
	{"causes", print_causes},
	{"examples", print_all_examples},
	{"findings", print_findings},
	{"formats", print_formats},
	{"metrics", print_metrics},
	{"operators", print_operators},
	{"statistics", print_statistics},
	{"statuses", print_statuses},
};

static int expand_options(FILE *out, const char *name, struct error *error)
{
	const struct command *command = commands_find(name);
	if (command == NULL) {
		return error_set(error, -EINVAL, "the man page asks for the options of '%s'", name);
	}
	print_options(out, command);
	return 0;
}

static int expand_table(FILE *out, const char *name, struct error *error)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(tables[i].name, name) == 0) {
			tables[i].print(out);
			return 0;
		}
	}
	return error_set(error, -EINVAL, "the man page asks for '%s', which is no table", name);
}

/* True if the line consists of `before`, a word and "@". */
static bool takes_word(const char *line, const char *before, char ret_word[WORD_MAX + 1])
{
	size_t skipped = strlen(before);
	if (strncmp(line, before, skipped) != 0) {
		return false;
	}
	const char *word = line + skipped;
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz");
	if (length == 0 || length > WORD_MAX || strcmp(word + length, "@\n") != 0) {
		return false;
	}
	memcpy(ret_word, word, length);
	ret_word[length] = '\0';
	return true;
}

static int expand_line(FILE *out, const char *line, struct error *error)
{
	char word[WORD_MAX + 1];
	if (takes_word(line, "@options ", word)) {
		return expand_options(out, word, error);
	}
	if (takes_word(line, "@", word)) {
		return expand_table(out, word, error);
	}
	fputs(line, out);
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
