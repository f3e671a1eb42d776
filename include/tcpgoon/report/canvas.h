/* SPDX-License-Identifier: MIT */
/* A grid of characters in styles, drawn at places and read out as lines. */
#ifndef TCPGOON_REPORT_CANVAS_H
#define TCPGOON_REPORT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANVAS_ROWS_MAX 48
#define CANVAS_COLUMNS_MAX 200

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_STRONG,
	CANVAS_DIM,
	CANVAS_ACCENT,
	CANVAS_FAILED,
	CANVAS_DROPPED,
	CANVAS_STYLES,
};

/* One column of a row: a character in UTF-8, without its NUL if it takes four bytes. */
struct canvas_cell {
	char glyph[4];
	uint8_t style; /* enum canvas_style */
};

struct canvas {
	unsigned columns;
	unsigned rows;
	bool utf8; /* otherwise ASCII only */
	bool colours; /* otherwise no styles at all */
	struct canvas_cell cells[CANVAS_ROWS_MAX][CANVAS_COLUMNS_MAX];
};

/* Blank; what is drawn outside of it is cut off. Sizes above the maxima are cut to them. */
void canvas_init(struct canvas *canvas, unsigned columns, unsigned rows, bool utf8, bool colours);

/*
 * Puts text at a place, from which it goes to the right. Characters that are not ASCII take one
 * column, and become '?' without UTF-8, the micro sign 'u'. Returns the column behind it.
 */
unsigned canvas_put(struct canvas *canvas, unsigned row, unsigned column, enum canvas_style style,
	const char *text);
/* The same as in printf, of at most CANVAS_COLUMNS_MAX characters. */
unsigned canvas_print(struct canvas *canvas, unsigned row, unsigned column, enum canvas_style style,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Puts text so that it ends before a column. Returns where it begins. */
unsigned canvas_put_right(struct canvas *canvas, unsigned row, unsigned end,
	enum canvas_style style, const char *text);

/* How many columns a text takes. */
unsigned canvas_width(const char *text);

/* The most bytes of a line: each cell with a sequence for its style. */
#define CANVAS_LINE_MAX (CANVAS_COLUMNS_MAX * 12 + 16)

/*
 * Writes a row as a line, without blanks at its end and without a newline; it ends in plain style.
 * Returns its length.
 */
size_t canvas_line(const struct canvas *canvas, unsigned row, char line[CANVAS_LINE_MAX]);

#endif
