/* SPDX-License-Identifier: MIT */
/* The message for the user that travels with a negative errno up to main. */
#ifndef TCPGOON_BASE_ERROR_H
#define TCPGOON_BASE_ERROR_H

#include <stdarg.h>

struct error {
	char text[1024];
};

#define ERROR_INIT         \
	{                  \
		.text = "" \
	}

/* Bytes that error_set() leaves free for prefixes. */
#define ERROR_PREFIX_ROOM 64

/*
 * Writes the message and returns `code` (a negative errno), so that a failing function can end in
 * `return error_set(error, -EINVAL, "...")`. `error` may be NULL: then only the code travels.
 *
 * The message becomes one line that is safe to show (base/escape), whatever the user typed into it.
 * If it is too long, its middle is cut: its ends say what it is about and what to do.
 */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int error_set_list(struct error *error, int code, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

/* Sets the message to strerror(3) of the code. */
int error_set_errno(struct error *error, int code);

/* Adds another line, escaped in the same way. */
void error_add_line(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "text: " before the message, to say where it happened; without a message, just "text". */
void error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
