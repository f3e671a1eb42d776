/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/session.h"
#include "cli/session_options.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/run/probe.h"
#include "tcpgoon/verdict/verdict.h"

/* True if the user has agreed to the run, beforehand or when asked now. */
static bool is_confirmed(const struct settings *settings, const struct session *session)
{
	if (settings->assume_yes) {
		return true;
	}
	/* Prompt on the terminal even if stdout is redirected. */
	FILE *out = isatty(STDOUT_FILENO) ? session_text_stream(session) : stderr;
	return confirm_run(stdin, out, settings) == CONFIRMATION_GIVEN;
}

/* True if the run will choose one of several addresses. */
static bool has_choice(const struct plan *plan)
{
	return plan->candidates.count > 1 && plan->settings.resolve_mode == RESOLVE_FIRST;
}

/*
 * True if the limits of this machine allow the run to at least one of the addresses: the possible
 * number of connections depends on the address. False, with *ret_status, if the session was
 * declined.
 */
static bool is_allowed(struct session *session, struct plan *plan, int *ret_status)
{
	struct error error = ERROR_INIT;
	for (size_t i = plan->candidates.count; has_choice(plan) && i > 0; i--) {
		if (plan_choose(plan, i - 1, &error) < 0) {
			*ret_status = session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
			return false;
		}
		if (session_is_possible(session, plan)) {
			return true;
		}
	}
	return session_allows(session, plan, ret_status);
}

/* Runs, once confirmed, against the first address that answers. */
static int carry_out(struct session *session, struct plan *plan, const struct notes *notes)
{
	int status;
	struct error error = ERROR_INIT;
	if (!has_choice(plan)) {
		return session_run(session, plan, NULL);
	}
	if (plan_choose(plan, probe_candidates(plan, notes), &error) < 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	}
	return session_allows(session, plan, &status) ? session_run(session, plan, NULL) : status;
}

static int plan_and_run(struct session *session, const struct settings *settings)
{
	/* Plan before asking: users should not confirm what is not possible. */
	const struct notes notes = {.on_note = command_note};
	struct error error = ERROR_INIT;
	struct plan *plan;
	if (plan_create(settings, &notes, &plan, &error) < 0) {
		return session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	}
	int status;
	if (!settings->assume_yes && !isatty(STDIN_FILENO)) {
		error_set(&error, -ENOTTY,
			"standard input is not a terminal, so nobody can be asked: give "
			"--assume-yes (-y) to run without the question");
		status = session_decline(session, EXIT_STATUS_INCOMPLETE, &error);
	} else if (is_allowed(session, plan, &status)) {
		status = is_confirmed(settings, session) ? carry_out(session, plan, &notes)
							 : session_leave_unconfirmed(session);
	}
	plan_destroy(plan);
	return status;
}

static int execute(struct command_line *line)
{
	struct settings settings = {0};
	const struct session_request request = {&command_run, line, &settings};
	struct session *session;
	int status;
	if (session_prepare(&request, &session, &status)) {
		status = plan_and_run(session, &settings);
		session_close(session);
	}
	return status;
}

static const struct help_example examples[] = {
	{"tcpgoon run example.org 443 -c 5k -s 1ms",
		"Five thousand connections at 1000 a second; asks before it starts"},
	{"tcpgoon run example.org 443 -y -c 5k --hold 1m",
		"As many, held and watched for a minute; does not ask"},
	{"tcpgoon run example.org 443 -y --hold 2s --fail-if 'connect.p99>50ms' "
	 "--fail-if 'errors>1%'",
		"A test that a CI can fail: the exit status is 3 if either holds"},
	{"tcpgoon run example.org 443 -y -o json=result.json",
		"The whole result for programs, beside the text"},
	{0},
};

const struct command command_run = {
	.name = "run",
	.arguments = "<host> <port>",
	.takes_target = true,
	.summary = "Run tcpgoon test",
	.description =
		"Opens connections to the port of the host, one after the other, and ends once "
		"each is established or has failed; with --hold, when that time is over or none "
		"is open any more. ^C ends the run with its report; a second ^C ends it at once.\n"
		"\n"
		"Thresholds are METRIC OPERATOR VALUE, for counts such as 'errors>1%' or "
		"'unconfirmed>0', for times such as 'connect.p99>50ms', 'handshake.max>1s' or "
		"'lag.p99>10ms', or for the 'rate'. tcpgoon(1) lists them all.",
	.examples = examples,
	.options = {.shared = &session_target_options, .configurable = true},
	.execute = execute,
};
