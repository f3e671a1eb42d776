/* SPDX-License-Identifier: MIT */
/* Tables of options, and what is read from them: arguments, defaults, texts. */
#ifndef TCPGOON_CLI_OPTIONS_H
#define TCPGOON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"

enum option_kind {
	OPTION_FLAG, /* bool: given alone, or as =true, =false */
	OPTION_COUNT, /* any unsigned or int field: a whole number, k, m and g allowed */
	OPTION_DURATION, /* uint64_t: nanoseconds */
	OPTION_TEXT, /* const char *: the argument itself, which outlives the settings */
	OPTION_TEXTS, /* struct text_list: an argument for each time it is given */
	OPTION_CHOICE, /* an enum: which of the row's choices, counted from 0 */
	OPTION_HELP, /* no field: asks for the help of the command */
};

/* The longest help text. */
#define OPTION_HELP_MAX 400

/* One row holds all that is known of an option; parser, help, man page and completions read it. */
struct option_row {
	const char *name; /* without the dashes */
	char letter; /* 0: none */
	enum option_kind kind;
	const char *argument; /* what the help calls its value: "N"; NULL for flags and choices */
	const char *initial; /* the default, as it could be given; NULL: false or no text */
	const char *help;
	const char *const *choices; /* of an OPTION_CHOICE: by the enum's values, NULL at the end */
	const char *before_path; /* what precedes the path that it takes: "json="; NULL: none */
	uint64_t min; /* of counts; of durations in nanoseconds */
	uint64_t max;
	bool or_zero; /* of durations: 0 is none at all, and may be given though it is below min */
	uint64_t bare_unit_ns; /* of durations: what a number without a suffix counts in */
	size_t offset; /* of the field in the settings of the command */
	size_t size; /* of the field */
};

/* The offset and size of a field, for a row. */
#define OPTION_FIELD(type, field) \
	.offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)

/*
 * The rows by kind. `field_` is an OPTION_FIELD; a letter of 0 is none. What few rows have is added
 * behind: {OPT_TEXTS(...), .before_path = "json="}.
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

/* The options of a command: its own, those it shares with others, and --help behind them. */
struct options {
	const struct option_row *own;
	size_t own_count;
	const struct options *shared; /* NULL: none */
};

/* The row at an index below the number of rows, --help being the last; NULL beyond. */
const struct option_row *options_at(const struct options *options, size_t index);

/* What stands between the options. The strings are those of argv. */
struct arguments {
	char **list;
	int count;
	bool help; /* --help was given: nothing after it was looked at */
};

/* Fills the fields of all rows with their defaults. */
void options_set_defaults(const struct options *options, void *settings);

/*
 * Reads argv[0..argc-1], without the names of program and command. Options may stand before,
 * between and behind the arguments; "--" ends them. The arguments are moved to the front of argv.
 * Returns 0, or -EINVAL or -ERANGE with a message that names the option.
 */
int options_parse(const struct options *options, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, struct error *error);

bool options_takes_value(const struct option_row *row);

/* What the help calls the value of such an option: "N", "fin|rst". Returns `buffer`. */
#define OPTION_ARGUMENT_MAX 48
char *options_format_argument(const struct option_row *row, char buffer[OPTION_ARGUMENT_MAX]);

/* "-c, --connections N", "    --hold DURATION": as help and man page head an option. */
#define OPTION_HEAD_MAX 80
char *options_format_head(const struct option_row *row, char buffer[OPTION_HEAD_MAX]);

/* What follows the help text of a row: " (default 10ms; bare numbers are milliseconds)", or "". */
#define OPTION_TAIL_MAX 120
char *options_format_tail(const struct option_row *row, char buffer[OPTION_TAIL_MAX]);

/*
 * Whether `word` is near enough to `name` to be meant: few letters apart, or its beginning.
 * Smaller is nearer; UINT_MAX is not near.
 */
unsigned options_distance(const char *word, const char *name);

#endif
