/* SPDX-License-Identifier: MIT */
/*
 * Scripts read these lines as they read those of the Go program: words, order, spaces and the
 * truncation of times are fixed forever. Anything new belongs in report/summary.
 */
#include "report/go_lines.h"

#include <inttypes.h>

#include "report/target.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

void go_lines_status(FILE *out, const struct snapshot *snapshot)
{
	fprintf(out,
		"Total: %" PRIu64 ", Dialing: %" PRIu64 ", Established: %" PRIu64
		", Closed: %" PRIu64 ", Error: %" PRIu64 ", NotInitiated: %" PRIu64 "\n",
		snapshot->total, snapshot->dialing, snapshot->established, snapshot->closed,
		snapshot->failed, snapshot->not_initiated);
}

/* Truncated to microseconds, as the Go program did. */
static void print_duration(FILE *out, uint64_t ns, const char *end)
{
	char text[UNITS_TEXT_MAX];
	units_format_duration(ns / NSEC_PER_USEC * NSEC_PER_USEC, text);
	fprintf(out, "%s%s", text, end);
}

static void print_times(
	FILE *out, const char *title, const char *kind, const struct histogram *times)
{
	if (times->count == 0) {
		return;
	}
	fprintf(out, "%s stats for %" PRIu64 " %s connections min/avg/max/dev = ", title,
		times->count, kind);
	print_duration(out, times->min_us * NSEC_PER_USEC, "/");
	print_duration(out, histogram_mean_ns(times), "/");
	print_duration(out, times->max_us * NSEC_PER_USEC, "/");
	print_duration(out, histogram_stddev_ns(times), "\n");
}

void go_lines_result(FILE *out, const struct result *result)
{
	fputs("--- ", out);
	target_write(out, result);
	fputs(" tcp test statistics ---\n", out);
	go_lines_status(out, &result->at_end);
	fputs("--- tcpgoon execution statistics ---\n", out);
	fprintf(out, "Total established connections: %" PRIu64 "\n", result->totals.established);
	fprintf(out, "Max concurrent established connections: %" PRIu64 "\n",
		result->max_concurrent);
	fprintf(out, "Number of established connections on closure: %" PRIu64 "\n",
		result->at_end.established);
	print_times(out, "Response time", "successful", &result->times[TIMES_CONNECT]);
	print_times(out, "Time to error", "failed", &result->times[TIMES_FAILURE]);
	fputs("\n", out);
}
