/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/base/escape.h"

#define GAP "..."

static size_t shown_length(const char *text)
{
	char piece[ESCAPE_PIECE_MAX];
	size_t total = 0;
	size_t length;
	while ((length = escape_next(&text, piece)) > 0) {
		total += length;
	}
	return total;
}

/*
 * Writes the text, escaped, into `size` bytes. If it does not fit, keeps its beginning and its end,
 * cut between characters, with a gap.
 */
static void write_shown(char *out, size_t size, const char *text)
{
	char piece[ESCAPE_PIECE_MAX];
	size_t length;
	size_t left = shown_length(text);
	size_t room = size - 1;
	bool all = left <= room;
	size_t head = all ? room : room / 2;
	while ((length = escape_next(&text, piece)) > 0 && length <= head) {
		memcpy(out, piece, length);
		out += length;
		head -= length;
		left -= length;
	}
	*out = '\0';
	if (all || room < sizeof(GAP)) {
		return;
	}
	size_t tail = room / 2 + room % 2 + head - strlen(GAP);
	for (left -= length; left > tail; left -= length) {
		length = escape_next(&text, piece);
	}
	out = stpcpy(out, GAP);
	while ((length = escape_next(&text, piece)) > 0) {
		memcpy(out, piece, length);
		out += length;
	}
	*out = '\0';
}

__attribute__((format(printf, 3, 0))) static void compose(
	char *out, size_t size, const char *format, va_list arguments)
{
	char *text = NULL;
	int length = vasprintf(&text, format, arguments);
	/* Without memory, show the format without its arguments. */
	write_shown(out, size, length < 0 ? format : text);
	if (length >= 0) {
		free(text);
	}
}

int error_set_list(struct error *error, int code, const char *format, va_list arguments)
{
	if (error == NULL) {
		return code;
	}
	/* Use a second buffer, as the old message may be one of the arguments. */
	struct error fresh = ERROR_INIT;
	compose(fresh.text, sizeof(fresh.text) - ERROR_PREFIX_ROOM, format, arguments);
	*error = fresh;
	return code;
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error_set_list(error, code, format, arguments);
	va_end(arguments);
	return code;
}

int error_set_errno(struct error *error, int code)
{
	return error_set(error, code, "%s", strerror(-code));
}

void error_add_line(struct error *error, const char *format, ...)
{
	if (error == NULL) {
		return;
	}
	size_t used = strlen(error->text);
	if (used + 2 > sizeof(error->text)) {
		return;
	}
	error->text[used++] = '\n';
	va_list arguments;
	va_start(arguments, format);
	compose(error->text + used, sizeof(error->text) - used, format, arguments);
	va_end(arguments);
}

void error_prefix(struct error *error, const char *format, ...)
{
	if (error == NULL) {
		return;
	}
	struct error fresh = ERROR_INIT;
	va_list arguments;
	va_start(arguments, format);
	compose(fresh.text, sizeof(fresh.text), format, arguments);
	va_end(arguments);

	if (error->text[0] != '\0') {
		size_t used = strlen(fresh.text);
		size_t room = sizeof(fresh.text) - used;
		snprintf(fresh.text + used, room, ": %.*s", (int)room, error->text);
	}
	*error = fresh;
}
