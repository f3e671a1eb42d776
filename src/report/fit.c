/* SPDX-License-Identifier: MIT */
#include "report/fit.h"

#include <string.h>

/* A paragraph of its own, also behind a table. */
static const char cut_here[] = "\n_The rest is left out: there is no room for more._\n";

size_t fit_lines(char *text, size_t length, size_t room)
{
	const size_t note = sizeof(cut_here) - 1;
	if (length <= room) {
		return length;
	}
	if (room < note) {
		return 0;
	}
	const char *end = memrchr(text, '\n', room - note);
	size_t kept = end != NULL ? (size_t)(end - text) + 1 : 0;
	memcpy(text + kept, cut_here, note);
	return kept + note;
}
