/* SPDX-License-Identifier: MIT */
/*
 * One JSON object, whose names are those of the long options: what can be given as a flag can stand
 * in the file, and is read by the same function from the same text. A file is written to be kept,
 * so what it says must mean something: a name that is no option is refused, and so is one that
 * stands there twice.
 *
 * The library says on which line the syntax is wrong, and not where a member stands. This is looked
 * for in the text. A name that is written with escapes is not found, and then there is no line.
 */
#include "cli/config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/option_value.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/nearest.h"

/* What is under way. */
struct reading {
	const struct options *options;
	bool takes_target;
	void *settings;
	struct origins *origins;
	const char *text; /* of the file */
	struct error *error;
};

static void cleanup_json(json_t **value)
{
	json_decref(*value);
}

/* The line of the member, from 1; 0: not found. */
static unsigned line_of(const char *text, const char *name)
{
	size_t length = strlen(name);
	unsigned line = 1;
	for (const char *at = text; *at != '\0'; at++) {
		line += *at == '\n';
		if (*at != '"') {
			continue;
		}
		const char *string = ++at;
		while (*at != '\0' && *at != '"') {
			at += *at == '\\' && at[1] != '\0' ? 2 : 1;
		}
		if (*at == '\0') {
			return 0;
		}
		const char *behind = at + 1 + strspn(at + 1, " \t\r\n");
		if ((size_t)(at - string) == length && memcmp(string, name, length) == 0 &&
			*behind == ':') {
			return line;
		}
	}
	return 0;
}

/* Puts "FILE:LINE: " before the message. */
static int name_place(const struct reading *reading, const char *member, int code)
{
	unsigned line = line_of(reading->text, member);
	if (line > 0) {
		error_prefix(reading->error, "%s:%u", reading->origins->file, line);
	} else {
		error_prefix(reading->error, "%s", reading->origins->file);
	}
	return code;
}

static const char *kind_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a truth value";
	case JSON_NULL:
		break;
	}
	return "null";
}

/* The text that the value would be on a command line, kept; NULL: it can be none. */
static const char *text_of(struct reading *reading, const json_t *value)
{
	char number[32];
	if (json_is_string(value)) {
		return origins_keep(
			reading->origins, json_string_value(value), json_string_length(value));
	}
	if (json_is_integer(value)) {
		snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return origins_keep(reading->origins, number, strlen(number));
	}
	if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.15g", json_real_value(value));
		return origins_keep(reading->origins, number, strlen(number));
	}
	return NULL;
}

static bool is_number_allowed(const struct option_row *row)
{
	return row->kind == OPTION_COUNT || row->kind == OPTION_DURATION || row->or_number;
}

static int set_scalar(struct reading *reading, const struct option_row *row, const json_t *value)
{
	bool allowed = json_is_string(value) || (json_is_number(value) && is_number_allowed(row));
	if (!allowed) {
		return error_set(reading->error, -EINVAL, "expected a string%s, and not %s",
			is_number_allowed(row) ? " or a number" : "", kind_of(value));
	}
	const char *text = text_of(reading, value);
	if (text == NULL) {
		return error_set(reading->error, -ENOMEM, "out of memory for its value");
	}
	return option_set(row, text, reading->settings, reading->error);
}

static int set_flag(struct reading *reading, const struct option_row *row, const json_t *value)
{
	if (!json_is_boolean(value)) {
		return error_set(reading->error, -EINVAL, "expected true or false, and not %s",
			kind_of(value));
	}
	return option_set(
		row, json_is_true(value) ? "true" : "false", reading->settings, reading->error);
}

/* An array of strings, or the only one of them. */
static int set_texts(struct reading *reading, const struct option_row *row, const json_t *value)
{
	if (!json_is_array(value)) {
		return set_scalar(reading, row, value);
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		r = set_scalar(reading, row, json_array_get(value, i));
	}
	return r;
}

static int set_option(struct reading *reading, const struct option_row *row, const json_t *value)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return set_flag(reading, row, value);
	case OPTION_TEXTS:
		return set_texts(reading, row, value);
	case OPTION_COUNT:
	case OPTION_DURATION:
	case OPTION_TEXT:
	case OPTION_CHOICE:
		return set_scalar(reading, row, value);
	case OPTION_CONFIG:
	case OPTION_HELP:
		break;
	}
	return 0;
}

/* Which of host and port the name is; -1: neither. */
static int target_of(const struct reading *reading, const char *name)
{
	static const char *const names[] = {"host", "port"};
	for (int i = 0; reading->takes_target && i < 2; i++) {
		if (strcmp(names[i], name) == 0) {
			return i;
		}
	}
	return -1;
}

static int take_target(struct reading *reading, int which, const json_t *value)
{
	bool number = which == 1 && json_is_integer(value);
	if (!json_is_string(value) && !number) {
		return error_set(reading->error, -EINVAL, "expected a string%s, and not %s",
			which == 1 ? " or a whole number" : "", kind_of(value));
	}
	char *text = (char *)text_of(reading, value);
	if (text == NULL) {
		return error_set(reading->error, -ENOMEM, "out of memory for its value");
	}
	reading->origins->target[which] = text;
	return 0;
}

static int refuse_name(struct reading *reading, const char *name)
{
	char question[NEAREST_QUESTION_MAX];
	error_set(reading->error, -EINVAL, "there is no setting '%s'%s", name,
		options_ask(reading->options, "", name, strlen(name), question));
	return name_place(reading, name, -EINVAL);
}

/* Unless it is set already. --config always is, and --help never: a file can have neither. */
static int take_option(struct reading *reading, size_t index, const json_t *value)
{
	const struct option_row *row = options_at(reading->options, index);
	struct origin *origin = &reading->origins->options[index];
	if (row->kind == OPTION_CONFIG || row->kind == OPTION_HELP) {
		return error_set(reading->error, -EINVAL, "may be given on the command line only");
	}
	if (origin->kind != ORIGIN_DEFAULT) {
		return 0;
	}
	*origin = (struct origin){ORIGIN_FILE, reading->origins->file};
	return set_option(reading, row, value);
}

static int take_member(struct reading *reading, const char *name, const json_t *value)
{
	int which = target_of(reading, name);
	size_t index = 0;
	int r;
	if (which >= 0) {
		r = take_target(reading, which, value);
	} else if (options_find(reading->options, name, strlen(name), &index)) {
		r = take_option(reading, index, value);
	} else {
		return refuse_name(reading, name);
	}
	if (r < 0) {
		error_prefix(reading->error, "%s", name);
		return name_place(reading, name, r);
	}
	return 0;
}

/* Reads the whole file into *ret_text, which the caller frees. */
static int read_file(const char *path, char **ret_text, size_t *ret_length, struct error *error)
{
	CLEANUP(cleanup_fclose) FILE *file = fopen(path, "re");
	if (file == NULL) {
		return error_set(
			error, -errno, "--config: '%s' cannot be read: %s", path, strerror(errno));
	}
	CLEANUP(cleanup_free) char *text = malloc(CONFIG_BYTES_MAX + 1);
	if (text == NULL) {
		return error_set(error, -ENOMEM, "out of memory for '%s'", path);
	}
	size_t length = fread(text, 1, CONFIG_BYTES_MAX + 1, file);
	if (ferror(file)) {
		return error_set(
			error, -EIO, "--config: '%s' cannot be read: %s", path, strerror(errno));
	}
	if (length > CONFIG_BYTES_MAX) {
		return error_set(error, -EFBIG, "--config: '%s' is longer than %d bytes", path,
			CONFIG_BYTES_MAX);
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	text = NULL;
	return 0;
}

int config_apply(const struct options *options, bool takes_target, void *settings,
	struct origins *origins, struct error *error)
{
	CLEANUP(cleanup_free) char *text = NULL;
	size_t length = 0;
	int r = read_file(origins->file, &text, &length, error);
	if (r < 0) {
		return r;
	}
	json_error_t wrong;
	CLEANUP(cleanup_json)
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
	if (root == NULL) {
		return error_set(error, -EINVAL, "%s:%d:%d: %s", origins->file, wrong.line,
			wrong.column, wrong.text);
	}
	if (!json_is_object(root)) {
		return error_set(error, -EINVAL,
			"%s: expected an object such as {\"hold\": \"5s\"}, and not %s",
			origins->file, kind_of(root));
	}
	struct reading reading = {
		.options = options,
		.takes_target = takes_target,
		.settings = settings,
		.origins = origins,
		.text = text,
		.error = error,
	};
	const char *name;
	json_t *value;
	json_object_foreach(root, name, value)
	{
		r = take_member(&reading, name, value);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}
