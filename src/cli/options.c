/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/nearest.h"

/* Behind the rows of a command: --config, if it takes settings, and --help. */
static const struct option_row last_rows[] = {
	{
		.name = "config",
		.kind = OPTION_CONFIG,
		.argument = "FILE",
		.is_path = true,
		.deliberate = true,
		.help = "Take settings from a JSON file, whose names are those of these flags; the "
			"environment (TCPGOON_HOLD=5s) and flags win over it",
	},
	{
		.name = "help",
		.letter = 'h',
		.kind = OPTION_HELP,
		.help = "Show this help and exit",
	},
};

/* The rows of the command and those it shares. Takes their number off *index if it is beyond. */
static const struct option_row *row_at(const struct options *options, size_t *index)
{
	for (; options != NULL; options = options->shared) {
		if (*index < options->own_count) {
			return &options->own[*index];
		}
		*index -= options->own_count;
	}
	return NULL;
}

const struct option_row *options_at(const struct options *options, size_t index)
{
	const struct option_row *row = row_at(options, &index);
	if (row != NULL) {
		return row;
	}
	index += options->configurable ? 0 : 1;
	return index < sizeof(last_rows) / sizeof(last_rows[0]) ? &last_rows[index] : NULL;
}

bool options_find(const struct options *options, const char *name, size_t length, size_t *ret_index)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (strlen(row->name) == length && memcmp(row->name, name, length) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

const char *options_group_title(enum option_group group)
{
	static const char *const titles[OPTION_GROUPS] = {
		[GROUP_GENERAL] = "General",
		[GROUP_TARGET] = "Target",
		[GROUP_PACE] = "Pace",
		[GROUP_LIFE] = "Life",
		[GROUP_JUDGING] = "Judging",
		[GROUP_OUTPUT] = "Output",
		[GROUP_MACHINE] = "This machine",
	};
	return titles[group];
}

const struct option_row *options_at_in(
	const struct options *options, enum option_group group, size_t index)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (row->group == group && index-- == 0) {
			return row;
		}
	}
	return NULL;
}

bool options_group_at(const struct options *options, size_t index, enum option_group *ret_group)
{
	for (int i = 1; i <= OPTION_GROUPS; i++) {
		enum option_group group = (enum option_group)(i % OPTION_GROUPS);
		if (options_at_in(options, group, 0) != NULL && index-- == 0) {
			*ret_group = group;
			return true;
		}
	}
	return false;
}

bool options_takes_value(const struct option_row *row)
{
	return row->kind != OPTION_FLAG && row->kind != OPTION_HELP;
}

char *options_format_argument(const struct option_row *row, char buffer[OPTION_ARGUMENT_MAX])
{
	if (row->kind != OPTION_CHOICE) {
		snprintf(buffer, OPTION_ARGUMENT_MAX, "%s", row->argument);
		return buffer;
	}
	buffer[0] = '\0';
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		size_t length = strlen(buffer);
		snprintf(buffer + length, OPTION_ARGUMENT_MAX - length, "%s%s", i > 0 ? "|" : "",
			row->choices[i]);
	}
	return buffer;
}

char *options_ask(const struct options *options, const char *before, const char *word,
	size_t length, char question[NEAREST_QUESTION_MAX])
{
	struct nearest nearest = NEAREST_INIT(word, length);
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		nearest_offer(&nearest, row->name);
	}
	return nearest_ask(&nearest, before, question);
}

char *options_format_head(const struct option_row *row, char buffer[OPTION_HEAD_MAX])
{
	char letter[] = "-x, ";
	char argument[OPTION_ARGUMENT_MAX] = "";
	letter[1] = row->letter;
	if (options_takes_value(row)) {
		options_format_argument(row, argument);
	}
	snprintf(buffer, OPTION_HEAD_MAX, "%s--%s%s%s", row->letter == '\0' ? "    " : letter,
		row->name, argument[0] == '\0' ? "" : " ", argument);
	return buffer;
}

static const char *unit_name(uint64_t unit_ns)
{
	return unit_ns == NSEC_PER_SEC ? "seconds" : "milliseconds";
}

/* " (formats: json, csv)" */
static void list_words(
	const char *title, const char *(*at)(size_t index), char buffer[OPTION_TAIL_MAX])
{
	const char *name;
	size_t used = (size_t)snprintf(buffer, OPTION_TAIL_MAX, " (%s: ", title);
	for (size_t i = 0; (name = at(i)) != NULL && used < OPTION_TAIL_MAX; i++) {
		used += (size_t)snprintf(
			buffer + used, OPTION_TAIL_MAX - used, "%s%s", i > 0 ? ", " : "", name);
	}
	if (used < OPTION_TAIL_MAX) {
		snprintf(buffer + used, OPTION_TAIL_MAX - used, ")");
	}
}

char *options_format_tail(const struct option_row *row, char buffer[OPTION_TAIL_MAX])
{
	buffer[0] = '\0';
	if (row->format_at != NULL) {
		list_words("formats", row->format_at, buffer);
		return buffer;
	}
	if (row->word_at != NULL) {
		list_words("words", row->word_at, buffer);
		return buffer;
	}
	if (row->kind == OPTION_DURATION) {
		snprintf(buffer, OPTION_TAIL_MAX, " (default %s; bare numbers are %s)",
			row->initial, unit_name(row->bare_unit_ns));
	} else if (row->initial != NULL) {
		snprintf(buffer, OPTION_TAIL_MAX, " (default %s)", row->initial);
	}
	return buffer;
}
