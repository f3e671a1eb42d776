/* SPDX-License-Identifier: MIT */
/* Where a report goes, as -o FORMAT=PATH says: written whole, or not at all. */
#ifndef TCPGOON_REPORT_OUTPUT_H
#define TCPGOON_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/report/report.h"

struct output {
	const struct report_ops *format;
	FILE *file;
	const char *name; /* as it was given; outlives this */
	char *path; /* what is replaced at the end; NULL: written in place */
	char *temporary; /* beside it, until then */
};

#define OUTPUT_INIT          \
	{                    \
		.file = NULL \
	}

/* Whether `text` is "FORMAT=-": the report is to have the standard output for itself. */
bool output_is_standard(const char *text);

/* Whether both are "FORMAT=PATH" with the same PATH, so that one would undo the other. */
bool output_is_same(const char *a, const char *b);

/*
 * `text` is "FORMAT=PATH", where "-" is `standard_output`; `formats` ends with NULL. Opened before
 * a run, so that what cannot be written is known before. Until output_write, a file at PATH stays
 * as it is. What is no regular file (a terminal, a pipe, /dev/null) is written in place. `text`
 * must stay as long as `output`.
 * Returns 0, -EINVAL (no such format, no path), or why PATH cannot be written, with a message.
 */
int output_open(struct output *output, const char *text, const struct report_ops *const *formats,
	FILE *standard_output, struct error *error);

/* Once. Returns 0 or a negative errno with a message; then the file at PATH is as it was. */
int output_write(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error);

/* Removes what was not written. Accepts one that was not opened. */
void output_finish(struct output *output);

#endif
