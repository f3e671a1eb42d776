/* SPDX-License-Identifier: MIT */
/*
 * Why not getopt_long(): scripts written for the Go program rely on what its parser accepted:
 * "-c=5" as well as "-c5" and "-c 5", "--assume-yes=false", values that begin with a dash.
 * getopt_long() returns "=5" for the first, accepts abbreviations that a later option would break,
 * and prints its own messages.
 */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

static const struct option_row help_row = {
	.name = "help",
	.letter = 'h',
	.kind = OPTION_HELP,
	.help = "Show this help and exit",
};

const struct option_row *options_at(const struct options *options, size_t index)
{
	if (index < options->own_count) {
		return &options->own[index];
	}
	index -= options->own_count;
	if (options->shared != NULL) {
		return options_at(options->shared, index);
	}
	return index == 0 ? &help_row : NULL;
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

static const struct option_row *find_name(
	const struct options *options, const char *name, size_t length)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (strlen(row->name) == length && memcmp(row->name, name, length) == 0) {
			return row;
		}
	}
	return NULL;
}

static const struct option_row *find_letter(const struct options *options, char letter)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (row->letter == letter && letter != '\0') {
			return row;
		}
	}
	return NULL;
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

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

#define WORD_MAX 32

/* How many letters to insert, remove or replace to get from one word to the other (Levenshtein). */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);
	if (a_length > WORD_MAX || b_length > WORD_MAX) {
		return UINT_MAX;
	}
	unsigned row[WORD_MAX + 1];
	for (unsigned j = 0; j <= b_length; j++) {
		row[j] = j;
	}
	for (unsigned i = 1; i <= a_length; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = min_of(replaced, min_of(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_length];
}

unsigned options_distance(const char *word, const char *name)
{
	size_t length = strlen(word);
	if (length >= 2 && strncmp(word, name, length) == 0) {
		return 1;
	}
	unsigned distance = edit_distance(word, name);
	/* Two swapped letters count as two errors; more than half of the word must be right. */
	return distance <= 2 && distance * 2 <= length + 1 ? distance : UINT_MAX;
}

static int refuse_name(
	const struct options *options, const char *text, size_t length, struct error *error)
{
	char word[WORD_MAX + 1];
	snprintf(word, sizeof(word), "%.*s", (int)min_of((unsigned)length, WORD_MAX), text);

	const struct option_row *nearest = NULL;
	unsigned nearest_distance = UINT_MAX;
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		unsigned distance = options_distance(word, row->name);
		if (distance < nearest_distance) {
			nearest = row;
			nearest_distance = distance;
		}
	}
	if (nearest != NULL) {
		return error_set(error, -EINVAL, "unknown flag '--%.*s'; did you mean '--%s'?",
			(int)length, text, nearest->name);
	}
	return error_set(error, -EINVAL, "unknown flag '--%.*s'", (int)length, text);
}

/* Accepts what the Go program's parser accepted as a truth value. */
static int parse_bool(const char *text, bool *ret_value, struct error *error)
{
	static const char *const words[2][6] = {
		{"0", "f", "F", "false", "FALSE", "False"},
		{"1", "t", "T", "true", "TRUE", "True"},
	};
	for (int value = 0; value < 2; value++) {
		for (size_t i = 0; i < 6; i++) {
			if (strcmp(text, words[value][i]) == 0) {
				*ret_value = value == 1;
				return 0;
			}
		}
	}
	return error_set(error, -EINVAL, "'%s' is neither true nor false", text);
}

static void store_unsigned(void *field, size_t size, uint64_t value)
{
	switch (size) {
	case sizeof(uint16_t):
		memcpy(field, &(uint16_t){(uint16_t)value}, size);
		break;
	case sizeof(uint32_t):
		memcpy(field, &(uint32_t){(uint32_t)value}, size);
		break;
	case sizeof(uint64_t):
		memcpy(field, &value, size);
		break;
	default:
		assert(!"a count is stored in 2, 4 or 8 bytes");
	}
}

static int add_text(struct text_list *list, const char *text, struct error *error)
{
	if (list->count == TEXT_LIST_MAX) {
		return error_set(error, -EINVAL, "is given more than %d times", TEXT_LIST_MAX);
	}
	list->items[list->count++] = text;
	return 0;
}

static int parse_choice(
	const struct option_row *row, const char *text, uint64_t *ret_number, struct error *error)
{
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*ret_number = i;
			return 0;
		}
	}
	char choices[OPTION_ARGUMENT_MAX];
	return error_set(error, -EINVAL, "'%s' is not one of %s", text,
		options_format_argument(row, choices));
}

static int parse_duration(
	const struct option_row *row, const char *text, uint64_t *ret_ns, struct error *error)
{
	uint64_t min_ns = row->or_zero ? 0 : row->min;
	uint64_t ns;
	int r = units_parse_duration(text, row->bare_unit_ns, min_ns, row->max, &ns, error);
	if (r < 0) {
		return r;
	}
	if (ns < row->min && ns > 0) {
		char least[UNITS_TEXT_MAX];
		return error_set(error, -ERANGE, "'%s' is neither 0 nor at least %s", text,
			units_format_duration(row->min, least));
	}
	*ret_ns = ns;
	return 0;
}

static int set_value(
	const struct option_row *row, const char *text, void *settings, struct error *error)
{
	void *field = (char *)settings + row->offset;
	uint64_t number;
	bool truth = false;
	int r = 0;
	switch (row->kind) {
	case OPTION_FLAG:
		r = parse_bool(text, &truth, error);
		if (r == 0) {
			memcpy(field, &truth, sizeof(truth));
		}
		break;
	case OPTION_COUNT:
		r = units_parse_count(text, row->min, row->max, &number, error);
		if (r == 0) {
			store_unsigned(field, row->size, number);
		}
		break;
	case OPTION_DURATION:
		r = parse_duration(row, text, &number, error);
		if (r == 0) {
			store_unsigned(field, row->size, number);
		}
		break;
	case OPTION_TEXT:
		memcpy(field, &text, sizeof(text));
		break;
	case OPTION_TEXTS:
		r = add_text(field, text, error);
		break;
	case OPTION_CHOICE:
		r = parse_choice(row, text, &number, error);
		if (r == 0) {
			store_unsigned(field, row->size, number);
		}
		break;
	case OPTION_HELP:
		break;
	}
	return r;
}

/* Like set_value(); its message names the option as it was given and by its long name. */
static int set_given(const struct option_row *row, bool by_letter, const char *text, void *settings,
	struct error *error)
{
	int r = set_value(row, text, settings, error);
	if (r < 0 && by_letter) {
		error_prefix(error, "-%c, --%s", row->letter, row->name);
	} else if (r < 0) {
		error_prefix(error, "--%s", row->name);
	}
	return r;
}

void options_set_defaults(const struct options *options, void *settings)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (row->initial != NULL) {
			int r = set_value(row, row->initial, settings, NULL);
			assert(r == 0);
			(void)r;
		} else if (row->size > 0) {
			memset((char *)settings + row->offset, 0, row->size);
		}
	}
}

/* The state of parsing argv. */
struct cursor {
	const struct options *options;
	int argc;
	char **argv;
	int next;
	void *settings;
	bool help;
};

/* Takes the value from the next argument, which may begin with a dash. */
static int take_next(
	struct cursor *cursor, const struct option_row *row, bool by_letter, struct error *error)
{
	if (cursor->next >= cursor->argc) {
		char argument[OPTION_ARGUMENT_MAX];
		int r = error_set(error, -EINVAL, "needs a value: %s",
			options_format_argument(row, argument));
		if (by_letter) {
			error_prefix(error, "-%c, --%s", row->letter, row->name);
		} else {
			error_prefix(error, "--%s", row->name);
		}
		return r;
	}
	return set_given(row, by_letter, cursor->argv[cursor->next++], cursor->settings, error);
}

/* Reads "name" or "name=value", without the dashes. */
static int read_long(struct cursor *cursor, const char *text, struct error *error)
{
	size_t length = strcspn(text, "=");
	const struct option_row *row = find_name(cursor->options, text, length);
	if (row == NULL) {
		return refuse_name(cursor->options, text, length, error);
	}
	if (row->kind == OPTION_HELP) {
		cursor->help = true;
		return 0;
	}
	if (text[length] == '=') {
		return set_given(row, false, text + length + 1, cursor->settings, error);
	}
	if (options_takes_value(row)) {
		return take_next(cursor, row, false, error);
	}
	return set_given(row, false, "true", cursor->settings, error);
}

/* Reads "yc5": flags without a value; the last letter may have one, which may follow it. */
static int read_letters(struct cursor *cursor, const char *text, struct error *error)
{
	for (const char *at = text; *at != '\0'; at++) {
		const struct option_row *row = find_letter(cursor->options, *at);
		if (row == NULL) {
			return error_set(error, -EINVAL, "unknown flag '-%c' in '-%s'", *at, text);
		}
		if (row->kind == OPTION_HELP) {
			cursor->help = true;
			return 0;
		}
		if (at[1] == '=') {
			return set_given(row, true, at + 2, cursor->settings, error);
		}
		if (options_takes_value(row) && at[1] != '\0') {
			return set_given(row, true, at + 1, cursor->settings, error);
		}
		if (options_takes_value(row)) {
			return take_next(cursor, row, true, error);
		}
		int r = set_given(row, true, "true", cursor->settings, error);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int options_parse(const struct options *options, int argc, char **argv, void *settings,
	struct arguments *ret_arguments, struct error *error)
{
	struct cursor cursor = {
		.options = options,
		.argc = argc,
		.argv = argv,
		.settings = settings,
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
static void list_formats(const struct option_row *row, char buffer[OPTION_TAIL_MAX])
{
	const char *name;
	size_t used = (size_t)snprintf(buffer, OPTION_TAIL_MAX, " (formats: ");
	for (size_t i = 0; (name = row->format_at(i)) != NULL && used < OPTION_TAIL_MAX; i++) {
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
		list_formats(row, buffer);
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
