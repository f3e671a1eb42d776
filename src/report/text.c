/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/text.h"

#include <errno.h>

#include "report/go_lines.h"
#include "report/summary.h"

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

const struct report_ops report_text = {
	.name = "text",
	.extension = "txt",
	.summary = "what a run prints",
	.mode = REPORT_STREAM,
	.sample = text_sample,
	.end = text_end,
};
