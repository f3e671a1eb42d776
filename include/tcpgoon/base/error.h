/* SPDX-License-Identifier: MIT */
/* The message for the person that goes with a negative errno on its way up to main. */
#ifndef TCPGOON_BASE_ERROR_H
#define TCPGOON_BASE_ERROR_H

struct error {
	char text[512];
};

#define ERROR_INIT         \
	{                  \
		.text = "" \
	}

/*
 * Writes the message and returns `code` (a negative errno), so that a failing function can end in
 * `return error_set(error, -EINVAL, "...")`. A NULL `error` is allowed: the code alone travels.
 */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "text: " before the message that is there, to say where it happened; alone if none is. */
void error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
