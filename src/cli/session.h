/* SPDX-License-Identifier: MIT */
/* A run as the commands make it: settings to plan, to reports, to exit status. */
#ifndef TCPGOON_CLI_SESSION_H
#define TCPGOON_CLI_SESSION_H

#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/check.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/verdict/verdict.h"

/* The options of every command that dials; their fields are those of struct settings. */
extern const struct options session_options;

/* Those, and the ones of the commands that are told a target. */
extern const struct options session_target_options;

/* The rows that such commands have with defaults of their own. */
#define SESSION_CONNECTIONS_ROW(initial)                                                       \
	{                                                                                      \
		OPT_COUNT("connections", 'c', OPTION_FIELD(struct settings, connections), "N", \
			initial, 1, SETTINGS_CONNECTIONS_MAX,                                  \
			"Number of connections you want to open")                              \
	}
#define SESSION_SLEEP_ROW(initial)                                                           \
	{                                                                                    \
		OPT_DURATION("sleep", 's', OPTION_FIELD(struct settings, sleep_ns), initial, \
			NSEC_PER_MSEC, 0, 3600 * NSEC_PER_SEC,                               \
			"Time you want to sleep between connections")                        \
	}

/*
 * Returns 0, or -ERANGE or -EINVAL with a message, where values that are well each do not go
 * together.
 */
int session_check(const struct settings *settings, struct error *error);

/* A run that is to be made, with all that it reports to. */
struct session;

/* A command line of a command that dials. */
struct session_request {
	const struct command *command; /* one with arguments takes a host and a port */
	int argc;
	char **argv;
	struct settings *settings; /* filled; must outlive the session */
};

/*
 * Reads and checks the command line, and opens the reports that it asks for. From here on every way
 * out that is not session_run() tells the reports that nothing was dialled. `ret_session` may be
 * NULL: then no report is opened. Returns false where the command is to end at once, with
 * *ret_status; the reason has been printed.
 */
bool session_prepare(
	const struct session_request *request, struct session **ret_session, int *ret_status);
void session_close(struct session *session);

/*
 * Where the lines for people go: stdout, or stderr where a report has stdout for itself, so that a
 * program can read it.
 */
FILE *session_text_stream(const struct session *session);

/* Gives up before the first dial and prints why. Returns the exit status. */
int session_decline(struct session *session, enum exit_status status, const struct error *error);
/* The same, and where the help is. */
int session_refuse_usage(
	struct session *session, const struct command *command, const struct error *error);
/* The same where the person who was asked did not want it, and has been told so. */
int session_leave_unconfirmed(struct session *session);

/* Whether the limits of this machine allow the plan, with the transport that the session has. */
bool session_is_possible(struct session *session, const struct plan *plan);

/*
 * False, with *ret_status, where they do not, or where the transport cannot be had: given up. Where
 * epoll takes the place of io_uring, that is told.
 */
bool session_allows(struct session *session, const struct plan *plan, int *ret_status);

/* What a run is made against, if that is ours. */
struct session_peer {
	void *context;
	/*
	 * Ends it, once, before anything is told of the run. Writes to `out` what stands behind the
	 * text. Returns 0 or a negative errno with a message: then the exit status is 1.
	 */
	int (*end)(void *context, FILE *out, struct error *error);
};

/*
 * Carries the plan out, with its reports; `peer` may be NULL. Returns the exit status. Where the
 * run breaks off, the peer is not ended.
 */
int session_run(struct session *session, const struct plan *plan, const struct session_peer *peer);

#endif
