/* SPDX-License-Identifier: MIT */
#include "report/summary.h"

#include <inttypes.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/result/survival.h"

/* Truncated to microseconds, as the Go program did. */
static void print_duration(FILE *out, uint64_t ns, const char *end)
{
	char text[UNITS_TEXT_MAX];
	units_format_duration(ns / NSEC_PER_USEC * NSEC_PER_USEC, text);
	fprintf(out, "%s%s", text, end);
}

static void print_shorter(FILE *out, uint64_t us, const char *end)
{
	char text[UNITS_TEXT_MAX];
	fprintf(out, "%s%s", units_format_duration(us * NSEC_PER_USEC, text), end);
}

/* "Handshake, as the kernel measured it: p50 5us ..., of 100 connections" */
static void print_percentiles(FILE *out, const char *title, const struct histogram *times)
{
	static const struct {
		const char *name;
		double percentile;
	} columns[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};

	if (times->count == 0) {
		return;
	}
	fprintf(out, "%s: ", title);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		fprintf(out, "%s ", columns[i].name);
		print_shorter(out, histogram_percentile(times, columns[i].percentile), ", ");
	}
	fputs("max ", out);
	print_shorter(out, times->max_us, "");
	fprintf(out, " (%" PRIu64 " connections)\n", times->count);
}

/* "Stalls: 1 of this program, 2.01s in all; set apart: 12 connect times" */
static void print_stalls(FILE *out, const struct result *result)
{
	const struct stall_view *view = &result->stalls;
	const struct {
		uint64_t count;
		const char *name;
	} apart[] = {{view->connect_apart, "connect times"},
		{view->failure_apart, "times to an error"}, {view->lifetime_apart, "lifetimes"}};
	const char *before = "; set apart: ";
	if (view->count == 0) {
		return;
	}
	fprintf(out, "Stalls: %" PRIu64 " of this program, ", view->count);
	print_duration(out, view->total_ns / NSEC_PER_MSEC * NSEC_PER_MSEC, " in all");
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		if (apart[i].count > 0) {
			fprintf(out, "%s%" PRIu64 " %s", before, apart[i].count, apart[i].name);
			before = ", ";
		}
	}
	fputc('\n', out);
}

static void print_all_times(FILE *out, const struct result *result)
{
	char title[128];
	char resolution[UNITS_TEXT_MAX];
	print_percentiles(out, "Handshake, measured by the kernel", &result->handshake);
	snprintf(title, sizeof(title), "Connect, dial to established, to within %s",
		units_format_duration(result->generator.resolution_us * NSEC_PER_USEC, resolution));
	print_percentiles(out,
		result->generator.resolution_us > 0 ? title : "Connect, dial to established",
		&result->connect);
	if (result->generator.period_ns > 0) {
		print_percentiles(out, "Lag, schedule to dial", &result->lag);
	}
	print_percentiles(out, "Lifetime of the dropped", &result->lifetime);
	print_stalls(out, result);
}

static void print_causes(FILE *out, const struct result *result)
{
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		const struct cause_tally *tally = &result->causes[i];
		if (tally->count == 0) {
			continue;
		}
		enum cause cause = (enum cause)i;
		fprintf(out, "Cause: %s (%s): %" PRIu64 " connections, first at ",
			cause_name(cause), cause_side_name(cause_side(cause)), tally->count);
		print_duration(out, tally->first_ns, ", last at ");
		print_duration(out, tally->last_ns, "\n");
	}
}

/* As many groups of a kind as a paragraph bears. */
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

static void print_kernel_view(FILE *out, const struct result *result)
{
	const struct kernel_view *view = &result->kernel;
	if (!view->possible && view->error_number == 0) {
		/* A dial that had no source address was no connection to ask about. */
		bool chose = result->established > 0 ||
			(result->settings.source_port != NULL &&
				strcmp(result->settings.source_port, "auto") == 0);
		fprintf(out, "Kernel: not asked, as %s\n",
			chose ? "it chose the ports of the connections"
			      : "no source address was there to dial from");
		return;
	}
	if (!view->possible) {
		fprintf(out, "Kernel: not asked, as sock_diag failed with %s (%s)\n",
			error_name(view->error_number), strerror(view->error_number));
		return;
	}
	fprintf(out, "Kernel: agrees on %" PRIu64 " of %" PRIu64 " connections asked about",
		view->agreed, view->asked);
	if (view->unanswered > 0) {
		fprintf(out, " (no answer about %" PRIu64 " more: %s)", view->unanswered,
			error_name(view->error_number));
	}
	fprintf(out, "; %" PRIu64 " SYNs sent again", view->syn_retransmits);
	if (view->stale_syns > 0) {
		fprintf(out,
			" (%" PRIu64
			" of them at once: the peer still held an earlier connection of that "
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

static void print_unconfirmed(FILE *out, const struct result *result)
{
	const struct kernel_view *view = &result->kernel;
	if (!view->possible) {
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
	if (view->missing > 0) {
		fprintf(out, " (%" PRIu64 " were not known to the kernel)", view->missing);
	}
	if (view->too_young > 0) {
		fprintf(out,
			" (%" PRIu64 " were established too shortly before to tell: --hold 2s)",
			view->too_young);
	}
	if (view->doubtful > 0) {
		fprintf(out,
			" (%" PRIu64
			" may have had their SYN-ACK repeated, and whether the peer completed them "
			"does not show)",
			view->doubtful);
	}
	if (view->repeated_once > 0) {
		fprintf(out,
			" (%" PRIu64
			" may have been completed a second late: TCP_DEFER_ACCEPT, or a lost ACK)",
			view->repeated_once);
	}
	fputc('\n', out);
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
	fprintf(out, ", %" PRIu64 " acknowledged", view->acknowledged);
	print_fate(out, view->unanswered, "unanswered");
	print_fate(out, view->reset, "reset");
	print_fate(out, view->undetermined, "not known");
	if (view->unanswered > 0 || view->undetermined > 0) {
		fputs(" (looked at for ", out);
		print_duration(out, view->waited_ns / NSEC_PER_MSEC * NSEC_PER_MSEC, ")");
	}
	fputc('\n', out);
}

/* What idle connections cannot tell, where nothing else does. */
static void print_unknowns(FILE *out, const struct result *result)
{
	const struct closing_view *view = &result->closing;
	uint64_t open = result->at_end.established;
	uint64_t accepted = result_accepted_at_least(result);
	uint64_t quiet = open > result->received_from ? open - result->received_from : 0;
	if (accepted < open && !result->listener.known_at_end) {
		fprintf(out,
			"Not known: whether the server's program, or only its kernel, accepted %" PRIu64
			" idle connections\n",
			open - accepted);
	}
	if (!result->held || quiet == 0) {
		return;
	}
	fprintf(out, "Not known: whether %" PRIu64 " idle connections were alive all the time; ",
		quiet);
	fputs(view->acknowledged == RESULT_UNKNOWN || view->acknowledged == 0
			? "nothing was exchanged\n"
			: "nothing was exchanged until their FINs were acknowledged\n",
		out);
}

static void print_generator(FILE *out, const struct result *result)
{
	const struct generator *generator = &result->generator;
	/* CPU time is counted in ticks: of a moment's run it says nothing. */
	if (result->dialing_ns < 50 * NSEC_PER_MSEC || result->dialing_ns == RESULT_UNKNOWN) {
		return;
	}
	double rate = result_dial_rate(result);
	fprintf(out, "Generator: %.0f%% of a CPU while dialling",
		100.0 * (double)generator->cpu_ns / (double)result->dialing_ns);
	if (rate > 0 && generator->period_ns > 0) {
		fprintf(out, ", %.1f dials a second asked and %.1f kept",
			(double)NSEC_PER_SEC / (double)generator->period_ns, rate);
	} else if (rate > 0) {
		fprintf(out, ", %.0f dials a second", rate);
	}
	fputc('\n', out);
}

static void print_dropped_lines(FILE *out, const struct result *result)
{
	uint64_t dropped = result->generator.lines_dropped;
	if (dropped > 0) {
		fprintf(out,
			"Output: %" PRIu64
			" lines of status and debugging were dropped, as their reader did not take "
			"them in time\n",
			dropped);
	}
}

/* "Survival: 100% after 1s, 82.4% after 1m0s": of the established, where any was dropped. */
static void print_survival(FILE *out, const struct result *result)
{
	struct survival survival;
	survival_compute(result, &survival);
	if (result->at_end.closed == 0 || survival.count == 0) {
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

/* As many findings as a paragraph bears. */
#define VERDICT_FINDINGS 4

/* Names of devices and of other programs may be in it. */
static void print_advice(FILE *out, const struct finding *finding)
{
	escape_write(out, finding->evidence);
	fputc(' ', out);
	escape_write(out, finding->hint);
}

static void print_verdict(FILE *out, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->rules->count; i++) {
		const struct threshold_outcome *outcome = &verdict->outcomes[i];
		fputs("Threshold ", out);
		escape_write(out, verdict->rules->list[i].threshold.text);
		fputs(": ", out);
		if (outcome->not_judged != NULL) {
			fprintf(out, "not judged, %s\n", outcome->not_judged);
		} else {
			fprintf(out, "%s, it was %s\n", outcome->crossed ? "CROSSED" : "kept",
				outcome->actual);
		}
	}
	for (size_t i = 0; i < verdict->findings.count; i++) {
		const struct finding *finding = &verdict->findings.list[i];
		fprintf(out, "Finding: %s (%s): ", finding->name, cause_side_name(finding->side));
		print_advice(out, finding);
		fputc('\n', out);
	}
	fprintf(out, "Verdict:");
	for (size_t i = 0; i < verdict->reason_count; i++) {
		fputc(' ', out);
		escape_write(out, verdict->reasons[i]);
	}
	for (size_t i = 0; i < verdict->findings.count && i < VERDICT_FINDINGS; i++) {
		const struct finding *finding = &verdict->findings.list[i];
		fputc(' ', out);
		print_advice(out, finding);
	}
	fprintf(out, " Exit status %d.\n", (int)verdict->exit_status);
}

void summary_print(FILE *out, const struct result *result, const struct verdict *verdict)
{
	print_all_times(out, result);
	print_causes(out, result);
	print_groups(out, result);
	print_survival(out, result);
	print_kernel_view(out, result);
	print_unconfirmed(out, result);
	print_closing(out, result);
	print_unknowns(out, result);
	print_generator(out, result);
	print_dropped_lines(out, result);
	print_verdict(out, verdict);
}
