/* SPDX-License-Identifier: MIT */
/*
 * A view of several panels is easiest to lay out by places, and to compare with the one before by
 * lines: so panels draw into a grid, and the grid is read out row by row.
 *
 * Only the eight colours that each terminal has are used, and no background: they go with whatever
 * colours the user chose.
 */
#include "tcpgoon/report/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sequences[CANVAS_STYLES] = {
	[CANVAS_PLAIN] = "\033[0m",
	[CANVAS_STRONG] = "\033[0;1m",
	[CANVAS_DIM] = "\033[0;2m",
	[CANVAS_ACCENT] = "\033[0;36m",
	[CANVAS_FAILED] = "\033[0;31m",
	[CANVAS_DROPPED] = "\033[0;33m",
};

static unsigned lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

void canvas_init(struct canvas *canvas, unsigned columns, unsigned rows, bool utf8, bool colours)
{
	canvas->columns = lesser(columns, CANVAS_COLUMNS_MAX);
	canvas->rows = lesser(rows, CANVAS_ROWS_MAX);
	canvas->utf8 = utf8;
	canvas->colours = colours;
	for (unsigned row = 0; row < canvas->rows; row++) {
		for (unsigned column = 0; column < canvas->columns; column++) {
			canvas->cells[row][column] = (struct canvas_cell){.glyph = " "};
		}
	}
}

/* Bytes of the character that begins here: at most those up to the end of the text. */
static size_t character_length(const char *text)
{
	size_t length = 1;
	while (length < sizeof(((struct canvas_cell *)NULL)->glyph) &&
		((unsigned char)text[length] & 0xc0) == 0x80) {
		length++;
	}
	return length;
}

unsigned canvas_width(const char *text)
{
	unsigned width = 0;
	for (; *text != '\0'; text += character_length(text)) {
		width++;
	}
	return width;
}

static void set_glyph(
	const struct canvas *canvas, struct canvas_cell *cell, const char *text, size_t length)
{
	static const char micro[] = "\u00b5";
	memset(cell->glyph, 0, sizeof(cell->glyph));
	if (length == 1 || canvas->utf8) {
		memcpy(cell->glyph, text, length);
	} else {
		bool is_micro = length == strlen(micro) && memcmp(text, micro, length) == 0;
		cell->glyph[0] = is_micro ? 'u' : '?';
	}
}

unsigned canvas_put(struct canvas *canvas, unsigned row, unsigned column, enum canvas_style style,
	const char *text)
{
	while (*text != '\0') {
		size_t length = character_length(text);
		if (row < canvas->rows && column < canvas->columns) {
			struct canvas_cell *cell = &canvas->cells[row][column];
			set_glyph(canvas, cell, text, length);
			cell->style = (uint8_t)style;
		}
		text += length;
		column++;
	}
	return column;
}

unsigned canvas_print(struct canvas *canvas, unsigned row, unsigned column, enum canvas_style style,
	const char *format, ...)
{
	char text[CANVAS_COLUMNS_MAX * 4];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return canvas_put(canvas, row, column, style, text);
}

unsigned canvas_put_right(struct canvas *canvas, unsigned row, unsigned end,
	enum canvas_style style, const char *text)
{
	unsigned width = canvas_width(text);
	unsigned column = end > width ? end - width : 0;
	canvas_put(canvas, row, column, style, text);
	return column;
}

static unsigned used_columns(const struct canvas *canvas, unsigned row)
{
	unsigned used = canvas->columns;
	while (used > 0 && canvas->cells[row][used - 1].glyph[0] == ' ') {
		used--;
	}
	return used;
}

static size_t append(char *line, size_t length, const char *text, size_t size)
{
	memcpy(line + length, text, size);
	return length + size;
}

size_t canvas_line(const struct canvas *canvas, unsigned row, char line[CANVAS_LINE_MAX])
{
	size_t length = 0;
	unsigned style = CANVAS_PLAIN;
	unsigned used = used_columns(canvas, row);
	for (unsigned column = 0; column < used; column++) {
		const struct canvas_cell *cell = &canvas->cells[row][column];
		/* A blank looks the same in any style. */
		if (canvas->colours && cell->style != style && cell->glyph[0] != ' ') {
			style = cell->style;
			length = append(line, length, sequences[style], strlen(sequences[style]));
		}
		length = append(
			line, length, cell->glyph, strnlen(cell->glyph, sizeof(cell->glyph)));
	}
	if (style != CANVAS_PLAIN) {
		const char *plain = sequences[CANVAS_PLAIN];
		length = append(line, length, plain, strlen(plain));
	}
	line[length] = '\0';
	return length;
}
