/* SPDX-License-Identifier: MIT */
/*
 * A steady pace is a fraction of whole numbers, and the instant of connection i is rounded from the
 * exact i * span / per: at 3 a second, the three-millionth is due at the instant 1,000,000 s.
 *
 * In a stage the pace goes from a to b over D, so t after its beginning a*t + (b - a)*t^2 / (2*D)
 * connections were due. The instant of one is the root of this, in the form W*D / (a*D +
 * sqrt((a*D)^2 + (b - a)*W*D)), which for b >= a has only sums of what is not negative, so no
 * digits cancel; a stage that falls is looked at from its end. Paces are whole millionths and times
 * whole nanoseconds: so the integral of a stage is exact, fractions of a connection are carried
 * from one stage to the next, and the root is off by less than a thousandth of a nanosecond, while
 * two connections are at least a hundred nanoseconds apart.
 */
#include "tcpgoon/plan/schedule.h"

#include <math.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"
#include "tcpgoon/base/units.h"

struct schedule schedule_every(uint64_t period_ns, uint64_t burst)
{
	if (period_ns == 0) {
		return (struct schedule){.kind = SCHEDULE_AT_ONCE};
	}
	return (struct schedule){
		.kind = SCHEDULE_STEADY, .span_ns = period_ns, .per = 1, .burst = burst};
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b > 0) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

struct schedule schedule_at_pace(uint64_t pace)
{
	const uint64_t whole = NSEC_PER_SEC * SCHEDULE_PER_S;
	uint64_t divisor = common_divisor(whole, pace);
	return (struct schedule){
		.kind = SCHEDULE_STEADY,
		.span_ns = whole / divisor,
		.per = pace / divisor,
		.burst = 1,
		.pace = pace,
	};
}

/* Of the whole stage, in units of 1 / SCHEDULE_SCALE. */
static uint128 integral_of(const struct schedule_stage *stage)
{
	return (uint128)(stage->from + stage->to) * stage->duration_ns;
}

static const struct schedule_stage *last_stage(const struct schedule *schedule)
{
	return &schedule->stages[schedule->stage_count - 1];
}

bool schedule_add_stage(struct schedule *schedule, uint64_t from, uint64_t to, uint64_t duration_ns)
{
	if (schedule->stage_count == SCHEDULE_STAGES_MAX) {
		return false;
	}
	struct schedule_stage stage = {.from = from, .to = to, .duration_ns = duration_ns};
	if (schedule->stage_count > 0) {
		const struct schedule_stage *last = last_stage(schedule);
		stage.start_ns = last->start_ns + last->duration_ns;
		stage.before = last->before + integral_of(last);
	}
	schedule->kind = SCHEDULE_STAGES;
	schedule->stages[schedule->stage_count++] = stage;
	return true;
}

/* The first connection that is due when so much of the integral is behind. */
static uint64_t first_from(uint128 integral)
{
	return (uint64_t)((integral + SCHEDULE_SCALE - 1) / SCHEDULE_SCALE);
}

uint64_t schedule_total(const struct schedule *schedule)
{
	if (schedule->kind != SCHEDULE_STAGES) {
		return UINT64_MAX;
	}
	const struct schedule_stage *last = last_stage(schedule);
	return first_from(last->before + integral_of(last));
}

/*
 * How long after its beginning a stage that rises from a to b has had this share of its integral.
 */
static long double time_of(long double a, long double b, long double duration_ns, long double share)
{
	long double slope = (b - a) * share * duration_ns;
	long double root = sqrtl(a * duration_ns * a * duration_ns + slope);
	return share == 0 ? 0 : share * duration_ns / (a * duration_ns + root);
}

static uint64_t due_in_stage(const struct schedule_stage *stage, uint64_t index)
{
	uint128 share = (uint128)index * SCHEDULE_SCALE - stage->before;
	if (stage->from == stage->to) {
		return stage->start_ns + (uint64_t)((share + stage->from) / (2 * stage->from));
	}
	long double a = stage->from;
	long double b = stage->to;
	long double duration_ns = stage->duration_ns;
	long double at_ns = a < b
		? time_of(a, b, duration_ns, share)
		: duration_ns - time_of(b, a, duration_ns, integral_of(stage) - share);
	return stage->start_ns + lesser((uint64_t)(at_ns + 0.5L), stage->duration_ns);
}

static uint64_t due_in_stages(const struct schedule *schedule, uint64_t index)
{
	for (size_t i = 0; i < schedule->stage_count; i++) {
		const struct schedule_stage *stage = &schedule->stages[i];
		if ((uint128)index * SCHEDULE_SCALE < stage->before + integral_of(stage)) {
			return due_in_stage(stage, index);
		}
	}
	const struct schedule_stage *last = last_stage(schedule);
	return last->start_ns + last->duration_ns;
}

uint64_t schedule_due_ns_computed(const struct schedule *schedule, uint64_t index)
{
	switch (schedule->kind) {
	case SCHEDULE_AT_ONCE:
		return 0;
	case SCHEDULE_STEADY:
		break;
	case SCHEDULE_STAGES:
		return due_in_stages(schedule, index);
	}
	uint128 spans = (uint128)(index / schedule->burst) * schedule->span_ns;
	return (uint64_t)((spans + schedule->per / 2) / schedule->per);
}

/* The number of groups whose instant, as rounded, is not after elapsed_ns. */
static uint64_t due_steady(const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit)
{
	uint128 most = ((uint128)elapsed_ns + 1) * schedule->per - 1 - schedule->per / 2;
	uint128 groups = most / schedule->span_ns + 1;
	return groups > limit / schedule->burst ? limit : (uint64_t)groups * schedule->burst;
}

/* Roughly how much of the integral is behind. */
static long double integral_at(const struct schedule *schedule, uint64_t elapsed_ns)
{
	long double sum = 0;
	for (size_t i = 0; i < schedule->stage_count; i++) {
		const struct schedule_stage *stage = &schedule->stages[i];
		if (elapsed_ns < stage->start_ns + stage->duration_ns) {
			long double t = elapsed_ns - stage->start_ns;
			long double rise = (long double)stage->to - (long double)stage->from;
			return stage->before + 2 * t * stage->from +
				rise * t * t / stage->duration_ns;
		}
		sum = stage->before + integral_of(stage);
	}
	return sum;
}

static uint64_t due_of_stages(const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit)
{
	limit = lesser(limit, schedule_total(schedule));
	uint64_t count = (uint64_t)(integral_at(schedule, elapsed_ns) / SCHEDULE_SCALE);
	count = lesser(count, limit);
	/* It is right but for the rounding of either. */
	while (count > 0 && due_in_stages(schedule, count - 1) > elapsed_ns) {
		count--;
	}
	while (count < limit && due_in_stages(schedule, count) <= elapsed_ns) {
		count++;
	}
	return count;
}

uint64_t schedule_due_count_computed(
	const struct schedule *schedule, uint64_t elapsed_ns, uint64_t limit)
{
	switch (schedule->kind) {
	case SCHEDULE_AT_ONCE:
		break;
	case SCHEDULE_STEADY:
		return due_steady(schedule, elapsed_ns, limit);
	case SCHEDULE_STAGES:
		return due_of_stages(schedule, elapsed_ns, limit);
	}
	return limit;
}

static double pace_in_stages(const struct schedule *schedule, uint64_t elapsed_ns)
{
	for (size_t i = 0; i < schedule->stage_count; i++) {
		const struct schedule_stage *stage = &schedule->stages[i];
		if (elapsed_ns < stage->start_ns + stage->duration_ns) {
			double part =
				(double)(elapsed_ns - stage->start_ns) / (double)stage->duration_ns;
			double rise = (double)stage->to - (double)stage->from;
			return ((double)stage->from + rise * part) / (double)SCHEDULE_PER_S;
		}
	}
	return 0;
}

double schedule_pace_at(const struct schedule *schedule, uint64_t elapsed_ns)
{
	switch (schedule->kind) {
	case SCHEDULE_AT_ONCE:
		break;
	case SCHEDULE_STEADY:
		return (double)schedule->burst * (double)schedule->per * 1e9 /
			(double)schedule->span_ns;
	case SCHEDULE_STAGES:
		return pace_in_stages(schedule, elapsed_ns);
	}
	return 0;
}

double schedule_average(const struct schedule *schedule, uint64_t count)
{
	if (schedule_is_even(schedule)) {
		return schedule_pace_at(schedule, 0);
	}
	uint64_t last_ns = count > 1 ? schedule_due_ns(schedule, count - 1) : 0;
	return last_ns > 0 ? (double)(count - 1) * 1e9 / (double)last_ns : 0;
}

static void describe_stages(const struct schedule *schedule, char buffer[SCHEDULE_TEXT_MAX])
{
	size_t used = 0;
	for (size_t i = 0; i < schedule->stage_count && used < SCHEDULE_TEXT_MAX; i++) {
		const struct schedule_stage *stage = &schedule->stages[i];
		char from[UNITS_TEXT_MAX];
		char to[UNITS_TEXT_MAX];
		char duration[UNITS_TEXT_MAX];
		units_format_pace(stage->from, from);
		units_format_pace(stage->to, to);
		units_format_duration(stage->duration_ns, duration);
		const char *then = i > 0 ? ", then " : "";
		used += (size_t)(stage->from == stage->to
				? snprintf(buffer + used, SCHEDULE_TEXT_MAX - used,
					  "%s%s a second for %s", then, from, duration)
				: snprintf(buffer + used, SCHEDULE_TEXT_MAX - used,
					  "%sfrom %s to %s a second in %s", then, from, to,
					  duration));
	}
}

static void describe_steady(const struct schedule *schedule, char buffer[SCHEDULE_TEXT_MAX])
{
	char text[UNITS_TEXT_MAX];
	if (schedule->pace > 0) {
		snprintf(buffer, SCHEDULE_TEXT_MAX, "%s a second",
			units_format_pace(schedule->pace, text));
		return;
	}
	units_format_duration(schedule->span_ns, text);
	if (schedule->burst == 1) {
		snprintf(buffer, SCHEDULE_TEXT_MAX, "one every %s", text);
	} else {
		char burst[UNITS_TEXT_MAX];
		snprintf(buffer, SCHEDULE_TEXT_MAX, "%s at once every %s",
			units_format_count(schedule->burst, burst), text);
	}
}

char *schedule_describe(const struct schedule *schedule, char buffer[SCHEDULE_TEXT_MAX])
{
	switch (schedule->kind) {
	case SCHEDULE_AT_ONCE:
		snprintf(buffer, SCHEDULE_TEXT_MAX, "all at once, as fast as possible");
		break;
	case SCHEDULE_STEADY:
		describe_steady(schedule, buffer);
		break;
	case SCHEDULE_STAGES:
		describe_stages(schedule, buffer);
		break;
	}
	return buffer;
}
