/* SPDX-License-Identifier: MIT */
/* The one interface of all report formats, and a report as it is made. */
#ifndef TCPGOON_REPORT_REPORT_H
#define TCPGOON_REPORT_REPORT_H

#include <stdio.h>

#include "tcpgoon/plan/settings.h"
#include "tcpgoon/result/event.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/verdict/verdict.h"

enum report_mode {
	REPORT_WHOLE, /* a document: of no use before its end */
	REPORT_STREAM, /* lines, each of use as soon as it is written */
};

/*
 * A format: one `const` of these in a file of its own. A function that a format has no use for is
 * NULL; only `end` must be there. Each writes whole lines to `out` and returns 0, or -EIO where
 * they could not be written.
 */
struct report_ops {
	const char *name; /* as in -o NAME=PATH */
	const char *extension; /* of the name of a file that holds it */
	enum report_mode mode;
	size_t state_size; /* of what it remembers from one call to the next: all zero at first */
	/* Before the first dial. */
	int (*begin)(void *state, FILE *out, const struct settings *settings);
	/* At the start, and every settings.interval_ns. */
	int (*sample)(void *state, FILE *out, const struct snapshot *snapshot);
	int (*event)(void *state, FILE *out, const struct event *event);
	/*
	 * The run is over. Called once more where the verdict has changed since, as another report
	 * could not be written: so the state stays as it is.
	 */
	int (*end)(const void *state, FILE *out, const struct result *result,
		const struct verdict *verdict);
};

/* A report as it is made, of one run. */
struct report {
	const struct report_ops *ops;
	void *state; /* owned */
	FILE *live; /* where lines leave at once; NULL: they are kept for the end */
	FILE *keeper; /* writes to `kept` */
	char *kept; /* owned */
	size_t kept_length;
	int failure; /* of the first line that could not be kept: a negative errno */
};

#define REPORT_INIT           \
	{                     \
		.state = NULL \
	}

/*
 * Begins it: what it has to say before the run is over goes to `live`, which must outlive the run,
 * or is kept for report_render() where that is NULL. Returns 0 or -ENOMEM.
 */
int report_begin(struct report *report, FILE *live, const struct settings *settings);
/* Of a report that was not begun, these do nothing. */
void report_sample(struct report *report, const struct snapshot *snapshot);
void report_event(struct report *report, const struct event *event);

/*
 * What is still to be written, in memory, which is the caller's: free(). May be repeated, and also
 * be asked of a report that was not begun. Returns 0, -ENOMEM, or what the format failed with.
 */
int report_render(struct report *report, const struct result *result, const struct verdict *verdict,
	char **ret_text, size_t *ret_length);

/* Accepts one that was not begun. */
void report_finish(struct report *report);

#endif
