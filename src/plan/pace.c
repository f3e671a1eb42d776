/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/pace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

/* A pace or a duration as one part of a ramp; longer ones are none. */
#define PART_MAX 64

static int read_rate(const char *text, struct schedule *ret_schedule, struct error *error)
{
	uint64_t pace;
	int r = units_parse_pace(text, SCHEDULE_PACE_MIN, SCHEDULE_PACE_MAX, &pace, error);
	if (r < 0) {
		error_prefix(error, "--rate");
		return r;
	}
	*ret_schedule = schedule_at_pace(pace);
	return 0;
}

/* Copies what precedes a colon. Returns what follows it, or NULL if there is none. */
static const char *split(const char *text, char part[PART_MAX])
{
	const char *colon = strchr(text, ':');
	if (colon == NULL || colon - text >= PART_MAX) {
		return NULL;
	}
	memcpy(part, text, (size_t)(colon - text));
	part[colon - text] = '\0';
	return colon + 1;
}

static int read_stage(const char *text, struct schedule *schedule, struct error *error)
{
	char from_text[PART_MAX];
	char to_text[PART_MAX];
	const char *rest = split(text, from_text);
	const char *duration = rest != NULL ? split(rest, to_text) : NULL;
	if (duration == NULL) {
		return error_set(error, -EINVAL,
			"'%.80s' is not FROM:TO:DURATION, such as 0:2000:10s: two paces in "
			"connections a second, and how long it takes from one to the other",
			text);
	}
	uint64_t from = 0;
	uint64_t to = 0;
	uint64_t duration_ns = 0;
	int r = units_parse_pace(from_text, 0, SCHEDULE_PACE_MAX, &from, error);
	if (r == 0) {
		r = units_parse_pace(to_text, 0, SCHEDULE_PACE_MAX, &to, error);
	}
	if (r == 0) {
		r = units_parse_duration(duration, NSEC_PER_SEC, NSEC_PER_MSEC,
			SCHEDULE_STAGE_MAX_NS, &duration_ns, error);
	}
	if (r < 0) {
		error_prefix(error, "'%.80s'", text);
		return r;
	}
	if (!schedule_add_stage(schedule, from, to, duration_ns)) {
		return error_set(
			error, -ERANGE, "is given more than %d times", SCHEDULE_STAGES_MAX);
	}
	return 0;
}

static int read_ramps(
	const struct text_list *ramps, struct schedule *ret_schedule, struct error *error)
{
	struct schedule schedule = {.kind = SCHEDULE_STAGES};
	for (size_t i = 0; i < ramps->count; i++) {
		int r = read_stage(ramps->items[i], &schedule, error);
		if (r < 0) {
			error_prefix(error, "--ramp");
			return r;
		}
	}
	if (schedule_total(&schedule) == 0) {
		return error_set(error, -EINVAL,
			"--ramp: '%.80s' never dials: give one of its paces more than 0",
			ramps->items[0]);
	}
	*ret_schedule = schedule;
	return 0;
}

static int read_burst(const struct pace *pace, struct schedule *ret_schedule, struct error *error)
{
	if (pace->sleep_ns == 0) {
		return error_set(error, -EINVAL,
			"--burst: %" PRIu64 " at a time need a time between two bursts: give "
			"--sleep, such as --sleep 1s",
			pace->burst);
	}
	*ret_schedule = schedule_every(pace->sleep_ns, pace->burst);
	return 0;
}

int pace_read(const struct pace *pace, struct schedule *ret_schedule, struct error *error)
{
	const char *given[3];
	size_t count = 0;
	if (pace->rate != NULL) {
		given[count++] = "--rate";
	}
	if (pace->ramps->count > 0) {
		given[count++] = "--ramp";
	}
	if (pace->burst > 0) {
		given[count++] = "--burst";
	}
	if (count > 1) {
		return error_set(error, -EINVAL, "%s and %s both set the pace: give one of them",
			given[0], given[1]);
	}
	if (pace->rate != NULL) {
		return read_rate(pace->rate, ret_schedule, error);
	}
	if (pace->ramps->count > 0) {
		return read_ramps(pace->ramps, ret_schedule, error);
	}
	if (pace->burst > 0) {
		return read_burst(pace, ret_schedule, error);
	}
	*ret_schedule = schedule_every(pace->sleep_ns, 1);
	return 0;
}
