/* SPDX-License-Identifier: MIT */
/* The one interface of all report formats, and a report as it is made. */
#ifndef TCPGOON_REPORT_REPORT_H
#define TCPGOON_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "tcpgoon/plan/settings.h"
#include "tcpgoon/result/event.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

enum report_mode {
	REPORT_WHOLE, /* a document: of no use before its end */
	REPORT_STREAM, /* lines, each of use as soon as it is written */
};

/* One of several results that are told in one report. */
struct report_part {
	const char *name; /* of the file that it was stored in */
	const struct result *result;
	const struct verdict *verdict; /* on it alone */
};

/*
 * A format: one `const` of these in a file of its own. Functions that a format does not need are
 * NULL; only `end` is required. Each writes whole lines to `out` and returns 0, or -EIO if they
 * could not be written.
 */
struct report_ops {
	const char *name; /* as in -o NAME=PATH */
	const char *extension; /* of the name of a file that holds it */
	const char *summary; /* what it is and who reads it: the end of a sentence */
	enum report_mode mode;
	size_t state_size; /* of what it remembers between calls; zeroed first */
	/* Before the first dial. */
	int (*begin)(void *state, FILE *out, const struct settings *settings);
	/* At the start, and every settings.interval_ns: the result as it is so far. */
	int (*sample)(void *state, FILE *out, const struct result *result);
	int (*event)(void *state, FILE *out, const struct event *event);
	/*
	 * The run is over. Called again if the verdict has changed since, because another report
	 * could not be written: so it must not change the state.
	 */
	int (*end)(const void *state, FILE *out, const struct result *result,
		const struct verdict *verdict);
	/*
	 * In place of `end`, of several results side by side; `verdict` is that on all of them.
	 * NULL: the format takes one.
	 */
	int (*end_many)(const void *state, FILE *out, const struct report_part *parts, size_t count,
		const struct verdict *verdict);
	bool wants_connections; /* each single one: result->connections */
	bool ignores_verdict; /* the same bytes whatever the verdict is: so it is rendered once */
	/*
	 * Why it cannot be made of a stored result, as a sentence without its stop; NULL: it can.
	 */
	const char *unstored;
};

/* A report on one run, while it is made. */
struct report {
	const struct report_ops *ops;
	void *state; /* owned */
	FILE *live; /* where lines leave at once; NULL: they are kept for the end */
	FILE *keeper; /* writes to `kept` */
	char *kept; /* owned */
	size_t kept_length;
	int failure; /* of the first line that could not be kept: a negative errno */
	const struct report_part *parts; /* what is told if there are several; NULL: one result */
	size_t part_count;
};

#define REPORT_INIT           \
	{                     \
		.state = NULL \
	}

/*
 * Begins the report: its lines before the end of the run go to `live`, which must outlive the run,
 * or are kept for report_write() if that is NULL. Returns 0 or -ENOMEM.
 */
int report_begin(struct report *report, FILE *live, const struct settings *settings);
/* Without report_begin() these do nothing. */
void report_sample(struct report *report, const struct result *result);
void report_event(struct report *report, const struct event *event);

/*
 * From now on report_write() tells these results and not the one that it is given. `parts` must
 * outlive the report. Returns 0, or -EINVAL if the format takes one.
 */
int report_set_parts(struct report *report, const struct report_part *parts, size_t count);

/*
 * Writes what is still to be written to `out`. May be repeated, and works without report_begin().
 * Returns 0, -EIO if `out` did not take it, or what the format failed with.
 */
int report_write(struct report *report, const struct result *result, const struct verdict *verdict,
	FILE *out);

/*
 * The same into memory, which the caller frees. Returns 0, -ENOMEM, or what the format failed with.
 */
int report_render(struct report *report, const struct result *result, const struct verdict *verdict,
	char **ret_text, size_t *ret_length);

/* Accepts one that was not begun. */
void report_finish(struct report *report);

#endif
