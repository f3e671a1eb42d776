/* SPDX-License-Identifier: MIT */
/* A run as the commands make it: settings to plan, to reports, to exit status. */
#ifndef TCPGOON_CLI_SESSION_H
#define TCPGOON_CLI_SESSION_H

#include <stdio.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/cli/command.h"
#include "tcpgoon/cli/options.h"
#include "tcpgoon/plan/check.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/plan/settings.h"

/* The options of every command that dials; their fields are those of struct settings. */
extern const struct options session_options;

/* Those, and the ones of the commands that are told a target. */
extern const struct options session_target_options;

/* Takes host and port. Returns 0, or -EINVAL with a message. */
int session_take_target(const struct command *command, const struct arguments *arguments,
	struct settings *settings, struct error *error);

/* The rows that such commands have with defaults of their own. */
#define SESSION_CONNECTIONS_ROW(initial_text)                                                \
	{                                                                                    \
		.name = "connections", .letter = 'c', .kind = OPTION_COUNT, .argument = "N", \
		.initial = (initial_text), .help = "Number of connections you want to open", \
		.min = 1, .max = SETTINGS_CONNECTIONS_MAX,                                   \
		OPTION_FIELD(struct settings, connections),                                  \
	}
#define SESSION_SLEEP_ROW(initial_text)                                                          \
	{                                                                                        \
		.name = "sleep", .letter = 's', .kind = OPTION_DURATION, .argument = "DURATION", \
		.initial = (initial_text), .help = "Time you want to sleep between connections", \
		.min = 0, .max = 3600 * NSEC_PER_SEC, .bare_unit_ns = NSEC_PER_MSEC,             \
		OPTION_FIELD(struct settings, sleep_ns),                                         \
	}

/*
 * Returns 0, or -ERANGE or -EINVAL with a message, where values that are well each do not go
 * together.
 */
int session_check(const struct settings *settings, struct error *error);

/* Holds the plan against the limits of this machine. */
void session_check_limits(const struct plan *plan, struct checks *ret_checks);

/* False, with the message printed and *ret_status, where the limits do not allow the plan. */
bool session_allows(const struct plan *plan, int *ret_status);

/*
 * Where the lines for people go: stdout, or stderr where -o FORMAT=- gives stdout to a report, so
 * that a program can read it.
 */
FILE *session_text_stream(const struct settings *settings);

/* Carries the plan out, with its reports. Returns the exit status. */
int session_run(const struct plan *plan);

#endif
