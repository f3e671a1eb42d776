/* SPDX-License-Identifier: MIT */
/*
 * The page is one file that opens without a network. Its style, its script and Chart.js are put
 * together at build time; the policy in its head names them by their hashes, so a browser would not
 * run what came in with the name of a host. It still does not come in: texts of a run are data of a
 * JSON element, and the characters by which such an element could be left are written as escapes.
 */
#include "report/page.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "tcpgoon/base/cleanup.h"

int page_write(FILE *out, enum page_part part)
{
	const struct page_piece *piece = &page_pieces[part];
	CLEANUP(cleanup_free) unsigned char *text = malloc(piece->length);
	uLongf length = piece->length;
	if (text == NULL || uncompress(text, &length, piece->data, piece->packed_length) != Z_OK) {
		return -ENOMEM; /* our own data: nothing else can be wrong with it */
	}
	return fwrite(text, 1, length, out) == length ? 0 : -EIO;
}

/* NULL: the character is written as it is. */
static const char *html_escape(char character)
{
	switch (character) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

void page_write_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *escape = html_escape(*text);
		if (escape != NULL) {
			fputs(escape, out);
		} else {
			fputc(*text, out);
		}
	}
}

/* These occur in strings only, where an escape means the same. */
static int write_piece(const char *text, size_t length, void *context)
{
	FILE *out = context;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '<' || text[i] == '>' || text[i] == '&') {
			fprintf(out, "\\u%04x", (unsigned)text[i]);
		} else {
			fputc(text[i], out);
		}
	}
	return ferror(out) ? -1 : 0;
}

int page_write_json(FILE *out, const json_t *value)
{
	return json_dump_callback(value, write_piece, out, JSON_COMPACT) == 0 ? 0 : -EIO;
}
