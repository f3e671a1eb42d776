/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static int make_state(struct report *report)
{
	if (report->state == NULL && report->ops->state_size > 0) {
		report->state = calloc(1, report->ops->state_size);
		return report->state == NULL ? -ENOMEM : 0;
	}
	return 0;
}

static bool has_lines(const struct report_ops *ops)
{
	return ops->begin != NULL || ops->sample != NULL || ops->event != NULL;
}

static FILE *lines_of(const struct report *report)
{
	return report->live != NULL ? report->live : report->keeper;
}

/* The owner of the live stream keeps track of its failures. */
static void note(struct report *report, int r)
{
	if (r < 0 && report->failure == 0 && report->live == NULL) {
		report->failure = r;
	}
}

int report_begin(struct report *report, FILE *live, const struct settings *settings)
{
	int r = make_state(report);
	if (r < 0 || !has_lines(report->ops)) {
		return r;
	}
	report->live = live;
	if (live == NULL) {
		report->keeper = open_memstream(&report->kept, &report->kept_length);
		if (report->keeper == NULL) {
			return -ENOMEM;
		}
	}
	if (report->ops->begin != NULL) {
		note(report, report->ops->begin(report->state, lines_of(report), settings));
	}
	return 0;
}

void report_sample(struct report *report, const struct result *result)
{
	if (report->ops->sample != NULL && lines_of(report) != NULL) {
		note(report, report->ops->sample(report->state, lines_of(report), result));
	}
}

void report_event(struct report *report, const struct event *event)
{
	if (report->ops->event != NULL && lines_of(report) != NULL) {
		note(report, report->ops->event(report->state, lines_of(report), event));
	}
}

static int write_kept(struct report *report, FILE *out)
{
	if (report->failure < 0) {
		return report->failure;
	}
	if (report->keeper == NULL) {
		return 0;
	}
	if (fflush(report->keeper) != 0 || ferror(report->keeper)) {
		return -ENOMEM;
	}
	size_t written = fwrite(report->kept, 1, report->kept_length, out);
	return written == report->kept_length ? 0 : -EIO;
}

int report_set_parts(struct report *report, const struct report_part *parts, size_t count)
{
	if (report->ops->end_many == NULL) {
		return -EINVAL;
	}
	report->parts = parts;
	report->part_count = count;
	return 0;
}

static int write_end(const struct report *report, const struct result *result,
	const struct verdict *verdict, FILE *out)
{
	const struct report_ops *ops = report->ops;
	return report->parts == NULL
		? ops->end(report->state, out, result, verdict)
		: ops->end_many(report->state, out, report->parts, report->part_count, verdict);
}

int report_write(struct report *report, const struct result *result, const struct verdict *verdict,
	FILE *out)
{
	int r = make_state(report);
	if (r == 0) {
		r = write_kept(report, out);
	}
	if (r == 0) {
		r = write_end(report, result, verdict, out);
	}
	return r == 0 && ferror(out) ? -EIO : r;
}

int report_render(struct report *report, const struct result *result, const struct verdict *verdict,
	char **ret_text, size_t *ret_length)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	if (memory == NULL) {
		return -ENOMEM;
	}
	int r = report_write(report, result, verdict, memory);
	/* If the last reallocation fails, fclose() may still return 0, without a buffer. */
	bool failed = ferror(memory) != 0;
	if (fclose(memory) != 0 || text == NULL || failed) {
		r = -ENOMEM;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

void report_finish(struct report *report)
{
	if (report->keeper != NULL) {
		fclose(report->keeper);
	}
	free(report->kept);
	free(report->state);
	*report = (struct report)REPORT_INIT;
}
