/* SPDX-License-Identifier: MIT */
/* The options of a run, which the commands that dial share. */
#ifndef TCPGOON_CLI_SESSION_OPTIONS_H
#define TCPGOON_CLI_SESSION_OPTIONS_H

#include "cli/options.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/plan/settings.h"

/* The options of every command that dials; their fields are those of struct settings. */
extern const struct options session_options;

/* Those, and the options of commands that take a target. */
extern const struct options session_target_options;

/* Rows whose defaults differ between commands. */
#define SESSION_CONNECTIONS_ROW(initial)                                                        \
	{                                                                                       \
		OPT_COUNT("connections", 'c', OPTION_FIELD(struct settings, connections), "N",  \
			initial, 1, SETTINGS_CONNECTIONS_MAX, "Number of connections to open"), \
			.group = GROUP_PACE                                                     \
	}
#define SESSION_SLEEP_ROW(initial)                                                           \
	{                                                                                    \
		OPT_DURATION("sleep", 's', OPTION_FIELD(struct settings, sleep_ns), initial, \
			NSEC_PER_MSEC, 0, 3600 * NSEC_PER_SEC, "Time between two dials"),    \
			.group = GROUP_PACE                                                  \
	}

#endif
