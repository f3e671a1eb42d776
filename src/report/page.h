/* SPDX-License-Identifier: MIT */
/* The page of the format html: its fixed parts, and what is written between them, made harmless. */
#ifndef TCPGOON_REPORT_PAGE_H
#define TCPGOON_REPORT_PAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* In the order in which they are written. */
enum page_part {
	PAGE_BEFORE_TITLE,
	PAGE_BEFORE_TEXT, /* the report for people, for a reader without scripts */
	PAGE_BEFORE_DATA,
	PAGE_AFTER_DATA,
	PAGE_PARTS,
};

/* A part as it was made at build time, by page/embed.py: compressed by zlib. */
struct page_piece {
	const unsigned char *data;
	size_t packed_length;
	size_t length;
};

extern const struct page_piece page_pieces[PAGE_PARTS];

/* Returns 0, -EIO, or -ENOMEM. */
int page_write(FILE *out, enum page_part part);

/* A text as HTML. */
void page_write_text(FILE *out, const char *text);

/*
 * JSON that no string in it can leave: "</script>" and "<!--" mean something to a browser even there.
 * Returns 0 or -EIO.
 */
int page_write_json(FILE *out, const json_t *value);

#endif
