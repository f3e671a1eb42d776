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

/* Where the lines of a run go. */
struct reporter {
	const struct report_ops *ops;
	FILE *out;
	int failure; /* the first negative errno of a line that could not be written */
};

static void keep_failure(struct reporter *reporter, int r)
{
	if (reporter->failure == 0 && r < 0) {
		reporter->failure = r;
	}
}

static void on_tick(void *context, const struct snapshot *snapshot)
{
	struct reporter *reporter = context;
	keep_failure(reporter, reporter->ops->tick(reporter->out, snapshot));
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

/* As session_run, with the result's memory in the caller's hands. */
static int run_into(const struct plan *plan, struct result *result, struct error *error)
{
	struct reporter reporter = {.ops = &report_text, .out = stdout};
	const struct run_observer observer = {
		.context = &reporter,
		.on_tick = on_tick,
		.on_stage = on_stage,
		.on_debug = plan->settings.debug ? on_debug : NULL,
	};
	int r = run_execute(plan, &observer, result, error);
	if (r < 0) {
		return r;
	}
	keep_failure(&reporter, reporter.ops->final(reporter.out, result));
	if (reporter.failure < 0) {
		return error_set(
			error, reporter.failure, "the report could not be written to stdout");
	}
	return 0;
}

int session_run(const struct plan *plan)
{
	struct error error = ERROR_INIT;
	struct result result;
	if (result_init(&result) < 0) {
		error_set(&error, -ENOMEM, "out of memory for the result");
		return command_fail(&error);
	}
	int r = run_into(plan, &result, &error);
	int status = r < 0 ? command_fail(&error) : (int)verdict_exit_status(&result);
	result_finish(&result);
	return status;
}
