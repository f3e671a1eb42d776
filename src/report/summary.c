/* SPDX-License-Identifier: MIT */
/*
 * The order is that of a reader's questions: what the result is, why and what to change, then the
 * numbers. The exit status is the last line, because a failure to write the lines before it would
 * change it (cli/outcome).
 *
 * Times have four significant digits, so that they align; the JSON has all digits.
 */
#include "report/summary.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/plural.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/result/survival.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/statistic.h"

/* ---- What it comes to ------------------------------------------------------------------------ */

static void print_thresholds(FILE *out, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold_outcome *outcome = &verdict->outcomes[i];
		fputs("Threshold ", out);
		escape_write(out, verdict->rules->list[i].threshold.text);
		fputs(": ", out);
		if (outcome->not_judged[0] != '\0') {
			fprintf(out, "not judged, %s\n", outcome->not_judged);
		} else {
			fprintf(out, "%s, it was %s\n", outcome->crossed ? "CROSSED" : "kept",
				outcome->actual);
		}
	}
}

/* The sentences may contain names of devices and other programs. */
static void print_findings(FILE *out, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		fprintf(out, "Finding: %s (%s): ", finding->name, cause_side_name(finding->side));
		escape_write(out, finding->evidence);
		fputs("\n  ", out);
		escape_write(out, finding->hint);
		fputc('\n', out);
	}
}

static void print_reasons(FILE *out, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->reason_count; i++) {
		fputc(' ', out);
		escape_write(out, verdict->reasons[i]);
	}
	fputc('\n', out);
}

static void print_verdict(FILE *out, const struct result *result, const struct verdict *verdict)
{
	fputs("Verdict:", out);
	print_reasons(out, verdict);
	if (result->error.text[0] != '\0') {
		fputs("The reason: ", out);
		escape_write(out, result->error.text);
		fputc('\n', out);
	}
	print_thresholds(out, verdict);
	print_findings(out, &verdict->findings);
}

/* ---- Times ----------------------------------------------------------------------------------- */

#define NAME_WIDTH 9
#define TIME_WIDTH 9

static bool is_shown(enum statistic statistic)
{
	return statistic_is_percentile(statistic) || statistic == STATISTIC_MAX;
}

static void print_time(FILE *out, uint64_t ns)
{
	char text[UNITS_TEXT_MAX];
	units_format_time(ns, text);
	/* Width counts bytes, and µ is one character. */
	int columns = TIME_WIDTH + (strstr(text, "µ") != NULL ? (int)strlen("µ") - 1 : 0);
	fprintf(out, "%*s", columns, text);
}

/* "               p50      p90      p99    p99.9      max  count  measured by" */
static void print_heading(FILE *out, int count_width)
{
	fprintf(out, "\n%*s", NAME_WIDTH, "");
	for (int i = 0; i < STATISTICS; i++) {
		if (is_shown((enum statistic)i)) {
			fprintf(out, "%*s", TIME_WIDTH, statistic_name((enum statistic)i));
		}
	}
	fprintf(out, "  %*s  measured by\n", count_width, "count");
}

static void print_row(FILE *out, const struct result *result, enum times kind, int count_width)
{
	const struct histogram *times = &result->times[kind];
	const struct times_row *row = times_row(kind);
	fprintf(out, "%-*s", NAME_WIDTH, row->name);
	for (int i = 0; i < STATISTICS; i++) {
		if (is_shown((enum statistic)i)) {
			print_time(out, statistic_ns(times, (enum statistic)i));
		}
	}
	fprintf(out, "  %*" PRIu64 "  %s: %s", count_width, times->count,
		row->by_kernel ? "kernel" : "clock", row->span);
	if (kind == TIMES_CONNECT && result->generator.resolution_us > 0) {
		char resolution[UNITS_TEXT_MAX];
		fprintf(out, ", within %s on average",
			units_format_duration(
				result->generator.resolution_us * NSEC_PER_USEC, resolution));
	}
	fputc('\n', out);
}

static void print_times(FILE *out, const struct result *result)
{
	int width = (int)sizeof("count") - 1;
	bool any = false;
	for (int i = 0; i < TIMES_MAX; i++) {
		uint64_t count = result->times[i].count;
		int digits = snprintf(NULL, 0, "%" PRIu64, count);
		width = digits > width ? digits : width;
		any |= times_is_told(result, (enum times)i);
	}
	if (any) {
		print_heading(out, width);
	}
	for (int i = 0; i < TIMES_MAX; i++) {
		if (times_is_told(result, (enum times)i)) {
			print_row(out, result, (enum times)i, width);
		}
	}
}

/* ---- What was seen --------------------------------------------------------------------------- */

static void print_ms(FILE *out, uint64_t ns, const char *end)
{
	char text[UNITS_TEXT_MAX];
	fprintf(out, "%s%s", units_format_duration(ns / NSEC_PER_MSEC * NSEC_PER_MSEC, text), end);
}

/* "Stalls: 1 of this program, 2.01s in all; set apart: 12 connect times" */
static void print_stalls(FILE *out, const struct result *result)
{
	const struct stall_view *view = &result->stalls;
	const char *before = "; set apart: ";
	if (view->count == 0) {
		return;
	}
	fprintf(out, "Stalls: %" PRIu64 " of this program, ", view->count);
	print_ms(out, view->total_ns, " in all");
	for (int i = 0; i < TIMES_MAX; i++) {
		uint64_t apart = times_set_apart(result, (enum times)i);
		if (apart > 0) {
			fprintf(out, "%s%" PRIu64 " %s", before, apart,
				times_row((enum times)i)->apart);
			before = ", ";
		}
	}
	fputc('\n', out);
}

/* "Cause: refused (remote): 4 connections, from 1.002s to 3.998s of the run" */
static void print_causes(FILE *out, const struct result *result)
{
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		const struct cause_tally *tally = &result->causes[i];
		if (tally->count == 0) {
			continue;
		}
		enum cause cause = (enum cause)i;
		fprintf(out, "Cause: %s (%s): %" PRIu64 " connection%s, from ", cause_name(cause),
			cause_side_name(cause_side(cause)), tally->count, plural(tally->count));
		print_ms(out, tally->first_ns, " to ");
		print_ms(out, tally->last_ns, " of the run\n");
	}
}

/* Groups of a kind to show, at most. */
#define GROUPS_SHOWN 4

/* "Failed or ended by source: 192.0.2.2 25 of 25, 192.0.2.3 1 of 25" */
static void print_groups(FILE *out, const struct result *result)
{
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		const struct failure_groups *groups = &result->groups[i];
		for (size_t j = 0; j < groups->count && j < GROUPS_SHOWN; j++) {
			char value[ADDRESS_TEXT_MAX];
			const struct failure_group *group = &groups->list[j];
			uint64_t count = 0;
			for (size_t k = 0; k < CAUSE_MAX; k++) {
				count += group->causes[k];
			}
			if (j == 0) {
				fprintf(out, "Failed or ended by %s: ",
					group_kind_name((enum group_kind)i));
			}
			fprintf(out, "%s%s %" PRIu64 " of %" PRIu64, j > 0 ? ", " : "",
				failure_group_value((enum group_kind)i, group, value), count,
				group->dialed);
		}
		if (groups->count > 0) {
			fputs(groups->count > GROUPS_SHOWN ? ", ...\n" : "\n", out);
		}
	}
}

static const char *error_name(int error_number)
{
	const char *name = strerrorname_np(error_number);
	return name != NULL ? name : "an unknown error";
}

/* "Survival: 100% after 1s, 82.4% after 1m0s": of the established, where any was dropped. */
static void print_survival(FILE *out, const struct result *result)
{
	struct survival survival;
	survival_compute(result, &survival);
	if (result->totals.dropped == 0 || survival.count == 0) {
		return;
	}
	fputs("Survival:", out);
	for (size_t i = 0; i < survival.count; i++) {
		const struct survival_point *point = &survival.points[i];
		char after[UNITS_TEXT_MAX];
		/* Cut, not rounded: 100% is all of them. */
		uint64_t permille = point->left * 1000 / survival.established;
		uint64_t shown_ns = point->after_ns / NSEC_PER_MSEC * NSEC_PER_MSEC;
		fprintf(out, "%s %" PRIu64, i > 0 ? "," : "", permille / 10);
		if (permille % 10 != 0) {
			fprintf(out, ".%" PRIu64, permille % 10);
		}
		fprintf(out, "%% after %s", units_format_duration(shown_ns, after));
	}
	fputs(" (since the last dial)\n", out);
}

static void print_not_asked(FILE *out, const struct result *result)
{
	const struct kernel_view *view = &result->kernel;
	if (view->error_number != 0) {
		fprintf(out, "Kernel: not asked, because sock_diag failed with %s (%s)\n",
			error_name(view->error_number), strerror(view->error_number));
		return;
	}
	/* A dial without a source address was no connection to ask about. */
	bool chose = result->totals.established > 0 ||
		(result->settings.source_port != NULL &&
			strcmp(result->settings.source_port, "auto") == 0);
	fprintf(out, "Kernel: not asked, because %s\n",
		chose ? "it chose the ports of the connections"
		      : "there was no source address to dial from");
}

static void print_retransmits(FILE *out, const struct kernel_view *view)
{
	if (view->syn_retransmits == 0) {
		fputs("; no SYN was retransmitted\n", out);
		return;
	}
	fprintf(out, "; %" PRIu64 " SYN%s %s retransmitted", view->syn_retransmits,
		plural(view->syn_retransmits), plural_were(view->syn_retransmits));
	if (view->stale_syns > 0) {
		fprintf(out,
			" (%" PRIu64
			" of them at once: the peer still had an earlier connection of that "
			"4-tuple)",
			view->stale_syns);
	}
	if (view->slow_syns > 0) {
		fprintf(out,
			" (%" PRIu64
			" of them needlessly: the answer to the first takes longer than a second)",
			view->slow_syns);
	}
	fputc('\n', out);
}

/* "Kernel: agrees on all 500 connections; no SYN was retransmitted" */
static void print_kernel_view(FILE *out, const struct result *result)
{
	const struct kernel_view *view = &result->kernel;
	if (result->totals.dialed == 0) {
		return;
	}
	if (!view->possible) {
		print_not_asked(out, result);
		return;
	}
	if (view->asked == 0 && view->unanswered == 0) {
		return;
	}
	if (view->agreed == view->asked && view->unanswered == 0) {
		fprintf(out, "Kernel: agrees on %s%" PRIu64 " connection%s asked about",
			view->asked == 1 ? "the " : "all ", view->asked, plural(view->asked));
	} else {
		fprintf(out, "Kernel: agrees on %" PRIu64 " of %" PRIu64 " connections asked about",
			view->agreed, view->asked);
	}
	if (view->unanswered > 0) {
		fprintf(out, " (no answer about %" PRIu64 " more: %s)", view->unanswered,
			error_name(view->error_number));
	}
	print_retransmits(out, view);
}

/* What makes the number of unconfirmed connections uncertain, or looks like them. */
static void print_doubts(FILE *out, const struct kernel_view *view)
{
	const struct {
		uint64_t count;
		const char *what;
	} doubts[] = {
		{view->missing, "not known to the kernel"},
		{view->too_young, "too young to tell: --hold 2s"},
		{view->doubtful,
			"may have had their SYN-ACK repeated; whether the peer completed them "
			"does not show"},
		{view->repeated_once,
			"may have been completed a second late: TCP_DEFER_ACCEPT, or a lost ACK"},
	};
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
		if (doubts[i].count > 0) {
			fprintf(out, " (%" PRIu64 " %s)", doubts[i].count, doubts[i].what);
		}
	}
	fputc('\n', out);
}

static void print_unconfirmed(FILE *out, const struct result *result)
{
	if (!result->kernel.possible || result->totals.established == 0) {
		return;
	}
	if (result->unconfirmed == RESULT_UNKNOWN &&
		result->unconfirmed_most >= result->at_end.established) {
		fputs("Unconfirmed by the peer: not known", out);
	} else if (result->unconfirmed == RESULT_UNKNOWN) {
		fprintf(out, "Unconfirmed by the peer: at most %" PRIu64, result->unconfirmed_most);
	} else {
		fprintf(out, "Unconfirmed by the peer: %s%" PRIu64,
			result->unconfirmed < result->unconfirmed_most ? "at least " : "",
			result->unconfirmed);
	}
	print_doubts(out, &result->kernel);
}

/* ", 3 reset": what did not happen is left out, and so is what is not known. */
static void print_fate(FILE *out, uint64_t count, const char *what)
{
	if (count > 0 && count != RESULT_UNKNOWN) {
		fprintf(out, ", %" PRIu64 " %s", count, what);
	}
}

/* "Closing: 200 by FIN, 190 acknowledged, 10 unanswered (looked at for 2s)" */
static void print_closing(FILE *out, const struct result *result)
{
	const struct closing_view *view = &result->closing;
	if (view->closed == 0) {
		return;
	}
	fprintf(out, "Closing: %" PRIu64 " by %s", view->closed,
		result->settings.close_mode == CLOSE_RST ? "RST" : "FIN");
	if (view->acknowledged == RESULT_UNKNOWN) {
		fputs(", whether the peer still had them is not known\n", out);
		return;
	}
	if (view->acknowledged == view->closed) {
		fputs(", all acknowledged\n", out);
		return;
	}
	fprintf(out, ", %" PRIu64 " acknowledged", view->acknowledged);
	print_fate(out, view->unanswered, "unanswered");
	print_fate(out, view->reset, "reset");
	print_fate(out, view->undetermined, "not known");
	if (view->unanswered > 0 || view->undetermined > 0) {
		fputs(" (looked at for ", out);
		print_ms(out, view->waited_ns, ")");
	}
	fputc('\n', out);
}

/* What idle connections cannot tell, unless something else does. */
static void print_unknowns(FILE *out, const struct result *result)
{
	const struct closing_view *view = &result->closing;
	uint64_t open = result->at_end.established;
	uint64_t accepted = result_accepted_at_least(result);
	uint64_t quiet = open > result->received_from ? open - result->received_from : 0;
	if (accepted < open && !result->listener.known_at_end) {
		fprintf(out,
			"Not known: whether the server's program, or only its kernel, accepted %" PRIu64
			" idle connection%s\n",
			open - accepted, plural(open - accepted));
	}
	if (!result->held || quiet == 0) {
		return;
	}
	fprintf(out, "Not known: whether %" PRIu64 " idle connection%s %s alive all the time; ",
		quiet, plural(quiet), plural_were(quiet));
	fputs(view->acknowledged == RESULT_UNKNOWN || view->acknowledged == 0
			? "nothing was exchanged\n"
			: "nothing was exchanged before their FINs\n",
		out);
}

/*
 * ", 500.0 dials a second asked and 500.0 kept"; where the pace is not the same all the time, the
 * averages, and what was asked.
 */
static void print_pace(FILE *out, const struct result *result, double rate)
{
	const struct schedule *schedule = &result->schedule;
	char described[SCHEDULE_TEXT_MAX];
	double asked = result_pace_asked(result);
	if (schedule_is_even(schedule)) {
		fprintf(out, ", %.*f dials a second asked and %.*f kept", asked < 1 ? 3 : 1, asked,
			asked < 1 ? 3 : 1, rate);
		return;
	}
	if (asked > 0) {
		fprintf(out, ", %.1f dials a second asked on average and %.1f kept", asked, rate);
	} else {
		fprintf(out, ", %.1f dials a second", rate);
	}
	fprintf(out, " (asked: %s)", schedule_describe(schedule, described));
}

/* "Generator: 3% of a CPU while dialing, 500.0 dials a second asked and 500.0 kept" */
static void print_generator(FILE *out, const struct result *result)
{
	if (!result_knows_cpu_share(result)) {
		return;
	}
	double rate = result_dial_rate(result);
	fprintf(out, "Generator: %.0f%% of a CPU while dialing", 100.0 * result_cpu_share(result));
	if (rate > 0 && schedule_is_paced(&result->schedule)) {
		print_pace(out, result, rate);
	} else if (rate > 0) {
		fprintf(out, ", %.0f dials a second%s", rate,
			result_is_cpu_bound(result)
				? "; the rate and the connect times are this machine's, not the "
				  "target's"
				: "");
	}
	fputc('\n', out);
}

static void print_dropped_lines(FILE *out, const struct result *result)
{
	uint64_t dropped = result->generator.lines_dropped;
	if (dropped > 0) {
		fprintf(out,
			"Output: %" PRIu64 " lines of status and debugging were dropped because "
			"their reader was too slow\n",
			dropped);
	}
}

void summary_print_one(FILE *out, const struct result *result, const struct verdict *verdict)
{
	print_verdict(out, result, verdict);
	print_times(out, result);
	fputc('\n', out);
	print_stalls(out, result);
	print_causes(out, result);
	print_groups(out, result);
	print_survival(out, result);
	print_kernel_view(out, result);
	print_unconfirmed(out, result);
	print_closing(out, result);
	print_unknowns(out, result);
	print_generator(out, result);
	print_dropped_lines(out, result);
}

void summary_print_status(FILE *out, const struct verdict *verdict)
{
	fprintf(out, "Exit status %d.\n", (int)verdict->exit_status);
}

void summary_print_all(FILE *out, size_t count, const struct verdict *verdict)
{
	fprintf(out, "Verdict on all %zu results:", count);
	print_reasons(out, verdict);
	summary_print_status(out, verdict);
}

void summary_print(FILE *out, const struct result *result, const struct verdict *verdict)
{
	summary_print_one(out, result, verdict);
	summary_print_status(out, verdict);
}
