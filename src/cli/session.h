/* SPDX-License-Identifier: MIT */
/* A run as commands make it: from settings to plan, reports and exit status. */
#ifndef TCPGOON_CLI_SESSION_H
#define TCPGOON_CLI_SESSION_H

#include <stdio.h>

#include "cli/command.h"
#include "tcpgoon/base/error.h"
#include "tcpgoon/plan/check.h"
#include "tcpgoon/plan/plan.h"
#include "tcpgoon/plan/settings.h"
#include "tcpgoon/verdict/verdict.h"

/*
 * Returns 0, or -ERANGE or -EINVAL with a message if values that are valid by themselves do not go
 * together.
 */
int session_check(const struct settings *settings, struct error *error);

/* A run to be made, with its reports. */
struct session;

/* A command line of a command that dials. */
struct session_request {
	const struct command *command;
	struct command_line *line;
	struct settings *settings; /* filled; must outlive the session */
};

/*
 * Reads and checks the command line, and opens the reports that it asks for. The request must
 * outlive the session. From then on, every function that ends the session other than session_run()
 * writes to them that nothing was dialled. If `ret_session` is NULL, no report is opened. Returns
 * false, with *ret_status, if the command should end at once; the reason has been printed.
 */
bool session_prepare(
	const struct session_request *request, struct session **ret_session, int *ret_status);
void session_close(struct session *session);

/*
 * Where lines for users go: stdout, or stderr if a report has stdout for itself, so that a program
 * can read it.
 */
FILE *session_text_stream(const struct session *session);

/* Ends the session before the first dial and prints why. Returns the exit status. */
int session_decline(struct session *session, enum exit_status status, const struct error *error);
/* The same, and prints how to get help. */
int session_refuse_usage(
	struct session *session, const struct command *command, const struct error *error);
/* The same without a message, for a user who did not confirm. */
int session_leave_unconfirmed(struct session *session);

/*
 * Whether the limits of this machine allow the plan, and the transport can be had. Where they do,
 * and epoll takes the place of io_uring, that is told.
 */
bool session_is_possible(struct session *session, const struct plan *plan);

/*
 * False, with *ret_status, where they do not, or where the transport cannot be had: given up. Where
 * epoll takes the place of io_uring, that is told.
 */
bool session_allows(struct session *session, const struct plan *plan, int *ret_status);

/* The other end of a run, if we started it. */
struct session_peer {
	void *context;
	/*
	 * Called once, before the run is reported: ends the peer. Writes to `out` what follows the
	 * text. Returns 0, or a negative errno with a message: then the exit status is 1.
	 */
	int (*end)(void *context, FILE *out, struct error *error);
};

/*
 * Carries out the plan and writes its reports; `peer` may be NULL. Returns the exit status. If the
 * run breaks off, the peer is not ended.
 */
int session_run(struct session *session, const struct plan *plan, const struct session_peer *peer);

#endif
