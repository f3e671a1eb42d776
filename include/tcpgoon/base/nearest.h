/* SPDX-License-Identifier: MIT */
/* Which of the names that there are a mistyped word was meant to be. */
#ifndef TCPGOON_BASE_NEAREST_H
#define TCPGOON_BASE_NEAREST_H

#include <limits.h>
#include <stddef.h>

/* The longest word and name that are compared. */
#define NEAREST_WORD_MAX 32

struct nearest {
	const char *word; /* as it was given */
	size_t length; /* of the word */
	const char *name; /* the best so far; NULL: none was meant */
	unsigned distance;
};

#define NEAREST_INIT(word_, length_)                                                     \
	{                                                                                \
		.word = (word_), .length = (length_), .name = NULL, .distance = UINT_MAX \
	}

/* Keeps the name if it is nearer than those before; it must outlive the struct. */
void nearest_offer(struct nearest *nearest, const char *name);

/*
 * The question behind a refusal: "; did you mean '--hold'?", where `before` is "--"; "" if no name
 * was meant. Returns `buffer`.
 */
#define NEAREST_QUESTION_MAX (NEAREST_WORD_MAX + 32)
char *nearest_ask(
	const struct nearest *nearest, const char *before, char buffer[NEAREST_QUESTION_MAX]);

/*
 * How far the word is from the name: small if they differ in few letters, or if the word is its
 * beginning. UINT_MAX if the name was hardly meant.
 */
unsigned nearest_distance(const char *word, size_t length, const char *name);

/*
 * How many letters to insert, remove, replace, or swap with their neighbour. UINT_MAX if one of the
 * two is longer than NEAREST_WORD_MAX.
 */
unsigned nearest_edits(const char *word, size_t length, const char *name);

#endif
