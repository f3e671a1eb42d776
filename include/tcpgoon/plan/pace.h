/* SPDX-License-Identifier: MIT */
/* The pace as users give it: a time between dials, a rate, bursts, or stages of a ramp. */
#ifndef TCPGOON_PLAN_PACE_H
#define TCPGOON_PLAN_PACE_H

#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/base/text_list.h"
#include "tcpgoon/plan/schedule.h"

/* The fields are those of struct settings. */
struct pace {
	uint64_t sleep_ns;
	const char *rate;
	const struct text_list *ramps;
	uint64_t burst;
};

/*
 * Makes the schedule of it. Returns 0, or -EINVAL or -ERANGE with a message that begins with the
 * option if one is not valid, or two of them contradict each other.
 */
int pace_read(const struct pace *pace, struct schedule *ret_schedule, struct error *error);

#endif
