/* SPDX-License-Identifier: MIT */
/*
 * The order in which the result is written
 *
 * The exit status appears in several places: in the last line of the text, in each report, and as
 * that of the process. It becomes 1 if one of these cannot be written, so none can be written first
 * and be sure. The order follows from what can be taken back: a file can be written again; what a
 * pipe, a terminal or a log has received cannot.
 *
 * 0. Everything else that can change the status is over: the run, the end of the demo's server.
 * 1. Each stream, of the text and of the reports, is sent its beginning up to the first line that
 *    the status can change. A full disk or a closed pipe shows here, before any status is written.
 *    If the text shares its stream with a report (2>&1), nothing is sent: the report tries it.
 * 2. The files are written, complete with the status so far; one that grew during the run gets its
 *    end. A failure makes it 1.
 * 3. The reports that are streams are sent the rest. A failure makes the status 1.
 * 4. The text is sent the rest; "Exit status N." is its last line.
 * 5. Each file that has another status is written again, or the end of one that grew. If that is
 *    impossible, the file is removed, or that end: no report rather than a wrong one. The summary of
 *    --github is a part of a file, and that part is taken back.
 *
 * So after any single failure, text, reports and process agree, or the one that failed breaks off
 * before its status or within it. With two failures in two streams one case remains: a report in a
 * pipe has been read to its end, and then the next stream, which has taken its beginning, does not
 * take its end. What was read cannot be corrected.
 *
 * Progress lines and messages on the standard error do not count: if they cannot be written,
 * nothing changes.
 */
#include "cli/outcome.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/replay.h"
#include "cli/surroundings.h"
#include "tcpgoon/report/formats.h"
#include "tcpgoon/report/github.h"
#include "tcpgoon/report/text.h"

static int check_places(const struct outcome *outcome, struct error *error)
{
	bool claimed[] = {false, false, false};
	for (size_t i = 0; i < outcome->output_count; i++) {
		const struct output *output = &outcome->outputs[i];
		claimed[output->claim] = true;
		for (size_t j = 0; j < i; j++) {
			if (output_is_same(output, &outcome->outputs[j])) {
				return error_set(error, -EINVAL,
					"-o, --output: '%s=%.300s' goes to the same place as another report: "
					"give each its own path",
					output->report.ops->name, output->name);
			}
		}
	}
	if (claimed[OUTPUT_CLAIMS_STDOUT] && claimed[OUTPUT_CLAIMS_STDERR]) {
		return error_set(error, -EINVAL,
			"-o, --output: reports on both the standard output and the standard "
			"error leave no place for the text: write one of them to a file");
	}
	return 0;
}

/* The file that GitHub shows beside a step. */
static int open_summary(struct outcome *outcome, struct error *error)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	struct output output = OUTPUT_INIT;
	if (path == NULL || path[0] == '\0') {
		return error_set(error, -EINVAL,
			"--github: GITHUB_STEP_SUMMARY is not set, which names the file for the "
			"summary in a step of GitHub Actions: give --github there only");
	}
	int r = output_open_summary(&output, path, error);
	if (r < 0) {
		error_prefix(error, "--github");
		return r;
	}
	outcome->outputs[outcome->output_count++] = output;
	return 0;
}

/* All that can be, so that they can be told why one cannot. */
static int open_outputs(
	struct outcome *outcome, const struct settings *settings, struct error *error)
{
	const struct text_list *texts = &settings->outputs;
	int first = 0;
	for (size_t i = 0; i < texts->count; i++) {
		struct error *where = first == 0 ? error : NULL;
		struct output output = OUTPUT_INIT;
		int r = output_open(&output, texts->items[i], report_formats, stdout, where);
		if (r == 0) {
			outcome->outputs[outcome->output_count++] = output;
		} else if (first == 0) {
			first = r;
			error_prefix(error, "--output");
		}
	}
	if (settings->github) {
		int r = open_summary(outcome, first == 0 ? error : NULL);
		first = first == 0 ? r : first;
	}
	return first;
}

static int connect_pipe(struct output *output, struct error *error)
{
	int r = output_connect(output, false, error);
	if (r == -EAGAIN) {
		struct error notice;
		error_set(&notice, 0, "'%.300s' is a pipe without a reader: waiting for one",
			output->name);
		command_fail(&notice);
		r = output_connect(output, true, error);
	}
	return r;
}

static int connect_pipes(struct outcome *outcome, struct error *error)
{
	for (size_t i = 0; i < outcome->output_count; i++) {
		struct output *output = &outcome->outputs[i];
		int r = output_is_unconnected(output) ? connect_pipe(output, error) : 0;
		if (r < 0) {
			error_prefix(error, "--output");
			return r;
		}
	}
	return 0;
}

static void forget_outputs(struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->output_count; i++) {
		output_finish(&outcome->outputs[i]);
	}
	outcome->output_count = 0;
}

/* Moves the text out of the way of a report that has a stream for itself. */
static int clear_streams(struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->output_count; i++) {
		switch (outcome->outputs[i].claim) {
		case OUTPUT_CLAIMS_NONE:
			break;
		case OUTPUT_CLAIMS_STDOUT:
			outcome->text = stderr;
			break;
		case OUTPUT_CLAIMS_STDERR:
			if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
				return -errno;
			}
			break;
		}
	}
	return 0;
}

int outcome_init(struct outcome *outcome, const struct settings *settings, struct error *error)
{
	outcome->text = stdout;
	outcome->text_output = (struct output)OUTPUT_INIT;
	outcome->text_output.report.ops = settings->github ? &report_text_for_github : &report_text;
	outcome->annotates = settings->github;
	outcome->output_count = 0;
	outcome->shows_status = true;
	outcome->text_failed = false;
	outcome->text_failure = 0;
	outcome->stop_fd = -1;
	/*
	 * If the reader of a stream exits, go on: others are to be written. See
	 * outcome_lose_text().
	 */
	signal(SIGPIPE, SIG_IGN);
	int r = open_outputs(outcome, settings, error);
	int conflict = check_places(outcome, r == 0 ? error : NULL);
	if (conflict < 0) {
		forget_outputs(outcome);
		return r == 0 ? conflict : r;
	}
	if (clear_streams(outcome) < 0) {
		return error_set(error, -EBADF, "the standard output is not open");
	}
	return r == 0 ? connect_pipes(outcome, error) : r;
}

int outcome_preview(const struct settings *settings,
	void (*on_output)(void *context, const struct output *output), void *context,
	struct error *error)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	if (outcome == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the reports");
	}
	int r = open_outputs(outcome, settings, error);
	if (r == 0) {
		r = check_places(outcome, error);
	}
	for (size_t i = 0; r == 0 && on_output != NULL && i < outcome->output_count; i++) {
		on_output(context, &outcome->outputs[i]);
	}
	forget_outputs(outcome);
	free(outcome);
	return r;
}

void outcome_finish(struct outcome *outcome)
{
	forget_outputs(outcome);
	output_finish(&outcome->text_output);
}

static int take_stored(
	struct output *output, const struct report_part *parts, size_t count, struct error *error)
{
	const struct report_ops *ops = output->report.ops;
	if (ops->unstored != NULL) {
		return error_set(error, -EINVAL,
			"-o, --output: '%s' cannot be made of a stored result: %s", ops->name,
			ops->unstored);
	}
	if (count > 1 && report_set_parts(&output->report, parts, count) < 0) {
		return error_set(error, -EINVAL,
			"-o, --output: '%s' takes one result, but %zu were given: make one report "
			"of each",
			ops->name, count);
	}
	bool lines = ops->mode == REPORT_STREAM && ops->sample != NULL;
	return lines ? replay(&output->report, parts[0].result, error) : 0;
}

int outcome_take_stored(
	struct outcome *outcome, const struct report_part *parts, size_t count, struct error *error)
{
	int r = 0;
	if (count > 1) {
		r = report_set_parts(&outcome->text_output.report, parts, count);
	}
	for (size_t i = 0; r == 0 && i < outcome->output_count; i++) {
		r = take_stored(&outcome->outputs[i], parts, count, error);
	}
	return r;
}

bool outcome_wants_connections(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->output_count; i++) {
		if (outcome->outputs[i].report.ops->wants_connections) {
			return true;
		}
	}
	return false;
}

/* Lines leave at once if they are of use before the end, to a stream or a growing file. */
static bool is_live(const struct output *output)
{
	return output->report.ops->mode == REPORT_STREAM && output->fd >= 0;
}

static int begin_output(struct output *output, struct console *console,
	const struct settings *settings, struct error *error)
{
	int r = output->kind == OUTPUT_GROWING ? output_grow(output, error) : 0;
	if (r < 0) {
		error_prefix(error, "--output");
		return r;
	}
	r = -ENOMEM;
	if (!is_live(output)) {
		r = report_begin(&output->report, NULL, settings);
	} else {
		output->live = console_add(console, output->fd);
		if (output->live != NULL) {
			r = report_begin(&output->report, output->live->file, settings);
		}
	}
	return r < 0 ? error_set(error, r, "out of memory for the report '%.300s'", output->name)
		     : 0;
}

int outcome_begin(struct outcome *outcome, struct console *console, const struct settings *settings,
	struct error *error)
{
	int r = report_begin(&outcome->text_output.report, console->text->file, settings);
	if (r < 0) {
		return error_set(error, r, "out of memory for the text");
	}
	for (size_t i = 0; r == 0 && i < outcome->output_count; i++) {
		r = begin_output(&outcome->outputs[i], console, settings, error);
	}
	return r;
}

void outcome_sample(struct outcome *outcome, const struct result *result)
{
	if (outcome->shows_status) {
		report_sample(&outcome->text_output.report, result);
	}
	for (size_t i = 0; i < outcome->output_count; i++) {
		report_sample(&outcome->outputs[i].report, result);
	}
}

void outcome_event(struct outcome *outcome, const struct event *event)
{
	report_event(&outcome->text_output.report, event);
	for (size_t i = 0; i < outcome->output_count; i++) {
		report_event(&outcome->outputs[i].report, event);
	}
}

void outcome_end_lines(struct outcome *outcome, struct console *console)
{
	outcome->text_failure = console_end_text(console, outcome->stop_fd);
	for (size_t i = 0; i < outcome->output_count; i++) {
		struct output *output = &outcome->outputs[i];
		if (output->live != NULL) {
			output->live_failure = console_end_report(output->live, outcome->stop_fd);
			output->live = NULL;
		}
	}
}

/* Everything needed to handle a failure on the way. */
struct telling {
	struct outcome *outcome;
	const struct result *result;
	struct verdict *verdict;
};

/* Prints why a report could not be written, and makes it count. */
static void fail_report(struct telling *telling, const struct output *output, struct error *error)
{
	struct error reason;
	error_set(&reason, 0, "The report %s.", error->text);
	verdict_fail(telling->verdict, reason.text);
	error_prefix(error, "%s", output->kind == OUTPUT_APPENDED ? "--github" : "--output");
	command_fail(error);
}

void outcome_lose_text(const struct outcome *outcome, int code)
{
	if (code == -EPIPE && outcome->text == stdout && outcome->output_count == 0) {
		surroundings_leave(SIGPIPE);
	}
}

static void fail_text(struct telling *telling, int code)
{
	struct error error;
	struct outcome *outcome = telling->outcome;
	if (outcome->text_failed) {
		return;
	}
	outcome_lose_text(outcome, code);
	outcome->text_failed = true;
	error_set(&error, 0, "The text could not be written: %s.", output_failure(code));
	verdict_fail(telling->verdict, error.text);
	bool out = outcome->text == stdout;
	bool closed = surroundings_was_closed(out ? STDOUT_FILENO : STDERR_FILENO);
	error_set(&error, code, "standard %s could not be written: %s", out ? "output" : "error",
		closed ? "it was closed at the start" : output_failure(code));
	command_fail(&error);
	clearerr(outcome->text); /* main would find it again */
}

/* Whether a report goes to the same terminal or pipe: then one would be inside the other. */
static bool is_shared(const struct outcome *outcome, const struct output *text)
{
	for (size_t i = 0; i < outcome->output_count; i++) {
		if (output_is_shared(text, &outcome->outputs[i])) {
			return true;
		}
	}
	return false;
}

/* Lost lines of the run count too: half a result must not look like a whole one. */
static void begin_text(struct telling *telling, struct output *text, const char *epilogue)
{
	FILE *stream = telling->outcome->text;
	struct error error;
	int r = telling->outcome->text_failure;
	if (r == 0 && fflush(stream) != 0) {
		r = -errno;
	}
	if (r == 0) {
		r = output_open_stream(text, stream, "the text", &error);
	}
	if (r == 0) {
		text->stop_fd = telling->outcome->stop_fd;
		text->epilogue = epilogue;
	}
	if (r == 0 && !is_shared(telling->outcome, text)) {
		r = output_begin(text, telling->result, telling->verdict, &error);
	}
	/* stdio has forgotten the reason by now. */
	if (r == 0 && stream == stdout && ferror(stream)) {
		r = -EIO;
	}
	if (r < 0) {
		fail_text(telling, r);
	}
}

static void end_text(struct telling *telling, struct output *text)
{
	struct error error;
	if (!telling->outcome->text_failed) {
		int r = output_write(text, telling->result, telling->verdict, &error);
		if (r < 0) {
			fail_text(telling, r);
		}
	}
}

typedef int output_function(struct output *output, const struct result *result,
	const struct verdict *verdict, struct error *error);

/* A report that failed once is not tried again. */
static void for_each_output(struct telling *telling, bool streams, output_function *function)
{
	struct outcome *outcome = telling->outcome;
	for (size_t i = 0; i < outcome->output_count; i++) {
		struct output *output = &outcome->outputs[i];
		struct error error;
		if (output->failed || (output->kind == OUTPUT_STREAM) != streams) {
			continue;
		}
		if (function(output, telling->result, telling->verdict, &error) < 0) {
			output->failed = true;
			fail_report(telling, output, &error);
		}
	}
}

/* Corrects a file that holds another status than the one returned. */
static void correct(struct telling *telling, struct output *output)
{
	struct error error;
	int status = (int)telling->verdict->exit_status;
	if (output->kind == OUTPUT_STREAM || output->told_status < 0 ||
		output->told_status == status) {
		return;
	}
	if (output_write(output, telling->result, telling->verdict, &error) < 0 &&
		output_withdraw(output) < 0) {
		error_prefix(&error, "--output: a wrong exit status stays in it");
		command_fail(&error);
	}
}

/* Without the text they stand alone. */
static void tell_annotations(struct telling *telling)
{
	struct outcome *outcome = telling->outcome;
	bool several = outcome->text_output.report.parts != NULL;
	github_annotations_write(outcome->text, several ? NULL : telling->result, telling->verdict);
	if (fflush(outcome->text) != 0 || ferror(outcome->text)) {
		fail_text(telling, -EIO);
	}
}

static int tell(struct telling *telling, struct output *text, const char *epilogue)
{
	struct outcome *outcome = telling->outcome;
	for (size_t i = 0; i < outcome->output_count; i++) {
		outcome->outputs[i].stop_fd = outcome->stop_fd;
	}
	if (text != NULL) {
		begin_text(telling, text, epilogue);
	}
	for_each_output(telling, true, output_begin);
	for_each_output(telling, false, output_write);
	for_each_output(telling, true, output_write);
	if (text != NULL) {
		end_text(telling, text);
	} else if (outcome->annotates) {
		tell_annotations(telling);
	}
	for (size_t i = 0; i < outcome->output_count; i++) {
		correct(telling, &outcome->outputs[i]);
	}
	return (int)telling->verdict->exit_status;
}

int outcome_tell(struct outcome *outcome, const struct result *result, struct verdict *verdict,
	const char *epilogue)
{
	struct telling telling = {outcome, result, verdict};
	return tell(&telling, &outcome->text_output, epilogue);
}

int outcome_tell_reports(
	struct outcome *outcome, const struct result *result, struct verdict *verdict)
{
	struct telling telling = {outcome, result, verdict};
	return tell(&telling, NULL, NULL);
}
