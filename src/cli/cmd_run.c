/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/cli/command.h"
#include "tcpgoon/cli/confirm.h"
#include "tcpgoon/cli/session.h"
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
	if (!settings.assume_yes && !isatty(STDIN_FILENO)) {
		error_set(&error, -ENOTTY,
			"standard input is no terminal, so nobody can be asked: give --assume-yes "
			"(-y) to run without the question");
		return command_fail(&error);
	}
	/* Before the question: nobody shall confirm what cannot be done. */
	struct plan *plan;
	if (plan_create(&settings, &plan, &error) < 0) {
		return command_fail(&error);
	}
	if (!session_allows(plan, &status)) {
		plan_destroy(plan);
		return status;
	}
	status = is_confirmed(&settings) ? session_run(plan) : EXIT_STATUS_INCOMPLETE;
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
