/* SPDX-License-Identifier: MIT */
/*
 * The order is that of the text: what the result is, why and what to change, then the numbers.
 *
 * Words of the user and of the host are escaped, so that they cannot become a heading, a link or
 * HTML. GitHub shows at most a mebibyte. All that has no bound by itself is cut to one, and the
 * whole is too.
 */
#include "report/markdown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "report/fit.h"
#include "report/target.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

static const char *escape_of(char character)
{
	static const char *const escapes[] = {
		['<'] = "&lt;",
		['>'] = "&gt;",
		['&'] = "&amp;",
		['@'] = "&#64;",
		['\\'] = "\\\\",
		['`'] = "\\`",
		['*'] = "\\*",
		['_'] = "\\_",
		['['] = "\\[",
		[']'] = "\\]",
		['#'] = "\\#",
		['!'] = "\\!",
		['|'] = "\\|",
		['~'] = "\\~",
		['$'] = "\\$",
	};
	unsigned char index = (unsigned char)character;
	return index < sizeof(escapes) / sizeof(escapes[0]) ? escapes[index] : NULL;
}

static void print_escaped(FILE *out, const char *text)
{
	escape_write_replaced(out, text, escape_of);
}

/* ---- What it comes to ------------------------------------------------------------------------ */

#define WORD_SHOWN_MAX 300

/* Cuts UTF-8 behind a whole character. */
static void cut_word(char *word)
{
	size_t length = strlen(word);
	if (length <= WORD_SHOWN_MAX) {
		return;
	}
	length = WORD_SHOWN_MAX - strlen("...");
	while (length > 0 && ((unsigned char)word[length] & 0xc0) == 0x80) {
		length--;
	}
	strcpy(word + length, "...");
}

static int print_heading(FILE *out, const struct result *result)
{
	CLEANUP(cleanup_free) char *target = target_text(result);
	if (target == NULL) {
		return -ENOMEM;
	}
	cut_word(target);
	fputs("## tcpgoon: ", out);
	print_escaped(out, target);
	fputs("\n\n", out);
	return 0;
}

static void print_verdict(FILE *out, const struct result *result, const struct verdict *verdict)
{
	fprintf(out, "**Exit status %d.**", (int)verdict->exit_status);
	for (size_t i = 0; i < verdict->reason_count; i++) {
		fputc(' ', out);
		print_escaped(out, verdict->reasons[i]);
	}
	fputc('\n', out);
	if (result->error.text[0] != '\0') {
		fputs("\nThe reason: ", out);
		print_escaped(out, result->error.text);
		fputc('\n', out);
	}
}

static void print_thresholds(FILE *out, const struct verdict *verdict)
{
	if (verdict->rules->count > 0) {
		fputs("\n### Thresholds\n\n| threshold | | measured | limit |\n|:--|:--|--:|--:|\n",
			out);
	}
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold_outcome *outcome = &verdict->outcomes[i];
		fputs("| ", out);
		print_escaped(out, verdict->rules->list[i].threshold.text);
		if (outcome->not_judged[0] != '\0') {
			fputs(" | **not judged**: ", out);
			print_escaped(out, outcome->not_judged);
		} else {
			fputs(outcome->crossed ? " | **crossed**" : " | kept", out);
		}
		fputs(" | ", out);
		print_escaped(out, outcome->not_judged[0] == '\0' ? outcome->actual : "");
		fputs(" | ", out);
		print_escaped(out, outcome->limit);
		fputs(" |\n", out);
	}
}

static void print_findings(FILE *out, const struct findings *findings)
{
	fputs(findings->count > 0 ? "\n### Findings\n\n" : "", out);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		fputs("- **", out);
		print_escaped(out, finding->name);
		fprintf(out, "** (%s): ", cause_side_name(finding->side));
		print_escaped(out, finding->evidence);
		fputs("\\\n  ", out); /* a line break within the item */
		print_escaped(out, finding->hint);
		fputc('\n', out);
	}
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static void print_count(FILE *out, uint64_t count)
{
	char text[UNITS_TEXT_MAX];
	fputs(units_format_count(count, text), out);
}

/* Of the connections, what a threshold can ask for. */
static void print_connections(FILE *out, const struct result *result)
{
	const struct figure *figure;
	fputs("\n### Connections\n\n| | |\n|:--|--:|\n| connections asked for | ", out);
	print_count(out, result->at_end.total);
	fputs(" |\n", out);
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		uint64_t value = figure_value(figure, result);
		if (figure->group != FIGURES_CONNECTIONS || figure->metric == NULL ||
			value == RESULT_UNKNOWN) {
			continue;
		}
		const uint64_t *most = (const uint64_t *)((const char *)result + figure->at_most);
		fputs("| ", out);
		print_escaped(out, figure->title);
		fputs(figure->at_most != 0 && value < *most ? " | at least " : " | ", out);
		print_count(out, value);
		fputs(" |\n", out);
	}
}

static bool is_shown(enum statistic statistic)
{
	return statistic_is_percentile(statistic) || statistic == STATISTIC_MAX;
}

static void print_times_heading(FILE *out)
{
	fputs("\n### Times\n\n| |", out);
	for (int i = 0; i < STATISTICS; i++) {
		if (is_shown((enum statistic)i)) {
			fprintf(out, " %s |", statistic_name((enum statistic)i));
		}
	}
	fputs(" count | what |\n|:--|", out);
	for (int i = 0; i < STATISTICS; i++) {
		fputs(is_shown((enum statistic)i) ? "--:|" : "", out);
	}
	fputs("--:|:--|\n", out);
}

static void print_times(FILE *out, const struct result *result)
{
	bool any = false;
	for (int i = 0; i < TIMES_MAX; i++) {
		enum times kind = (enum times)i;
		if (!times_is_told(result, kind)) {
			continue;
		}
		if (!any) {
			print_times_heading(out);
		}
		any = true;
		fprintf(out, "| %s |", times_row(kind)->name);
		for (int j = 0; j < STATISTICS; j++) {
			char text[UNITS_TEXT_MAX];
			enum statistic statistic = (enum statistic)j;
			if (is_shown(statistic)) {
				uint64_t ns = statistic_ns(&result->times[kind], statistic);
				fprintf(out, " %s |", units_format_time(ns, text));
			}
		}
		fputc(' ', out);
		print_count(out, result->times[kind].count);
		fprintf(out, " | %s |\n", times_row(kind)->meaning);
	}
}

static void print_causes(FILE *out, const struct result *result)
{
	bool any = false;
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		if (result->causes[i].count == 0) {
			continue;
		}
		if (!any) {
			fputs("\n### Causes\n\n| cause | side | connections | |\n|:--|:--|--:|:--|\n",
				out);
		}
		any = true;
		fputs("| ", out);
		print_escaped(out, cause_name(cause));
		fprintf(out, " | %s | ", cause_side_name(cause_side(cause)));
		print_count(out, result->causes[i].count);
		fputs(" | ", out);
		print_escaped(out, cause_hint(cause));
		fputs(" |\n", out);
	}
}

static int print_one(FILE *out, const struct result *result, const struct verdict *verdict)
{
	int r = print_heading(out, result);
	print_verdict(out, result, verdict);
	print_thresholds(out, verdict);
	print_findings(out, &verdict->findings);
	if (result->end != RESULT_NOT_STARTED) {
		print_connections(out, result);
	}
	print_times(out, result);
	print_causes(out, result);
	return r;
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* Several results follow each other; `verdict` is that on all of them. */
static int print_all(
	FILE *out, const struct report_part *parts, size_t count, const struct verdict *verdict)
{
	int r = 0;
	if (count > 1) {
		fprintf(out, "**Exit status %d** of %zu results.\n\n", (int)verdict->exit_status,
			count);
	}
	for (size_t i = 0; i < count && r == 0; i++) {
		fputs(i > 0 ? "\n" : "", out);
		r = print_one(out, parts[i].result, parts[i].verdict);
	}
	return r;
}

static int markdown_end_many(const void *state, FILE *out, const struct report_part *parts,
	size_t count, const struct verdict *verdict)
{
	(void)state;
	CLEANUP(cleanup_free) char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	if (memory == NULL) {
		return -ENOMEM;
	}
	int r = print_all(memory, parts, count, verdict);
	if ((fclose(memory) != 0 || text == NULL) && r == 0) {
		r = -ENOMEM;
	}
	if (r < 0) {
		return r;
	}
	length = fit_lines(text, length, FIT_SUMMARY_MAX);
	size_t written = fwrite(text, 1, length, out);
	return written == length && fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

static int markdown_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	const struct report_part part = {.result = result, .verdict = verdict};
	return markdown_end_many(state, out, &part, 1, verdict);
}

const struct report_ops report_markdown = {
	.name = "markdown",
	.extension = "md",
	.summary = "a summary in GitHub's Markdown, of at most a mebibyte",
	.mode = REPORT_WHOLE,
	.end = markdown_end,
	.end_many = markdown_end_many,
};
