/* SPDX-License-Identifier: MIT */
/* What the user asked for, as plain validated values. */
#ifndef TCPGOON_PLAN_SETTINGS_H
#define TCPGOON_PLAN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/text_list.h"
#include "tcpgoon/transport/engine.h"

#define SETTINGS_CONNECTIONS_MAX UINT64_C(16777216)

/* How the run closes its connections. */
enum close_mode {
	CLOSE_FIN, /* orderly: FIN, then TIME_WAIT on our side */
	CLOSE_RST, /* SO_LINGER {1, 0}: RST, nothing left behind */
	CLOSE_MODE_MAX,
};

/* Which addresses of a name are dialled. */
enum resolve_mode {
	RESOLVE_FIRST,
	RESOLVE_ALL, /* in turns */
	RESOLVE_MODE_MAX,
};

/* When the run is shown as it goes on, in a view that is drawn anew. */
enum live_mode {
	LIVE_AUTO, /* if the standard error is a terminal that can */
	LIVE_ALWAYS,
	LIVE_NEVER,
	LIVE_MODE_MAX,
};

/* What users and reports call these; NULL follows the last. */
extern const char *const settings_close_names[CLOSE_MODE_MAX + 1];
extern const char *const settings_resolve_names[RESOLVE_MODE_MAX + 1];
extern const char *const settings_live_names[LIVE_MODE_MAX + 1];

/* Strings belong to the caller (argv) and outlive the settings. */
struct settings {
	const char *host; /* a name or a literal, brackets allowed around IPv6 */
	const char *ports; /* "80", "8000-8003", "8000,8001" */
	uint64_t connections;
	/* The pace: the first that is given of these (plan/pace.h). */
	const char *rate; /* dials a second; NULL: not given */
	struct text_list ramps; /* "FROM:TO:DURATION", one after the other; none: not given */
	uint64_t burst; /* dials at once; 0: not given */
	uint64_t sleep_ns; /* between dials or bursts; 0: as fast as possible */
	const char *start_at; /* when to begin; NULL: at once */
	uint64_t start_at_ns; /* the same since the epoch; 0: at once */
	uint64_t dial_timeout_ns; /* from CONNECT to its decision */
	uint64_t interval_ns; /* between status lines; 0: only the first and the last */
	uint64_t hold_ns; /* how long to watch after the last dial has ended */
	enum close_mode close_mode;
	enum resolve_mode resolve_mode;
	bool only_ipv4; /* of the addresses of the host; not both */
	bool only_ipv6;
	struct text_list sources; /* addresses, networks, ranges; none: the plan finds them */
	const char *source_port; /* "LOW-HIGH", "auto"; NULL: the plan chooses */
	struct text_list fail_if; /* thresholds for the exit status */
	struct text_list abort_if; /* thresholds that also end the run early */
	struct text_list outputs; /* reports: FORMAT=PATH */
	bool github; /* a step of GitHub Actions: a summary and annotations */
	enum engine engine; /* how connections reach the kernel */
	bool force; /* dial even if limits do not allow all of it */
	bool assume_yes;
	bool debug;
	enum live_mode live;
	bool quiet; /* the report only: no status lines, no progress, no view */
};

#endif
