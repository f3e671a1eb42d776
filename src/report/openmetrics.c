/* SPDX-License-Identifier: MIT */
/*
 * The textfile collector reads Prometheus' older text format, others read OpenMetrics. This is
 * valid as both. They differ in counters: OpenMetrics has `# TYPE x counter` and a sample
 * `x_total`, which the older format takes for two metrics. So there are no counters here, and none
 * are missed: the file is that of the last run, the next one may have less of anything, and a
 * counter that falls would be taken for one that was reset.
 *
 * Each sample has the target as a label, so files of several runs can lie in one directory. What is
 * not known has no sample.
 */
#include "report/openmetrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"
#include "version.h"

/* ---- Lines ----------------------------------------------------------------------------------- */

/* What is written with it. */
struct page {
	FILE *out;
	const struct result *result;
};

static const char *escape_of(char character)
{
	return character == '\\' ? "\\\\" : character == '"' ? "\\\"" : NULL;
}

static void print_escaped(FILE *out, const char *text)
{
	escape_write_replaced(out, text, escape_of);
}

/* "# HELP ...", "# TYPE ..." and, where there is a unit, "# UNIT ..." */
static void print_family(
	FILE *out, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(out, "# HELP tcpgoon_%s ", name);
	print_escaped(out, help);
	fprintf(out, "\n# TYPE tcpgoon_%s %s\n", name, type);
	if (unit != NULL) {
		fprintf(out, "# UNIT tcpgoon_%s %s\n", name, unit);
	}
}

/* "tcpgoon_NAME{target="example.org:80""; further labels may follow. */
static void begin_sample(const struct page *page, const char *name, const char *suffix)
{
	const struct result_settings *settings = &page->result->settings;
	const char *host = settings->host != NULL ? settings->host : "";
	bool bare = strchr(host, ':') != NULL && host[0] != '[';
	fprintf(page->out, "tcpgoon_%s%s{target=\"%s", name, suffix, bare ? "[" : "");
	print_escaped(page->out, host);
	fputs(bare ? "]" : "", page->out);
	if (settings->ports != NULL) {
		fputc(':', page->out);
		print_escaped(page->out, settings->ports);
	}
	fputc('"', page->out);
}

static void print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",%s=\"", name);
	print_escaped(out, value);
	fputc('"', out);
}

static void end_sample(FILE *out, uint64_t value)
{
	fprintf(out, "} %" PRIu64 "\n", value);
}

/* A fraction of `parts` (a power of ten), without its trailing zeros: "1.5", "2". */
static void end_sample_of_parts(FILE *out, uint128 value, uint64_t parts)
{
	fprintf(out, "} %" PRIu64, (uint64_t)(value / parts));
	uint64_t rest = (uint64_t)(value % parts);
	for (const char *point = "."; rest > 0; point = "") {
		parts /= 10;
		fprintf(out, "%s%u", point, (unsigned)(rest / parts));
		rest %= parts;
	}
	fputc('\n', out);
}

/* ---- Figures --------------------------------------------------------------------------------- */

#define NAME_MAX_LENGTH 96

/* The base units of Prometheus; NULL: none. */
static const char *const units[] = {
	[FIGURE_COUNT] = NULL,
	[FIGURE_NS] = "seconds",
	[FIGURE_US] = "seconds",
	[FIGURE_BYTES] = "bytes",
};

/* "stalls_longest_seconds"; of a figure called "count", the name of its group. */
static void name_figure(const struct figure *figure, char name[NAME_MAX_LENGTH])
{
	const char *group = figure_group_name(figure->group);
	char own[FIGURE_BASE_NAME_MAX];
	figure_base_name(figure, own);
	if (group == NULL) {
		snprintf(name, NAME_MAX_LENGTH, "%s", own);
	} else if (strcmp(figure->name, "count") == 0) {
		snprintf(name, NAME_MAX_LENGTH, "%s", group);
	} else {
		snprintf(name, NAME_MAX_LENGTH, "%s_%s", group, own);
	}
}

static void print_figures(const struct page *page)
{
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		char name[NAME_MAX_LENGTH];
		uint64_t value = figure_value(figure, page->result);
		if (value == RESULT_UNKNOWN) {
			continue;
		}
		name_figure(figure, name);
		print_family(page->out, name, "gauge", units[figure->unit], figure->title);
		begin_sample(page, name, "");
		end_sample_of_parts(page->out, value, figure_per_base_unit(figure));
	}
}

/* ---- Times ----------------------------------------------------------------------------------- */

/* Of minimum and maximum: those of 0 and 1. */
static bool find_quantile(enum statistic statistic, char quantile[32])
{
	double percentile = statistic == STATISTIC_MAX ? 100 : statistic_percentile(statistic);
	if (percentile == 0 && statistic != STATISTIC_MIN) {
		return false;
	}
	bool whole = statistic_is_extreme(statistic);
	snprintf(quantile, 32, whole ? "%.1f" : "%.10g", percentile / 100);
	return true;
}

static void print_quantiles(
	const struct page *page, const char *name, const struct histogram *times)
{
	for (int i = 0; i < STATISTICS; i++) {
		enum statistic statistic = (enum statistic)i;
		char quantile[32];
		if (find_quantile(statistic, quantile)) {
			begin_sample(page, name, "");
			print_label(page->out, "quantile", quantile);
			end_sample_of_parts(
				page->out, statistic_ns(times, statistic), NSEC_PER_SEC);
		}
	}
}

static void print_times(const struct page *page)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		enum times kind = (enum times)i;
		const struct histogram *times = &page->result->times[kind];
		char name[NAME_MAX_LENGTH];
		if (!times_is_told(page->result, kind)) {
			continue;
		}
		snprintf(name, sizeof(name), "%s_seconds", times_row(kind)->name);
		print_family(page->out, name, "summary", "seconds", times_row(kind)->meaning);
		print_quantiles(page, name, times);
		begin_sample(page, name, "_sum");
		end_sample_of_parts(page->out, times->sum_us, USEC_PER_SEC);
		begin_sample(page, name, "_count");
		end_sample(page->out, times->count);
	}
}

/* ---- What it comes to ------------------------------------------------------------------------ */

static void print_head(const struct page *page, const struct verdict *verdict)
{
	FILE *out = page->out;
	print_family(out, "build_info", "gauge", NULL, "the program that made the run");
	begin_sample(page, "build_info", "");
	print_label(out, "version", VERSION_TEXT);
	end_sample(out, 1);
	print_family(out, "exit_status", "gauge", NULL, "exit status of the run");
	begin_sample(page, "exit_status", "");
	end_sample(out, (uint64_t)verdict->exit_status);
	print_family(out, "start_timestamp_seconds", "gauge", "seconds",
		"when the run began, since the epoch");
	begin_sample(page, "start_timestamp_seconds", "");
	end_sample_of_parts(out, page->result->started_at_ns, NSEC_PER_SEC);
}

/* All causes, as a series that comes and goes is hard to watch. */
static void print_causes(const struct page *page)
{
	const char *name = "cause_connections";
	print_family(page->out, name, "gauge", NULL, "connections that failed or ended, by cause");
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		enum cause cause = (enum cause)i;
		begin_sample(page, name, "");
		print_label(page->out, "cause", cause_name(cause));
		print_label(page->out, "side", cause_side_name(cause_side(cause)));
		end_sample(page->out, page->result->causes[i].count);
	}
}

static void print_findings(const struct page *page, const struct findings *findings)
{
	const char *name = "finding_connections";
	if (findings->count > 0) {
		print_family(page->out, name, "gauge", NULL,
			"connections that a finding is about; 0 if it is not about connections");
	}
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		begin_sample(page, name, "");
		print_label(page->out, "finding", finding->name);
		print_label(page->out, "side", cause_side_name(finding->side));
		end_sample(page->out, finding->count);
	}
}

/* A sample must not come twice, though an expression may. */
static bool is_repeated(const struct threshold_rules *rules, size_t index)
{
	const struct threshold_rule *rule = &rules->list[index];
	for (size_t i = 0; i < index; i++) {
		if (rules->list[i].aborts == rule->aborts &&
			strcmp(rules->list[i].threshold.text, rule->threshold.text) == 0) {
			return true;
		}
	}
	return false;
}

static void print_threshold(
	const struct page *page, const char *name, const struct threshold_rule *rule, bool value)
{
	begin_sample(page, name, "");
	print_label(page->out, "expression", rule->threshold.text);
	print_label(page->out, "option", rule->aborts ? "abort-if" : "fail-if");
	end_sample(page->out, value);
}

static void print_thresholds(const struct page *page, const struct verdict *verdict)
{
	const struct threshold_rules *rules = verdict->rules;
	if (rules->count == 0) {
		return;
	}
	print_family(page->out, "threshold_judged", "gauge", NULL,
		"whether the threshold could be judged");
	for (size_t i = 0; i < rules->count; i++) {
		if (!is_repeated(rules, i)) {
			print_threshold(page, "threshold_judged", &rules->list[i],
				verdict->outcomes[i].not_judged[0] == '\0');
		}
	}
	print_family(page->out, "threshold_crossed", "gauge", NULL,
		"whether the threshold was crossed, where it could be judged");
	for (size_t i = 0; i < rules->count; i++) {
		if (!is_repeated(rules, i) && verdict->outcomes[i].not_judged[0] == '\0') {
			print_threshold(page, "threshold_crossed", &rules->list[i],
				verdict->outcomes[i].crossed);
		}
	}
}

static int openmetrics_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	const struct page page = {.out = out, .result = result};
	print_head(&page, verdict);
	print_thresholds(&page, verdict);
	print_findings(&page, &verdict->findings);
	print_causes(&page);
	print_figures(&page);
	print_times(&page);
	fputs("# EOF\n", out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

const struct report_ops report_openmetrics = {
	.name = "openmetrics",
	.extension = "prom",
	.summary = "gauges and summaries, for the textfile collector of Prometheus' node_exporter",
	.mode = REPORT_WHOLE,
	.end = openmetrics_end,
};
