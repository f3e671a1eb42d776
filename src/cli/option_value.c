/* SPDX-License-Identifier: MIT */
#include "cli/option_value.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "tcpgoon/base/nearest.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/base/units.h"

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
	struct nearest nearest = NEAREST_INIT(text, strlen(text));
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*ret_number = i;
			return 0;
		}
		nearest_offer(&nearest, row->choices[i]);
	}
	char choices[OPTION_ARGUMENT_MAX];
	char question[NEAREST_QUESTION_MAX];
	return error_set(error, -EINVAL, "'%s' is not one of %s%s", text,
		options_format_argument(row, choices), nearest_ask(&nearest, "", question));
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

int option_set(const struct option_row *row, const char *text, void *settings, struct error *error)
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
	case OPTION_CONFIG:
	case OPTION_HELP:
		break;
	}
	return r;
}

void options_set_defaults(const struct options *options, void *settings)
{
	const struct option_row *row;
	for (size_t i = 0; (row = options_at(options, i)) != NULL; i++) {
		if (row->initial != NULL) {
			int r = option_set(row, row->initial, settings, NULL);
			assert(r == 0);
			(void)r;
		} else if (row->size > 0) {
			memset((char *)settings + row->offset, 0, row->size);
		}
	}
}

bool option_is_true(const struct option_row *row, const void *settings)
{
	bool truth;
	memcpy(&truth, (const char *)settings + row->offset, sizeof(truth));
	return truth;
}

uint64_t option_number(const struct option_row *row, const void *settings)
{
	const void *field = (const char *)settings + row->offset;
	uint16_t narrow;
	uint32_t half;
	uint64_t whole = 0;
	switch (row->size) {
	case sizeof(narrow):
		memcpy(&narrow, field, sizeof(narrow));
		return narrow;
	case sizeof(half):
		memcpy(&half, field, sizeof(half));
		return half;
	default:
		assert(row->size == sizeof(whole));
		memcpy(&whole, field, sizeof(whole));
		return whole;
	}
}

const char *option_text(const struct option_row *row, const void *settings)
{
	const char *text;
	memcpy(&text, (const char *)settings + row->offset, sizeof(text));
	return text;
}

const struct text_list *option_texts(const struct option_row *row, const void *settings)
{
	return (const void *)((const char *)settings + row->offset);
}
