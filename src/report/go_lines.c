/* SPDX-License-Identifier: MIT */
/*
 * Scripts read these lines as they read those of the Go program: words, order, spaces and the
 * truncation of times are fixed forever. Anything new belongs in report/summary.
 */
#include "report/go_lines.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/units.h"

void go_lines_status(FILE *out, const struct snapshot *snapshot)
{
	fprintf(out,
		"Total: %" PRIu64 ", Dialing: %" PRIu64 ", Established: %" PRIu64
		", Closed: %" PRIu64 ", Error: %" PRIu64 ", NotInitiated: %" PRIu64 "\n",
		snapshot->total, snapshot->dialing, snapshot->established, snapshot->closed,
		snapshot->failed, snapshot->not_initiated);
}

/* Writes the first bytes of a word given by the user, escaped for display. */
static void write_shown(FILE *out, const char *text, size_t length)
{
	char piece[ESCAPE_PIECE_MAX];
	const char *end = text + length;
	while (text < end && escape_next(&text, piece) > 0) {
		fputs(piece, out);
	}
}

/* "host:80", "host(192.0.2.1):80", "[::1]:80": the address only where it adds something. */
static void print_target(FILE *out, const struct result *result)
{
	const char *host = result->settings.host;
	size_t length = strlen(host);
	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	bool literal = memchr(host, ':', length) != NULL;
	fputs(literal ? "[" : "", out);
	write_shown(out, host, length);
	fputs(literal ? "]" : "", out);

	char address[ADDRESS_TEXT_MAX];
	address_format_host(&result->target, address);
	if (strlen(address) != length || memcmp(address, host, length) != 0) {
		fprintf(out, "(%s)", address);
	}
	fprintf(out, ":%u", (unsigned)address_port(&result->target));
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
	print_target(out, result);
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
