/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/text.h"

#include <errno.h>

#include "report/go_lines.h"
#include "report/summary.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/report/github.h"

/* Each line leaves at once, into a pipe too: a reader gets the lines as they are written. */
static int flush(FILE *out)
{
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

static int text_sample(void *state, FILE *out, const struct result *result)
{
	(void)state;
	go_lines_status(out, &result->at_end);
	return flush(out);
}

static int text_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	go_lines_result(out, result);
	summary_print(out, result, verdict);
	return flush(out);
}

static void print_parts(FILE *out, const struct report_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputs("=== ", out);
		escape_write(out, parts[i].name);
		fputs(" ===\n", out);
		go_lines_result(out, parts[i].result);
		summary_print_one(out, parts[i].result, parts[i].verdict);
		fputc('\n', out);
	}
}

/* One after the other; the exit status is in the last line here too. */
static int text_end_many(const void *state, FILE *out, const struct report_part *parts,
	size_t count, const struct verdict *verdict)
{
	(void)state;
	print_parts(out, parts, count);
	summary_print_all(out, count, verdict);
	return flush(out);
}

/* The annotations stand before the exit status, which is the last line here too. */
static int text_end_for_github(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	go_lines_result(out, result);
	summary_print_one(out, result, verdict);
	github_annotations_write(out, result, verdict);
	summary_print_status(out, verdict);
	return flush(out);
}

static int text_end_many_for_github(const void *state, FILE *out, const struct report_part *parts,
	size_t count, const struct verdict *verdict)
{
	(void)state;
	print_parts(out, parts, count);
	github_annotations_write(out, NULL, verdict);
	summary_print_all(out, count, verdict);
	return flush(out);
}

const struct report_ops report_text = {
	.name = "text",
	.extension = "txt",
	.summary = "what a run prints",
	.mode = REPORT_STREAM,
	.sample = text_sample,
	.end = text_end,
	.end_many = text_end_many,
};

const struct report_ops report_text_for_github = {
	.name = "text",
	.extension = "txt",
	.summary = "what a run prints, with annotations",
	.mode = REPORT_STREAM,
	.sample = text_sample,
	.end = text_end_for_github,
	.end_many = text_end_many_for_github,
};
