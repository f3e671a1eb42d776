/* SPDX-License-Identifier: MIT */
#include "tcpgoon/cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/cli/command.h"
#include "tcpgoon/report/text.h"
#include "tcpgoon/run/run.h"
#include "tcpgoon/verdict/verdict.h"

static const struct option_row rows[] = {
	{
		.name = "dial-timeout",
		.letter = 't',
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.initial = "5s",
		.help = "Connection dialing timeout",
		.min = NSEC_PER_MSEC,
		.max = 3600 * NSEC_PER_SEC,
		.bare_unit_ns = NSEC_PER_MSEC,
		OPTION_FIELD(struct settings, dial_timeout_ns),
	},
	{
		.name = "hold",
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.initial = "0s",
		.help = "Time to keep the connections open and watched after the last dial",
		.min = 0,
		.max = 30 * 24 * 3600 * NSEC_PER_SEC,
		.bare_unit_ns = NSEC_PER_SEC,
		OPTION_FIELD(struct settings, hold_ns),
	},
	{
		.name = "interval",
		.letter = 'i',
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.initial = "1s",
		.help = "Time between status lines, 0 for the first and last only",
		.min = 0,
		.max = 24 * 3600 * NSEC_PER_SEC,
		.bare_unit_ns = NSEC_PER_SEC,
		OPTION_FIELD(struct settings, interval_ns),
	},
	{
		.name = "debug",
		.letter = 'd',
		.kind = OPTION_FLAG,
		.help = "Print debugging information to the standard error",
		OPTION_FIELD(struct settings, debug),
	},
};

const struct options session_options = {
	.own = rows,
	.own_count = sizeof(rows) / sizeof(rows[0]),
};

/* Longer than anybody waits, and short enough that no due time overflows. */
#define DIALLING_MAX_NS (365 * 24 * 3600 * NSEC_PER_SEC)

int session_check(const struct settings *settings, struct error *error)
{
	if (settings->sleep_ns > DIALLING_MAX_NS / settings->connections) {
		char sleep[UNITS_TEXT_MAX];
		return error_set(error, -ERANGE,
			"--sleep: with %s between %" PRIu64
			" connections, the last would be dialed in more than a year",
			units_format_duration(settings->sleep_ns, sleep), settings->connections);
	}
	return 0;
}

/* Whether the lines could be written is asked of stdout once, by main. */
static void on_tick(void *context, const struct snapshot *snapshot)
{
	(void)context;
	report_text.tick(stdout, snapshot);
}

static void on_stage(void *context, const char *sentence)
{
	(void)context;
	fprintf(stderr, "tcpgoon: %s\n", sentence);
}

static void on_debug(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "%s\n", line);
}

int session_run(const struct plan *plan)
{
	const struct run_observer observer = {
		.on_tick = on_tick,
		.on_stage = on_stage,
		.on_debug = plan->settings.debug ? on_debug : NULL,
	};
	struct error error = ERROR_INIT;
	struct result result;
	if (result_init(&result) < 0) {
		error_set(&error, -ENOMEM, "out of memory for the result");
		return command_fail(&error);
	}
	int status;
	if (run_execute(plan, &observer, &result, &error) < 0) {
		status = command_fail(&error);
	} else {
		report_text.final(stdout, &result);
		status = (int)verdict_exit_status(&result);
	}
	result_finish(&result);
	return status;
}
