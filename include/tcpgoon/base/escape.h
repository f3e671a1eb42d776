/* SPDX-License-Identifier: MIT */
/* Text from outside, made safe to show on a terminal. */
#ifndef TCPGOON_BASE_ESCAPE_H
#define TCPGOON_BASE_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Enough for one character as it is shown, and its NUL. */
#define ESCAPE_PIECE_MAX 12

/*
 * Takes the next character from *cursor and writes how it is shown: as itself, or as its escape if
 * a terminal would obey it, hide it or not understand it: "\n", "\x1b", "\xff" for a byte that is
 * not UTF-8, "\u202e" for a character. Returns the length written, 0 at the end of the text.
 *
 * A backslash is shown as itself, so text that was escaped before does not change.
 */
size_t escape_next(const char **cursor, char piece[ESCAPE_PIECE_MAX]);

/* How many columns of a terminal such a piece takes up. */
int escape_columns(const char *piece);

/* Writes a whole text, escaped. */
void escape_write(FILE *out, const char *text);

/*
 * The same for a format with characters of its own: `replace` returns what stands for a character,
 * or NULL where it stands for itself. It is asked about each byte that is shown.
 */
void escape_write_replaced(FILE *out, const char *text, const char *(*replace)(char character));

/*
 * For formats that take any character but need UTF-8: escapes only bytes that are not UTF-8.
 * The caller frees the result. NULL if there is no memory.
 */
char *escape_to_utf8(const char *text);

#endif
