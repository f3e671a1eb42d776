/* SPDX-License-Identifier: MIT */
/* Tables of options: parsing arguments by them, their defaults and their texts. */
#ifndef TCPGOON_CLI_OPTIONS_H
#define TCPGOON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/nearest.h"
#include "tcpgoon/base/text_list.h"

enum option_kind {
	OPTION_FLAG, /* bool: --name, --name=true, --name=false */
	OPTION_COUNT, /* an unsigned or int field: a whole number; k, m and g are allowed */
	OPTION_DURATION, /* uint64_t: nanoseconds */
	OPTION_TEXT, /* const char *: the argument itself, which outlives the settings */
	OPTION_TEXTS, /* struct text_list: one text each time it is given */
	OPTION_CHOICE, /* an enum: the index of the choice in the row */
	OPTION_CONFIG, /* no field: names a file of settings */
	OPTION_HELP, /* no field: prints the help of the command */
};

/* Under which heading the help has an option. */
enum option_group {
	GROUP_GENERAL, /* of rows that name no group; the last of the help */
	GROUP_TARGET,
	GROUP_PACE,
	GROUP_LIFE,
	GROUP_JUDGING,
	GROUP_OUTPUT,
	GROUP_MACHINE,
	OPTION_GROUPS,
};

/* The longest help text. */
#define OPTION_HELP_MAX 400

/* All there is to an option: parser, help, man page and completions use it. */
struct option_row {
	const char *name; /* without the dashes */
	char letter; /* 0: none */
	enum option_kind kind;
	enum option_group group;
	const char *argument; /* what the help calls its value: "N"; NULL for flags and choices */
	const char *initial; /* the default, as users would write it; NULL: false, or no text */
	const char *help;
	const char *const *choices; /* of an OPTION_CHOICE: names by enum value; ends with NULL */
	/* The words one of which precedes "=" and a path in its value; NULL: it has no path. */
	const char *(*format_at)(size_t index);
	bool or_number; /* for texts: a file may have it as a number */
	/* The words that may begin its value, with the "=" of those that have one; NULL: any. */
	const char *(*word_at)(size_t index);
	bool is_path; /* for texts: its value is the path of a file */
	bool deliberate; /* not taken from the environment */
	uint64_t min; /* for counts, and for durations in nanoseconds */
	uint64_t max;
	bool or_zero; /* for durations: 0 means none, and is allowed although below min */
	uint64_t bare_unit_ns; /* for durations: the unit of a number without a suffix */
	size_t offset; /* of the field in the settings of the command */
	size_t size; /* of the field */
};

/* The offset and size of a field, for a row. */
#define OPTION_FIELD(type, field) \
	.offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

/*
 * Rows by kind. `field_` is an OPTION_FIELD; `letter_` is 0 for none. The group and rare members
 * are added after the macro: {OPT_FLAG(...), .group = GROUP_OUTPUT}.
 */
#define OPT_FLAG(name_, letter_, field_, help_) \
	.name = (name_), .letter = (letter_), .kind = OPTION_FLAG, .help = (help_), field_
#define OPT_COUNT(name_, letter_, field_, argument_, initial_, min_, max_, help_)            \
	.name = (name_), .letter = (letter_), .kind = OPTION_COUNT, .argument = (argument_), \
	.initial = (initial_), .min = (min_), .max = (max_), .help = (help_), field_
#define OPT_DURATION(name_, letter_, field_, initial_, bare_unit_ns_, min_, max_, help_)       \
	.name = (name_), .letter = (letter_), .kind = OPTION_DURATION, .argument = "DURATION", \
	.initial = (initial_), .bare_unit_ns = (bare_unit_ns_), .min = (min_), .max = (max_),  \
	.help = (help_), field_
#define OPT_TEXT(name_, letter_, field_, argument_, help_)                                  \
	.name = (name_), .letter = (letter_), .kind = OPTION_TEXT, .argument = (argument_), \
	.help = (help_), field_
#define OPT_TEXTS(name_, letter_, field_, argument_, help_)                                  \
	.name = (name_), .letter = (letter_), .kind = OPTION_TEXTS, .argument = (argument_), \
	.help = (help_), field_
#define OPT_CHOICE(name_, letter_, field_, choices_, initial_, help_)                       \
	.name = (name_), .letter = (letter_), .kind = OPTION_CHOICE, .choices = (choices_), \
	.initial = (initial_), .help = (help_), field_

/* The options of a command: its own, those it shares with others, --config and --help. */
struct options {
	const struct option_row *own;
	size_t own_count;
	const struct options *shared; /* NULL: none */
	bool configurable; /* they may be set by a file and by the environment */
};

/* The row at an index; the last row is --help; NULL beyond it. */
const struct option_row *options_at(const struct options *options, size_t index);

/* Finds the index of a row by its name. */
bool options_find(
	const struct options *options, const char *name, size_t length, size_t *ret_index);

/* The question behind the refusal of a name (base/nearest). Returns `question`. */
char *options_ask(const struct options *options, const char *before, const char *word,
	size_t length, char question[NEAREST_QUESTION_MAX]);

/* The name of a group as a heading: "Target". */
const char *options_group_title(enum option_group group);

/*
 * The group at an index, in the order of the help: one of which there are options. False beyond
 * the last.
 */
bool options_group_at(const struct options *options, size_t index, enum option_group *ret_group);

/* The row at an index among those of a group; NULL beyond the last. */
const struct option_row *options_at_in(
	const struct options *options, enum option_group group, size_t index);

bool options_takes_value(const struct option_row *row);

/* How the help names the value of an option that takes one: "N", "fin|rst". Returns `buffer`. */
#define OPTION_ARGUMENT_MAX 48
char *options_format_argument(const struct option_row *row, char buffer[OPTION_ARGUMENT_MAX]);

/* The head of an option in the help: "-c, --connections N", "    --hold DURATION". */
#define OPTION_HEAD_MAX 80
char *options_format_head(const struct option_row *row, char buffer[OPTION_HEAD_MAX]);

/*
 * What follows its help text: " (default 10ms; bare numbers are milliseconds)",
 * " (formats: json, csv)", " (words: echo, banner=)", or "".
 */
#define OPTION_TAIL_MAX 200
char *options_format_tail(const struct option_row *row, char buffer[OPTION_TAIL_MAX]);

#endif
