/* SPDX-License-Identifier: MIT */
/* What a run comes to: its reports and its exit status, decided in one place, last. */
#ifndef TCPGOON_CLI_OUTCOME_H
#define TCPGOON_CLI_OUTCOME_H

#include <stdio.h>

#include "cli/console.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/report/output.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

struct outcome {
	FILE *text; /* where the lines for people go: to its descriptor, during the run too */
	struct output text_output; /* the same, and the report that these lines are */
	/* Those of -o FORMAT=PATH, and the summary of --github. */
	struct output outputs[TEXT_LIST_MAX + 1];
	size_t output_count;
	bool shows_status; /* status lines are part of the text */
	int text_failure; /* of the lines before the report: a negative errno; for whoever writes them */
	int stop_fd; /* no reader is waited for where this can be read; -1: each is */
	bool annotates; /* --github: the text has annotations, or they stand alone */
	bool text_failed; /* of this run's lines some were lost */
};

/*
 * Opens what is asked for, so that what cannot be written is known before the first dial. Where the
 * standard output is given to a report, the lines for people go to the standard error; where that
 * is, what else would go there goes to the standard output.
 * Returns 0 or a negative errno with a message. Then the reports that were opened can still be
 * told, except where two go to the same place.
 */
int outcome_init(struct outcome *outcome, const struct settings *settings, struct error *error);
/*
 * Whether outcome_init() would succeed. Calls `on_output` (NULL: nothing) with each report. Changes
 * nothing. Returns 0 or a negative errno with a message.
 */
int outcome_preview(const struct settings *settings,
	void (*on_output)(void *context, const struct output *output), void *context,
	struct error *error);

/* Accepts one that was not initialised wholly. */
void outcome_finish(struct outcome *outcome);

/*
 * What is told was stored, and did not run now: one result, or several side by side. Reports that
 * are lines are given its samples; the text is not, as nobody waits. `parts` must outlive the
 * outcome. Returns 0, or -EINVAL with a message if one of the formats cannot be made of that.
 */
int outcome_take_stored(struct outcome *outcome, const struct report_part *parts, size_t count,
	struct error *error);

/* Whether a report wants each single connection. */
bool outcome_wants_connections(const struct outcome *outcome);

/*
 * Begins the text and all reports: what they have to say while the run goes on leaves by the
 * console. Returns 0 or -ENOMEM with a message.
 */
int outcome_begin(struct outcome *outcome, struct console *console, const struct settings *settings,
	struct error *error);
void outcome_sample(struct outcome *outcome, const struct result *result);
void outcome_event(struct outcome *outcome, const struct event *event);
/* The run is over: waits until the console has written the lines of the text and of the reports. */
void outcome_end_lines(struct outcome *outcome, struct console *console);

/*
 * To be called where a line of the text could not be written. If its reader has gone (`| head`) and
 * nothing else was asked for, the process ends as SIGPIPE would end it.
 */
void outcome_lose_text(const struct outcome *outcome, int code);

/*
 * Tells the result: the reports, then the text with `epilogue` (NULL: nothing) behind it. What goes
 * wrong is added to the verdict and printed. Returns the exit status, which is also that of the
 * verdict and the one that each report and the text say.
 */
int outcome_tell(struct outcome *outcome, const struct result *result, struct verdict *verdict,
	const char *epilogue);

/* The same without the text, of a run that did not begin and has none to show. */
int outcome_tell_reports(
	struct outcome *outcome, const struct result *result, struct verdict *verdict);

#endif
