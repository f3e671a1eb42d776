/* SPDX-License-Identifier: MIT */
/*
 * The columns are the members of a sample in the JSON report, units in their names, and a field is
 * empty where the JSON has null. Numbers alone need no quotes, so each line is one of RFC 4180; but
 * it ends in LF, as a reader of that format takes it and a CR would be part of the last field for
 * cut, awk and sort.
 */
#include "report/csv.h"

#include <errno.h>
#include <inttypes.h>

#include "report/json_layout.h"

static void write_header(FILE *out)
{
	for (size_t i = 0; i < json_layout_sample.count; i++) {
		fprintf(out, "%s%s", i > 0 ? "," : "", json_layout_sample.fields[i].name);
	}
	fputc('\n', out);
}

static void write_sample(FILE *out, const struct snapshot *sample)
{
	for (size_t i = 0; i < json_layout_sample.count; i++) {
		const struct json_field *field = &json_layout_sample.fields[i];
		uint64_t value = *(const uint64_t *)((const char *)sample + field->offset);
		fputs(i > 0 ? "," : "", out);
		if (value != RESULT_UNKNOWN) {
			fprintf(out, "%" PRIu64, value);
		}
	}
	fputc('\n', out);
}

static int csv_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)verdict;
	write_header(out);
	for (size_t i = 0; i < result->series.count; i++) {
		write_sample(out, &result->series.samples[i]);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

const struct report_ops report_csv = {
	.name = "csv",
	.extension = "csv",
	.summary = "the counts over time as a table, a line a sample",
	.mode = REPORT_WHOLE,
	.end = csv_end,
	.ignores_verdict = true,
};
