/* SPDX-License-Identifier: MIT */
/*
 * A CPU quota stops a control group once it has used its share of a period, until the next period
 * begins: at 10% and 100 ms, for 90 ms at a time. A dial in progress then takes that much longer by
 * the clock of the program, and a due one is that late. Times that span a stop the program noticed
 * are set apart; shorter stops are included in them.
 */
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "verdict/rules.h"

/* A dial or an answer less late than this does not matter. */
#define HARM_MIN_US 10000

static bool took_harm(const struct result *result)
{
	/* Without a pace, the rate is what the quota allowed. */
	return !schedule_is_paced(&result->schedule) || rule_set_apart(result) > 0 ||
		result->times[TIMES_CONNECT].max_us >= HARM_MIN_US ||
		result->times[TIMES_LAG].max_us >= HARM_MIN_US;
}

/* "The CPU quota of its control group, 10% of a CPU," */
static void say_quota(const struct generator *generator, char text[FINDING_TEXT_MAX])
{
	if (generator->quota_ns == RESULT_UNKNOWN) {
		rule_say(text, "a CPU quota of its control groups");
		return;
	}
	rule_say(text, "the CPU quota of its control group, %.0f%% of a CPU,",
		100.0 * (double)generator->quota_ns / (double)generator->quota_period_ns);
}

bool rule_quota_was_the_limit(const struct result *result, struct finding *finding)
{
	const struct generator *generator = &result->generator;
	if (generator->throttled == 0 || !took_harm(result)) {
		return false;
	}
	char quota[FINDING_TEXT_MAX];
	char period[RULE_TEXT_MAX] = "";
	char apart[RULE_TEXT_MAX + 64] = "";
	say_quota(generator, quota);
	finding->count = rule_set_apart(result);
	if (finding->count > 0) {
		snprintf(apart, sizeof(apart), " Set apart because %s a stop: %" PRIu64 " time%s.",
			finding->count == 1 ? "it spans" : "they span", finding->count,
			plural(finding->count));
	}
	if (generator->quota_ns != RESULT_UNKNOWN) {
		snprintf(period, sizeof(period), " of %.0f ms",
			(double)generator->quota_period_ns / (double)NSEC_PER_MSEC);
	}
	rule_say(finding->evidence,
		"The run was client-limited: %.120s stopped it %" PRIu64 " time%s while "
		"it dialled, each time until the next period%s.%s",
		quota, generator->throttled, plural(generator->throttled), period, apart);
	if (generator->quota_ns == RESULT_UNKNOWN) {
		rule_say(finding->hint,
			"The rate is what the quota allowed, and shorter stops are included in "
			"the times: raise the quota, or ask for a slower pace.");
	} else {
		rule_say(finding->hint,
			"The rate is what the quota allowed, and shorter stops are included in "
			"the times: raise the quota in %.160s, or ask for a slower pace.",
			generator->quota_file);
	}
	return true;
}
