/* SPDX-License-Identifier: MIT */
/*
 * --sleep has a default, so that it was given can only be told from where its value comes from. The
 * same holds for the number of connections, which a ramp knows by itself.
 */
#include "cli/pacing.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/timestamp.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/plan/pace.h"

/* Longer than anyone would wait, and short enough that no instant overflows. */
#define LENGTH_MAX_NS (365 * 24 * 3600 * NSEC_PER_SEC)

static bool was_given(
	const struct command *command, const struct command_line *line, const char *name)
{
	size_t index;
	return options_find(&command->options, name, strlen(name), &index) &&
		line->origins.options[index].kind != ORIGIN_DEFAULT;
}

static struct pace pace_of(const struct settings *settings)
{
	return (struct pace){
		.sleep_ns = settings->sleep_ns,
		.rate = settings->rate,
		.ramps = &settings->ramps,
		.burst = settings->burst,
	};
}

/* A ramp knows how many connections it has; fewer may be asked for. */
static int settle_connections(
	const struct schedule *schedule, bool given, struct settings *settings, struct error *error)
{
	char total_text[UNITS_TEXT_MAX];
	char other_text[UNITS_TEXT_MAX];
	uint64_t total = schedule_total(schedule);
	if (given && settings->connections > total) {
		return error_set(error, -ERANGE,
			"--connections: %s are more than the %s that the stages of --ramp dial: "
			"give fewer or none, or a longer ramp",
			units_format_count(settings->connections, other_text),
			units_format_count(total, total_text));
	}
	if (!given && total > SETTINGS_CONNECTIONS_MAX) {
		return error_set(error, -ERANGE,
			"--ramp: its stages dial %s connections, and a run has at most %s: make "
			"them shorter, or give -c",
			units_format_count(total, total_text),
			units_format_count(SETTINGS_CONNECTIONS_MAX, other_text));
	}
	if (!given) {
		settings->connections = total;
	}
	return 0;
}

int pacing_check_start(const struct settings *settings, struct error *error)
{
	uint64_t now_ns = clock_wall_ns();
	char passed[UNITS_TEXT_MAX];
	if (settings->start_at_ns == 0 || settings->start_at_ns > now_ns) {
		return 0;
	}
	return error_set(error, -ETIME, "--start-at: '%.80s' was %s ago: give an instant to come",
		settings->start_at,
		units_format_duration(
			(now_ns - settings->start_at_ns) / NSEC_PER_MSEC * NSEC_PER_MSEC, passed));
}

static int settle_start(struct settings *settings, struct error *error)
{
	settings->start_at_ns = 0;
	if (settings->start_at == NULL) {
		return 0;
	}
	uint64_t start_at_ns;
	int r = timestamp_parse(settings->start_at, &start_at_ns, error);
	if (r < 0) {
		error_prefix(error, "--start-at");
		return r;
	}
	/* 1970 itself has passed, and 0 means that none was given. */
	settings->start_at_ns = start_at_ns > 0 ? start_at_ns : 1;
	if (settings->start_at_ns > clock_wall_ns() + LENGTH_MAX_NS) {
		return error_set(error, -ERANGE, "--start-at: '%.80s' is more than a year away",
			settings->start_at);
	}
	return pacing_check_start(settings, error);
}

int pacing_check_length(const struct settings *settings, struct error *error)
{
	const struct pace pace = pace_of(settings);
	struct schedule schedule;
	uint64_t burst = settings->burst > 0 ? settings->burst : 1;
	int r = pace_read(&pace, &schedule, error);
	if (r < 0) {
		return r;
	}
	if (schedule.kind == SCHEDULE_STEADY && schedule.pace == 0 &&
		settings->sleep_ns > LENGTH_MAX_NS / settings->connections * burst) {
		char sleep[UNITS_TEXT_MAX];
		return error_set(error, -ERANGE,
			"--sleep: with %s between %" PRIu64
			" %s, the last would be dialled after more than a year",
			units_format_duration(settings->sleep_ns, sleep),
			(settings->connections + burst - 1) / burst,
			settings->burst > 0 ? "bursts" : "connections");
	}
	if (schedule_due_ns(&schedule, settings->connections - 1) > LENGTH_MAX_NS) {
		return error_set(error, -ERANGE,
			"--%s: the last of %" PRIu64
			" connections would be dialled after more than a year",
			settings->rate != NULL ? "rate" : "ramp", settings->connections);
	}
	return 0;
}

int pacing_settle(const struct command *command, const struct command_line *line,
	struct settings *settings, struct error *error)
{
	const struct pace pace = pace_of(settings);
	struct schedule schedule;
	bool ramp = settings->ramps.count > 0;
	if ((settings->rate != NULL || ramp) && was_given(command, line, "sleep")) {
		return error_set(error, -EINVAL,
			"--sleep and --%s both set the pace: give one of them",
			ramp ? "ramp" : "rate");
	}
	int r = pace_read(&pace, &schedule, error);
	if (r == 0 && ramp) {
		bool given = was_given(command, line, "connections");
		r = settle_connections(&schedule, given, settings, error);
	}
	return r == 0 ? settle_start(settings, error) : r;
}
