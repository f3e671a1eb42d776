/* SPDX-License-Identifier: MIT */
/*
 * First what is not the same about the runs, as it makes everything below doubtful; then the rows
 * that tell something; then, in one line, those in which all runs agree. The thresholds and the
 * exit status come last, as in the report of a run.
 */
#include "tcpgoon/compare/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "compare/contents.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/plural.h"

#define NAME_WIDTH 15
#define SIDE_WIDTH 28
#define CHANGE_WIDTH 10

/* Right-aligned by columns: "µ" has two bytes. */
static void print_right(FILE *out, const char *text, int width)
{
	int columns = 0;
	for (const char *at = text; *at != '\0'; at++) {
		columns += ((unsigned char)*at & 0xc0) != 0x80;
	}
	fprintf(out, "%*s%s", columns < width ? width - columns : 1, "", text);
}

/* "87µs (46µs..118µs)" */
static void print_side(FILE *out, const struct measure *measure, const struct row_side *side)
{
	char middle[MEASURE_TEXT_MAX];
	char low[MEASURE_TEXT_MAX];
	char high[MEASURE_TEXT_MAX] = "?";
	char text[3 * MEASURE_TEXT_MAX + 8];
	if (side->known == 0) {
		print_right(out, "-", SIDE_WIDTH);
		return;
	}
	measure_format(measure, side->middle, middle);
	if (isnan(side->low)) {
		print_right(out, middle, SIDE_WIDTH);
		return;
	}
	measure_format(measure, side->low, low);
	if (isfinite(side->high)) {
		measure_format(measure, side->high, high);
	}
	snprintf(text, sizeof(text), "%s (%s..%s)", middle, low, high);
	print_right(out, text, SIDE_WIDTH);
}

/* "+12.3%", "x46", "from 0" */
static void format_change(double change, char text[MEASURE_TEXT_MAX])
{
	if (isnan(change)) {
		snprintf(text, MEASURE_TEXT_MAX, "not known");
	} else if (isinf(change)) {
		snprintf(text, MEASURE_TEXT_MAX, "from 0");
	} else if (change >= 9) {
		snprintf(text, MEASURE_TEXT_MAX, "x%.0f", change + 1);
	} else {
		snprintf(text, MEASURE_TEXT_MAX, "%+.1f%%", 100 * change);
	}
}

static void print_change(FILE *out, const struct row *row)
{
	char text[MEASURE_TEXT_MAX] = "";
	if (row->proven) {
		format_change(row->change, text);
	} else if (row->judged) {
		snprintf(text, sizeof(text), "~");
	}
	if (text[0] != '\0') {
		print_right(out, text, CHANGE_WIDTH);
	}
	if (!isnan(row->p)) {
		fprintf(out, "  p=%.4f", row->p);
	}
}

static void print_row(FILE *out, const struct row *row)
{
	char name[MEASURE_NAME_MAX];
	fprintf(out, "%-*s", NAME_WIDTH, measure_name(&row->measure, name));
	print_side(out, &row->measure, &row->a);
	print_side(out, &row->measure, &row->b);
	print_change(out, row);
	fputc('\n', out);
}

static bool is_shown(const struct row *row)
{
	return row->doubt != ROW_UNKNOWN && (row->judged || measure_is_listed(&row->measure));
}

static void print_rows(FILE *out, const struct comparison *comparison)
{
	fprintf(out, "\n%-*s%*s%*s%*s\n", NAME_WIDTH, "", SIDE_WIDTH, "A", SIDE_WIDTH, "B",
		CHANGE_WIDTH, "change");
	for (size_t i = 0; i < comparison->row_count; i++) {
		const struct row *row = &comparison->rows[i];
		if (is_shown(row) && !row->same) {
			print_row(out, row);
		}
	}
	const char *before = "The same in all runs: ";
	for (size_t i = 0; i < comparison->row_count; i++) {
		const struct row *row = &comparison->rows[i];
		char name[MEASURE_NAME_MAX];
		char value[MEASURE_TEXT_MAX];
		if (is_shown(row) && row->same) {
			fprintf(out, "%s%s %s", before, measure_name(&row->measure, name),
				measure_format(&row->measure, row->a.middle, value));
			before = ", ";
		}
	}
	fputs(before[0] == ',' ? "\n\n" : "\n", out);
}

static void print_names(FILE *out, const char *letter, const struct comparison_side *side)
{
	fprintf(out, "%s: %zu run%s: ", letter, side->count, plural(side->count));
	for (size_t i = 0; i < side->count; i++) {
		fputs(i > 0 ? " " : "", out);
		escape_write(out, side->names[i]);
	}
	fputc('\n', out);
}

static void print_differences(FILE *out, const struct differences *differences)
{
	for (size_t i = 0; i < differences->count; i++) {
		const struct difference *difference = &differences->list[i];
		fprintf(out, "Not the same: %s: A ", difference->name);
		escape_write(out, difference->a);
		fputs("; B ", out);
		escape_write(out, difference->b);
		fputc('\n', out);
	}
}

static size_t count_doubts(const struct comparison *comparison, enum row_doubt doubt)
{
	size_t count = 0;
	for (size_t i = 0; i < comparison->row_count; i++) {
		count += comparison->rows[i].judged && comparison->rows[i].doubt == doubt;
	}
	return count;
}

static void print_pair_method(FILE *out)
{
	fprintf(out,
		"One run a side, each number with its 95%% interval within the run. A change is "
		"shown where the\nintervals are apart and it is a factor of %d or more, and %d ms "
		"beyond what this program was\nlate by, or %.0f%% of the connections; ~ may be a "
		"change that several runs a side would show.\n",
		ROW_PAIR_FACTOR, ROW_PAIR_TIME_US / 1000, 100 * ROW_PAIR_SHARE);
}

static void print_runs_method(FILE *out, const struct comparison *comparison)
{
	const char *ending = plural(comparison->judged);
	fprintf(out,
		"Medians, with their 95%% intervals from 6 runs on. A change is shown where "
		"Mann-Whitney's U\nproves it, at 95%% for %zu row%s together (Holm); ~ is not "
		"proven.\n",
		comparison->judged, ending);
	if (count_doubts(comparison, ROW_FEW_RUNS) > 0) {
		fprintf(out,
			"Too few runs to prove anything: for %zu row%s together it takes %zu a "
			"side.%s\n",
			comparison->judged, ending, contents_runs_needed(comparison),
			comparison->rules->count == 0 ? " --fail-if names fewer rows." : "");
	}
	if (!comparison->in_turns) {
		fputs("All runs of one side were made before those of the other: what changed on "
		      "the machine\nmeanwhile looks the same. Make them in turns.\n",
			out);
	}
}

static void print_method(FILE *out, const struct comparison *comparison)
{
	if (comparison->pair) {
		print_pair_method(out);
	} else {
		print_runs_method(out, comparison);
	}
	if (comparison->rules->count > 0) {
		fputs("Only what --fail-if names is judged.\n", out);
	}
}

static void print_outcomes(FILE *out, const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->rules->count; i++) {
		const struct change_rule *rule = &comparison->rules->list[i];
		const struct change_outcome *outcome = &comparison->outcomes[i];
		const struct row *row = &comparison->rows[rule->measure];
		char change[MEASURE_TEXT_MAX];
		fputs("Threshold ", out);
		escape_write(out, rule->text);
		if (outcome->not_judged != NULL) {
			fprintf(out, ": not judged, %s\n", outcome->not_judged);
			continue;
		}
		if (row->doubt == ROW_UNKNOWN) {
			fprintf(out, ": kept, %s\n", times_row(row->measure.times)->none);
			continue;
		}
		format_change(row->change, change);
		fprintf(out, ": %s, the change was %s%s\n", outcome->crossed ? "CROSSED" : "kept",
			change, row->proven || row->change == 0 ? "" : ", not proven");
	}
}

void table_print(FILE *out, const struct comparison *comparison, enum exit_status status)
{
	print_names(out, "A", &comparison->a);
	print_names(out, "B", &comparison->b);
	print_differences(out, &comparison->differences);
	print_rows(out, comparison);
	print_method(out, comparison);
	print_outcomes(out, comparison);
	fprintf(out, "Exit status %d.\n", (int)status);
}
