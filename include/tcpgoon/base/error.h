/* SPDX-License-Identifier: MIT */
/* The message for the person that goes with a negative errno on its way up to main. */
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

/* What error_set() leaves for the prefixes that come. */
#define ERROR_PREFIX_ROOM 64

/*
 * Writes the message and returns `code` (a negative errno), so that a failing function can end in
 * `return error_set(error, -EINVAL, "...")`. A NULL `error` is allowed: the code alone travels.
 *
 * The message is one line that is fit to be shown (base/escape), whatever words of the user's are
 * in it. One that is too long loses its middle: what it is about and what to do are at its ends.
 */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int error_set_list(struct error *error, int code, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

/* The same, with what strerror(3) says of the code. */
int error_set_errno(struct error *error, int code);

/* Adds another line, as fit to be shown. */
void error_add_line(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "text: " before the message that is there, to say where it happened; alone if none is. */
void error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
