/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/nearest.h"

#include <stdio.h>
#include <string.h>

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance. */
unsigned nearest_edits(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	if (length > NEAREST_WORD_MAX || name_length > NEAREST_WORD_MAX) {
		return UINT_MAX;
	}
	unsigned row[NEAREST_WORD_MAX + 1];
	for (unsigned j = 0; j <= name_length; j++) {
		row[j] = j;
	}
	for (unsigned i = 1; i <= length; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= name_length; j++) {
			unsigned replaced = diagonal + (word[i - 1] != name[j - 1]);
			diagonal = row[j];
			row[j] = min_of(replaced, min_of(row[j], row[j - 1]) + 1);
		}
	}
	return row[name_length];
}

unsigned nearest_distance(const char *word, size_t length, const char *name)
{
	if (length >= 2 && strncmp(word, name, length) == 0) {
		return 1;
	}
	unsigned edits = nearest_edits(word, length, name);
	/* Two swapped letters count as two errors; more than half of the word must be right. */
	return edits <= 2 && edits * 2 <= length + 1 ? edits : UINT_MAX;
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
