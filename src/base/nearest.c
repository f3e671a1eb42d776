/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/nearest.h"

#include <stdio.h>
#include <string.h>

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

#define ROW_LENGTH (NEAREST_WORD_MAX + 1)

/*
 * Levenshtein's distance with neighbours that changed places (optimal string alignment): row i has
 * how far the first i letters of the word are from the first j of the name. Only three rows are
 * looked at.
 */
unsigned nearest_edits(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	if (length > NEAREST_WORD_MAX || name_length > NEAREST_WORD_MAX) {
		return UINT_MAX;
	}
	unsigned rows[3][ROW_LENGTH];
	for (unsigned j = 0; j <= name_length; j++) {
		rows[0][j] = j;
	}
	for (unsigned i = 1; i <= length; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *before = rows[(i - 1) % 3];
		const unsigned *two_before = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= name_length; j++) {
			unsigned replaced = before[j - 1] + (word[i - 1] != name[j - 1]);
			row[j] = min_of(replaced, min_of(before[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && word[i - 1] == name[j - 2] &&
				word[i - 2] == name[j - 1]) {
				row[j] = min_of(row[j], two_before[j - 2] + 1);
			}
		}
	}
	return rows[length % 3][name_length];
}

unsigned nearest_distance(const char *word, size_t length, const char *name)
{
	if (length >= 2 && strncmp(word, name, length) == 0) {
		return 1;
	}
	unsigned edits = nearest_edits(word, length, name);
	return edits <= 2 && edits * 2 <= length ? edits : UINT_MAX;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned distance = nearest_distance(nearest->word, nearest->length, name);
	if (distance < nearest->distance) {
		nearest->name = name;
		nearest->distance = distance;
	}
}

char *nearest_ask(
	const struct nearest *nearest, const char *before, char buffer[NEAREST_QUESTION_MAX])
{
	buffer[0] = '\0';
	if (nearest->name != NULL) {
		snprintf(buffer, NEAREST_QUESTION_MAX, "; did you mean '%s%s'?", before,
			nearest->name);
	}
	return buffer;
}
