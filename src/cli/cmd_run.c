/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/cli/command.h"
#include "tcpgoon/cli/confirm.h"
#include "tcpgoon/cli/session.h"
#include "tcpgoon/run/probe.h"
#include "tcpgoon/verdict/verdict.h"

/* Whether the run may start: said beforehand or asked now. */
static bool is_confirmed(const struct settings *settings)
{
	if (settings->assume_yes) {
		return true;
	}
	/* Where the person who shall answer sees it: not in the file that stdout may be. */
	FILE *out = isatty(STDOUT_FILENO) ? session_text_stream(settings) : stderr;
	return confirm_run(stdin, out, settings) == CONFIRMATION_GIVEN;
}

/* Whether one of several addresses will be chosen for the run. */
static bool has_choice(const struct plan *plan)
{
	return plan->candidates.count > 1 && plan->settings.resolve_mode == RESOLVE_FIRST;
}

/*
 * Whether the machine allows the run towards one of the addresses at least: how many connections
 * there can be depends on the address. False with the message printed and *ret_status.
 */
static bool is_allowed(struct plan *plan, int *ret_status, struct error *error)
{
	struct checks checks = {.possible = false};
	for (size_t i = plan->candidates.count; has_choice(plan) && i > 0; i--) {
		if (plan_choose(plan, i - 1, error) < 0) {
			*ret_status = command_fail(error);
			return false;
		}
		session_check_limits(plan, &checks);
		if (checks.possible) {
			return true;
		}
	}
	return session_allows(plan, ret_status);
}

/* The run, once it is confirmed: towards the first address that answers. */
static int carry_out(struct plan *plan, const struct notes *notes, struct error *error)
{
	int status;
	if (!has_choice(plan)) {
		return session_run(plan);
	}
	if (plan_choose(plan, probe_candidates(plan, notes), error) < 0) {
		return command_fail(error);
	}
	return session_allows(plan, &status) ? session_run(plan) : status;
}

static int execute(int argc, char **argv)
{
	struct settings settings = {0};
	struct arguments arguments;
	int status;
	if (!command_read(&command_run, argc, argv, &settings, &arguments, &status)) {
		return status;
	}
	struct error error = ERROR_INIT;
	if (session_take_target(&command_run, &arguments, &settings, &error) < 0 ||
		session_check(&settings, &error) < 0) {
		return command_refuse_usage(&command_run, &error);
	}
	/* Before the question: nobody shall confirm what cannot be done. */
	const struct notes notes = {.on_note = command_note};
	struct plan *plan;
	if (plan_create(&settings, &notes, &plan, &error) < 0) {
		return command_fail(&error);
	}
	if (!settings.assume_yes && !isatty(STDIN_FILENO)) {
		error_set(&error, -ENOTTY,
			"standard input is no terminal, so nobody can be asked: give --assume-yes "
			"(-y) to run without the question");
		status = command_fail(&error);
	} else if (is_allowed(plan, &status, &error)) {
		status = is_confirmed(&settings) ? carry_out(plan, &notes, &error)
						 : EXIT_STATUS_INCOMPLETE;
	}
	plan_destroy(plan);
	return status;
}

const struct command command_run = {
	.name = "run",
	.arguments = "<host> <port>",
	.summary = "Run tcpgoon test",
	.description =
		"Opens connections to the port of the host, one after the other, and leaves\n"
		"once each is established or has failed, or when --hold is over or none is\n"
		"open any more. ^C ends the run with its report; a second ^C leaves at once.\n"
		"\n"
		"Thresholds are METRIC OPERATOR VALUE: of counts such as 'errors>1%' or\n"
		"'unconfirmed>0', of times such as 'connect.p99>50ms', 'handshake.max>1s' or\n"
		"'lag.p99>10ms', of the 'rate'. tcpgoon(1) has them all.\n",
	.options = {.shared = &session_target_options},
	.execute = execute,
};
