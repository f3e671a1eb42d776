/* SPDX-License-Identifier: MIT */
/*
 * The format is that of HdrHistogram's HistogramLogWriter, version 1.3: comments, a legend, and one
 * line for each histogram, told apart by tags. A run is one interval, so each time has one line; a
 * time of which nothing was measured has none.
 *
 * The log has no place for a unit. By its custom values are nanoseconds and Interval_Max is in
 * milliseconds. Ours are microseconds, as they were measured: a comment says so, and Interval_Max
 * is in milliseconds for readers that show it as it is.
 */
#include "report/hlog.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "report/target.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/times.h"
#include "tcpgoon/stats/hdr_encoding.h"
#include "version.h"

/* Seconds with three decimals, whatever the locale. */
static void print_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%03u", ns / NSEC_PER_SEC,
		(unsigned)(ns % NSEC_PER_SEC / NSEC_PER_MSEC));
}

/* "Wed Jan 31 12:00:00 UTC 2024", as Java prints a date. */
static void print_date(FILE *out, uint64_t ns)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(ns / NSEC_PER_SEC);
	struct tm parts;
	if (gmtime_r(&seconds, &parts) != NULL) {
		fprintf(out, ", %s %s %02d %02d:%02d:%02d UTC %d", days[parts.tm_wday],
			months[parts.tm_mon], parts.tm_mday, parts.tm_hour, parts.tm_min,
			parts.tm_sec, parts.tm_year + 1900);
	}
}

static void print_head(FILE *out, const struct result *result)
{
	uint64_t started_ns = result->started_at_ns;
	fputs("#[tcpgoon " VERSION_TEXT ": times of connections to ", out);
	target_write(out, result);
	fputs("]\n"
	      "#[Histogram log format version 1.3]\n"
	      "#[Values are microseconds: give readers -outputValueUnitRatio 1000 to have "
	      "milliseconds, as Interval_Max is]\n"
	      "#[BaseTime: ",
		out);
	print_seconds(out, started_ns);
	fputs(" (seconds since epoch)]\n#[StartTime: ", out);
	print_seconds(out, started_ns);
	fputs(" (seconds since epoch)", out);
	print_date(out, started_ns);
	fputs("]\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
	      "\"Interval_Compressed_Histogram\"\n",
		out);
}

static int print_times(FILE *out, const struct result *result, enum times kind)
{
	const struct histogram *times = &result->times[kind];
	CLEANUP(cleanup_free) char *encoded = NULL;
	int r = histogram_encode(times, &encoded);
	if (r < 0) {
		return r;
	}
	fprintf(out, "Tag=%s,0.000,", times_row(kind)->name);
	print_seconds(out, result->duration_ns);
	fprintf(out, ",%" PRIu64 ".%03u,%s\n", times->max_us / USEC_PER_MSEC,
		(unsigned)(times->max_us % USEC_PER_MSEC), encoded);
	return 0;
}

static int hlog_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	(void)verdict;
	print_head(out, result);
	for (int i = 0; i < TIMES_MAX; i++) {
		int r = times_is_told(result, (enum times)i)
			? print_times(out, result, (enum times)i)
			: 0;
		if (r < 0) {
			return r;
		}
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

const struct report_ops report_hlog = {
	.name = "hlog",
	.extension = "hlog",
	.summary = "HdrHistogram's log: each time with all of its values, under its name as tag",
	.mode = REPORT_WHOLE,
	.ignores_verdict = true,
	.end = hlog_end,
};
