/* SPDX-License-Identifier: MIT */
/*
 * Why not getopt_long(): scripts written for the Go program rely on what its parser accepted:
 * "-c=5" as well as "-c5" and "-c 5", "--assume-yes=false", values that begin with a dash.
 * getopt_long() returns "=5" for the first, accepts abbreviations that a later option would break,
 * and prints its own messages.
 */
#include "cli/option_parse.h"

#include <errno.h>
#include <string.h>

#include "cli/option_value.h"
#include "tcpgoon/base/nearest.h"

static bool find_letter(const struct options *options, char letter, size_t *ret_index)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (row->letter == letter && letter != '\0') {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static int refuse_name(
	const struct options *options, const char *text, size_t length, struct error *error)
{
	char question[NEAREST_QUESTION_MAX];
	return error_set(error, -EINVAL, "unknown flag '--%.*s'%s", (int)length, text,
		options_ask(options, "--", text, length, question));
}

/* The state of parsing argv. */
struct cursor {
	const struct options *options;
	int argc;
	char **argv;
	int next;
	void *settings;
	struct origins *origins;
	bool help;
};

/* An option as it stands in argv: by its letter or by its name. */
struct given {
	const struct option_row *row;
	size_t index;
	bool by_letter;
};

/* Names the option as it was given and by its long name. */
static int prefix_name(const struct given *given, int code, struct error *error)
{
	if (given->by_letter) {
		error_prefix(error, "-%c, --%s", given->row->letter, given->row->name);
	} else {
		error_prefix(error, "--%s", given->row->name);
	}
	return code;
}

static int set_given(
	struct cursor *cursor, const struct given *given, const char *text, struct error *error)
{
	if (given->row->kind == OPTION_CONFIG) {
		cursor->origins->file = text;
	}
	cursor->origins->options[given->index].kind = ORIGIN_COMMAND_LINE;
	int r = option_set(given->row, text, cursor->settings, error);
	return r < 0 ? prefix_name(given, r, error) : 0;
}

/* Takes the value from the next argument, which may begin with a dash. */
static int take_next(struct cursor *cursor, const struct given *given, struct error *error)
{
	if (cursor->next >= cursor->argc) {
		char argument[OPTION_ARGUMENT_MAX];
		int r = error_set(error, -EINVAL, "needs a value: %s",
			options_format_argument(given->row, argument));
		return prefix_name(given, r, error);
	}
	return set_given(cursor, given, cursor->argv[cursor->next++], error);
}

/* Reads "name" or "name=value", without the dashes. */
static int read_long(struct cursor *cursor, const char *text, struct error *error)
{
	size_t length = strcspn(text, "=");
	struct given given = {.by_letter = false};
	if (!options_find(cursor->options, text, length, &given.index)) {
		return refuse_name(cursor->options, text, length, error);
	}
	given.row = options_at(cursor->options, given.index);
	if (given.row->kind == OPTION_HELP) {
		cursor->help = true;
		return 0;
	}
	if (text[length] == '=') {
		return set_given(cursor, &given, text + length + 1, error);
	}
	if (options_takes_value(given.row)) {
		return take_next(cursor, &given, error);
	}
	return set_given(cursor, &given, "true", error);
}

/* Reads "yc5": flags without a value; the last letter may have one, which may follow it. */
static int read_letters(struct cursor *cursor, const char *text, struct error *error)
{
	for (const char *at = text; *at != '\0'; at++) {
		struct given given = {.by_letter = true};
		if (!find_letter(cursor->options, *at, &given.index)) {
			return error_set(error, -EINVAL, "unknown flag '-%c' in '-%s'", *at, text);
		}
		given.row = options_at(cursor->options, given.index);
		if (given.row->kind == OPTION_HELP) {
			cursor->help = true;
			return 0;
		}
		if (at[1] == '=') {
			return set_given(cursor, &given, at + 2, error);
		}
		if (options_takes_value(given.row) && at[1] != '\0') {
			return set_given(cursor, &given, at + 1, error);
		}
		if (options_takes_value(given.row)) {
			return take_next(cursor, &given, error);
		}
		int r = set_given(cursor, &given, "true", error);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int options_parse(const struct options *options, int argc, char **argv, void *settings,
	struct origins *origins, struct arguments *ret_arguments, struct error *error)
{
	struct cursor cursor = {
		.options = options,
		.argc = argc,
		.argv = argv,
		.settings = settings,
		.origins = origins,
	};
	int kept = 0;
	bool ended = false;
	while (cursor.next < argc && !cursor.help) {
		char *text = argv[cursor.next++];
		int r = 0;
		if (ended || text[0] != '-' || text[1] == '\0') {
			argv[kept++] = text;
		} else if (strcmp(text, "--") == 0) {
			ended = true;
		} else if (text[1] == '-') {
			r = read_long(&cursor, text + 2, error);
		} else {
			r = read_letters(&cursor, text + 1, error);
		}
		if (r < 0) {
			return r;
		}
	}
	*ret_arguments = (struct arguments){.list = argv, .count = kept, .help = cursor.help};
	return 0;
}
