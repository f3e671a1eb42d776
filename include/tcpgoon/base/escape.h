/* SPDX-License-Identifier: MIT */
/* Words from outside, made fit to be shown. */
#ifndef TCPGOON_BASE_ESCAPE_H
#define TCPGOON_BASE_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Room for one character as it is shown, with its end. */
#define ESCAPE_PIECE_MAX 12

/*
 * Takes the next character of *cursor and writes what is shown of it: itself, or where a terminal
 * would obey it, hide it or not understand it, its escape: "\n", "\x1b", "\xff" for a byte that is
 * no UTF-8, "\u202e" for a character. Returns the length of that, 0 at the end of the text.
 *
 * A backslash is itself, so what was escaped once stays as it is.
 */
size_t escape_next(const char **cursor, char piece[ESCAPE_PIECE_MAX]);

/* How many columns of a terminal such a piece takes. */
int escape_columns(const char *piece);

/* Writes all of the text in this way. */
void escape_write(FILE *out, const char *text);

/*
 * For formats that can say any character but need UTF-8: only the bytes that are none are escaped.
 * The result is the caller's: free(). NULL where memory is short.
 */
char *escape_to_utf8(const char *text);

#endif
