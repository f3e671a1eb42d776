/* SPDX-License-Identifier: MIT */
#include "cli/session_options.h"

#include "cli/engine_row.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/report/formats.h"

#define FIELD(name) OPTION_FIELD(struct settings, name)

static const struct option_row rows[] = {
	{OPT_TEXT("rate", 0, FIELD(rate), "R",
		 "Connections dialled a second instead of --sleep, at least 0.001: 500, 0.5, 2.5k"),
		.group = GROUP_PACE, .or_number = true},
	{OPT_TEXTS("ramp", 0, FIELD(ramps), "FROM:TO:DURATION",
		 "Dial at a pace that changes evenly: 0:2000:10s goes from 0 to 2000 connections a "
		 "second; may be repeated, one stage after the other, and then no more are dialled; "
		 "without -c, as many connections as that comes to"),
		.group = GROUP_PACE},
	{OPT_COUNT("burst", 0, FIELD(burst), "N", NULL, 1, SETTINGS_CONNECTIONS_MAX,
		 "Dial so many at once, every --sleep"),
		.group = GROUP_PACE},
	{OPT_TEXT("start-at", 0, FIELD(start_at), "TIME",
		 "Wait until then before the first dial: 2026-11-25T19:00:00.500+01:00, or seconds "
		 "since 1970; the clock is read once, so setting it later changes nothing"),
		.group = GROUP_PACE, .or_number = true},
	{OPT_DURATION("dial-timeout", 't', FIELD(dial_timeout_ns), "5s", NSEC_PER_MSEC,
		 NSEC_PER_MSEC, 3600 * NSEC_PER_SEC, "Time after which a dial fails"),
		.group = GROUP_PACE},
	{OPT_DURATION("hold", 0, FIELD(hold_ns), "0s", NSEC_PER_SEC, 0,
		 30 * 24 * 3600 * NSEC_PER_SEC,
		 "How long to keep the connections open, and watch them, after the last dial"),
		.group = GROUP_LIFE},
	{OPT_TEXTS("source", 0, FIELD(sources), "ADDRESSES",
		 "Dial from this address, network (10.0.0.0/24) or range (10.0.0.1-10.0.0.9); "
		 "may be repeated (default: found by the route to the target)"),
		.group = GROUP_TARGET},
	{OPT_TEXT("source-port", 0, FIELD(source_port), "LOW-HIGH",
		 "Ports to dial from, or 'auto' to leave the choice to the kernel, which becomes "
		 "slow beyond half of its range (default: 1024-65535, those outside "
		 "ip_local_port_range first)"),
		.group = GROUP_TARGET},
	{OPT_CHOICE("close", 0, FIELD(close_mode), settings_close_names, "fin",
		 "How to close the connections: orderly, or by a reset, which leaves no TIME_WAIT"),
		.group = GROUP_LIFE},
	{OPT_TEXTS("fail-if", 0, FIELD(fail_if), "EXPRESSION",
		 "Exit with 3 if this holds at the end, instead of with 2 for any failure: "
		 "'errors>1%', 'connect.p99>50ms'; may be repeated"),
		.group = GROUP_JUDGING},
	{OPT_TEXTS("abort-if", 0, FIELD(abort_if), "EXPRESSION",
		 "Like --fail-if, and ends the run as soon as it holds"),
		.group = GROUP_JUDGING},
	{OPT_TEXTS("output", 'o', FIELD(outputs), "FORMAT=PATH",
		 "Write a report to a file; - is standard output, and the text then goes to "
		 "standard error; may be repeated"),
		.group = GROUP_OUTPUT, .format_at = report_format_name_at},
	{OPT_FLAG("github", 0, FIELD(github),
		 "In a step of GitHub Actions: add a summary to the file that GITHUB_STEP_SUMMARY "
		 "names, and print annotations"),
		.group = GROUP_OUTPUT},
	ENGINE_ROW(struct settings, engine),
	{OPT_FLAG("force", 0, FIELD(force),
		 "Dial even if the limits of this machine do not allow all of it"),
		.group = GROUP_MACHINE, .deliberate = true},
	{OPT_DURATION("interval", 'i', FIELD(interval_ns), "1s", NSEC_PER_SEC, 10 * NSEC_PER_MSEC,
		 24 * 3600 * NSEC_PER_SEC,
		 "Time between status lines, at least 10ms; 0 for the first and last only"),
		.group = GROUP_OUTPUT, .or_zero = true},
	{OPT_CHOICE("live", 0, FIELD(live), settings_live_names, "auto",
		 "Show the run as it goes on, drawn anew on standard error: if that is a terminal, "
		 "always, or never"),
		.group = GROUP_OUTPUT},
	{OPT_FLAG("quiet", 'q', FIELD(quiet),
		 "Print the report and errors only: no status lines, no progress, no live view"),
		.group = GROUP_OUTPUT},
	{OPT_FLAG("debug", 'd', FIELD(debug), "Print debugging information to standard error"),
		.group = GROUP_OUTPUT},
};

const struct options session_options = {
	.own = rows,
	.own_count = sizeof(rows) / sizeof(rows[0]),
};

static const struct option_row target_rows[] = {
	SESSION_CONNECTIONS_ROW("100"),
	SESSION_SLEEP_ROW("10ms"),
	{OPT_CHOICE("resolve", 0, FIELD(resolve_mode), settings_resolve_names, "first",
		 "Dial the first address of the host that answers, or all in turn"),
		.group = GROUP_TARGET},
	{OPT_FLAG("ipv4", '4', FIELD(only_ipv4), "Dial IPv4 addresses of the host only"),
		.group = GROUP_TARGET},
	{OPT_FLAG("ipv6", '6', FIELD(only_ipv6), "Dial IPv6 addresses of the host only"),
		.group = GROUP_TARGET},
	{OPT_FLAG("assume-yes", 'y', FIELD(assume_yes), "Run without asking for confirmation"),
		.deliberate = true},
};

const struct options session_target_options = {
	.own = target_rows,
	.own_count = sizeof(target_rows) / sizeof(target_rows[0]),
	.shared = &session_options,
};
