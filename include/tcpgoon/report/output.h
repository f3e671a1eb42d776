/* SPDX-License-Identifier: MIT */
/* Where a report goes, as -o FORMAT=PATH says. */
#ifndef TCPGOON_REPORT_OUTPUT_H
#define TCPGOON_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/report/appended.h"
#include "tcpgoon/report/place.h"
#include "tcpgoon/report/report.h"

enum output_kind {
	OUTPUT_STREAM, /* written once: a pipe, a device, a descriptor that we were given */
	OUTPUT_REPLACED, /* a file that takes its name when it is complete */
	OUTPUT_GROWING, /* a file of lines: it has its name from the start of the run */
	OUTPUT_IN_PLACE, /* a file that can only be overwritten */
	OUTPUT_APPENDED, /* a file that has other things too */
};

/* Which of the two streams the report has for itself. */
enum output_claim {
	OUTPUT_CLAIMS_NONE,
	OUTPUT_CLAIMS_STDOUT,
	OUTPUT_CLAIMS_STDERR,
};

struct stream;

struct output {
	struct report report;
	const char *name; /* as it was given; outlives this */
	enum output_kind kind;
	enum output_claim claim;
	struct place place;
	int fd; /* of a stream or a growing file; -1: none, or not open yet */
	int stop_fd; /* of a stream: its reader is not waited for where this can be read; -1: none */
	struct stream *live; /* takes lines while the run goes on; NULL: nothing does */
	int live_failure; /* of these lines: a negative errno */
	size_t sent; /* to a stream: of the report */
	bool sent_all; /* to a stream: the whole report, before its end */
	off_t grown; /* of a growing file: its length without the end of the report */
	const char *epilogue; /* what follows the report in a stream; NULL: nothing */
	bool failed; /* for whoever writes several: not to be written again */
	struct addition addition; /* to a file that has other things too */
	int told_status; /* the exit status that the file holds; -1: none of this run */
};

#define OUTPUT_INIT                                                                  \
	{                                                                            \
		.report = REPORT_INIT, .place = PLACE_INIT, .fd = -1, .stop_fd = -1, \
		.told_status = -1                                                    \
	}

/*
 * `text` is "FORMAT=PATH", where "-" is the standard output; `formats` ends with NULL. Opened
 * before a run, so that what cannot be written is known before. Until output_grow or output_write,
 * a file at PATH stays as it is, and no other is made. `text` must outlive `output`. Returns 0, or
 * -EINVAL (no such format, no path) or why PATH cannot be written, with a message.
 */
int output_open(struct output *output, const char *text, const struct report_ops *const *formats,
	FILE *standard_output, struct error *error);

/*
 * The same for a Markdown report that is added to what the file at `path` has, which must outlive
 * `output`; the file may then have FIT_SUMMARY_MAX bytes.
 */
int output_open_summary(struct output *output, const char *path, struct error *error);

/*
 * The same for a stream that is open already, of a report that has its format; for messages,
 * `name`.
 */
int output_open_stream(struct output *output, FILE *stream, const char *name, struct error *error);

/* Whether it is a named pipe, which is not opened before output_connect(). */
bool output_is_unconnected(const struct output *output);
/*
 * Opens the pipe; `wait`: until it has a reader. Returns 0, -EAGAIN where it has none, or another
 * negative errno with a message.
 */
int output_connect(struct output *output, bool wait, struct error *error);

/*
 * Gives a growing file its name, before its first line; what had the name is gone. If that file can
 * only be overwritten, it is not a growing one from now on, and is written at the end.
 * Returns 0, or a negative errno with a message, and what had the name is as it was.
 */
int output_grow(struct output *output, struct error *error);

/* How it will be written, in a few words for people: "a new file". */
const char *output_way(const struct output *output);

/* Whether both lead to the same place, so that one would overwrite the other. */
bool output_is_same(const struct output *a, const struct output *b);

/* Whether both are streams, and the same one: a terminal, or a pipe of both outputs (2>&1). */
bool output_is_shared(const struct output *a, const struct output *b);

/*
 * Sends a stream the part that does not depend on the verdict, which may be all of it. This shows
 * whether it can be written at all. Returns 0 or a negative errno with a message.
 */
int output_begin(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error);

/*
 * The rest to a stream, once; or the whole file, or the end of a growing one, as often as the
 * verdict changes. Returns 0 or a negative errno with a message. Then a file that is replaced is as
 * it was; one that grows has no end; one that is written in place may be empty, and the message
 * says so.
 */
int output_write(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error);

/*
 * Removes what output_write made of a file, or empties it, or removes a file's end. Returns 0 or a
 * negative errno.
 */
int output_withdraw(struct output *output);

/* A failure with `code`, in words; -EINTR is that of a stream that was told to stop. */
const char *output_failure(int code);

/* Accepts one that was not opened. */
void output_finish(struct output *output);

#endif
