/* SPDX-License-Identifier: MIT */
/*
 * Text that users give often comes from scripts, other people's lists and the network. Printed
 * verbatim, a carriage return hides what is before it, an escape sequence recolours or retitles the
 * terminal, and a character that reverses the writing direction makes one name look like another.
 *
 * Characters that Unicode calls letters, marks, numbers, punctuation, symbols and blanks are shown
 * as they are; controls, formats, private and unassigned ones are escaped.
 */
#include "tcpgoon/base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

/* How many bytes, up to the NUL, may belong to the first character. */
static size_t reach(const char *text)
{
	return strnlen(text, 4);
}

/* Decodes the first character. Returns its length in bytes, or 0 if it is not UTF-8. */
static size_t decode(const char *text, ucs4_t *ret_character)
{
	int length = u8_mbtoucr(ret_character, (const uint8_t *)text, reach(text));
	return length > 0 ? (size_t)length : 0;
}

static bool is_shown(ucs4_t character)
{
	const uint32_t hidden = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;
	return !uc_is_general_category_withtable(character, hidden);
}

static size_t write_control(ucs4_t character, char piece[ESCAPE_PIECE_MAX])
{
	static const char letters[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char letter = character < sizeof(letters) ? letters[character] : '\0';
	const char *format = letter != '\0' ? "\\%c"
		: character < 0x80          ? "\\x%02x"
		: character < 0x10000       ? "\\u%04x"
					    : "\\U%08x";
	return (size_t)snprintf(
		piece, ESCAPE_PIECE_MAX, format, letter != '\0' ? (unsigned)letter : character);
}

size_t escape_next(const char **cursor, char piece[ESCAPE_PIECE_MAX])
{
	if (**cursor == '\0') {
		return 0;
	}
	ucs4_t character;
	size_t length = decode(*cursor, &character);
	if (length == 0) {
		unsigned byte = (unsigned char)*(*cursor)++;
		return (size_t)snprintf(piece, ESCAPE_PIECE_MAX, "\\x%02x", byte);
	}
	if (!is_shown(character)) {
		*cursor += length;
		return write_control(character, piece);
	}
	memcpy(piece, *cursor, length);
	piece[length] = '\0';
	*cursor += length;
	return length;
}

int escape_columns(const char *piece)
{
	return u8_strwidth((const uint8_t *)piece, "UTF-8");
}

void escape_write(FILE *out, const char *text)
{
	char piece[ESCAPE_PIECE_MAX];
	while (escape_next(&text, piece) > 0) {
		fputs(piece, out);
	}
}

void escape_write_replaced(FILE *out, const char *text, const char *(*replace)(char character))
{
	char piece[ESCAPE_PIECE_MAX];
	while (escape_next(&text, piece) > 0) {
		for (const char *at = piece; *at != '\0'; at++) {
			const char *replaced = replace(*at);
			if (replaced != NULL) {
				fputs(replaced, out);
			} else {
				fputc(*at, out);
			}
		}
	}
}

char *escape_to_utf8(const char *text)
{
	/* At worst, each byte becomes four. */
	char *whole = malloc(4 * strlen(text) + 1);
	char *end = whole;
	while (whole != NULL && *text != '\0') {
		ucs4_t character;
		size_t length = decode(text, &character);
		if (length > 0) {
			memcpy(end, text, length);
			end += length;
			text += length;
		} else {
			end += sprintf(end, "\\x%02x", (unsigned)(unsigned char)*text++);
		}
	}
	if (whole != NULL) {
		*end = '\0';
	}
	return whole;
}
