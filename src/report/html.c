/* SPDX-License-Identifier: MIT */
/*
 * The page is written once with its data, and its script shows them (page/). For whoever reads it
 * without scripts, as some archives of CI systems show it, the text of the run is in it too.
 */
#include "report/html.h"

#include <errno.h>
#include <stdlib.h>

#include "report/page.h"
#include "report/page_data.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/report/text.h"

static int write_title(FILE *out, const struct report_part *parts, size_t count)
{
	const char *host = parts[0].result->settings.host;
	CLEANUP(cleanup_free) char *shown = escape_to_utf8(host != NULL ? host : "no target");
	if (shown == NULL) {
		return -ENOMEM;
	}
	fputs("tcpgoon: ", out);
	page_write_text(out, shown);
	if (count > 1) {
		fprintf(out, " and %zu more", count - 1);
	}
	return 0;
}

static int write_text(
	FILE *out, const struct report_part *parts, size_t count, const struct verdict *verdict)
{
	CLEANUP(cleanup_free) char *text = NULL;
	size_t length = 0;
	struct report report = REPORT_INIT;
	report.ops = &report_text;
	int r = count > 1 ? report_set_parts(&report, parts, count) : 0;
	if (r == 0) {
		r = report_render(&report, parts[0].result, verdict, &text, &length);
	}
	if (r == 0) {
		page_write_text(out, text);
	}
	report_finish(&report);
	return r;
}

static int write_data(
	FILE *out, const struct report_part *parts, size_t count, const struct verdict *verdict)
{
	json_t *data = page_data_make(parts, count, verdict);
	if (data == NULL) {
		return -ENOMEM;
	}
	int r = page_write_json(out, data);
	json_decref(data);
	return r;
}

static int html_end_many(const void *state, FILE *out, const struct report_part *parts,
	size_t count, const struct verdict *verdict)
{
	typedef int write_function(FILE * out, const struct report_part *parts, size_t count,
		const struct verdict *verdict);
	(void)state;
	static write_function *const between[] = {
		[PAGE_BEFORE_TEXT] = write_text,
		[PAGE_BEFORE_DATA] = write_data,
	};
	int r = page_write(out, PAGE_BEFORE_TITLE);
	if (r == 0) {
		r = write_title(out, parts, count);
	}
	for (int i = PAGE_BEFORE_TEXT; r == 0 && i < PAGE_AFTER_DATA; i++) {
		r = page_write(out, (enum page_part)i);
		if (r == 0) {
			r = between[i](out, parts, count, verdict);
		}
	}
	if (r == 0) {
		r = page_write(out, PAGE_AFTER_DATA);
	}
	return r == 0 && fflush(out) != 0 ? -EIO : r;
}

static int html_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	const struct report_part part = {.result = result, .verdict = verdict};
	return html_end_many(state, out, &part, 1, verdict);
}

const struct report_ops report_html = {
	.name = "html",
	.extension = "html",
	.summary = "a page with charts, for a browser, that needs no network",
	.mode = REPORT_WHOLE,
	.end = html_end,
	.end_many = html_end_many,
};
