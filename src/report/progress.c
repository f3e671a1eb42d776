/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

/* From this many connections, asking or closing takes about a second. */
#define MANY 50000

static bool is_worth_a_word(const struct event *event)
{
	return event->kind == EVENT_WAITING || event->kind == EVENT_HOLDING ||
		event->kind == EVENT_LOOKING_AGAIN || event->count >= MANY;
}

char *progress_describe(const struct event *event, char buffer[PROGRESS_MAX])
{
	char count[UNITS_TEXT_MAX];
	char duration[UNITS_TEXT_MAX];
	if (!is_worth_a_word(event)) {
		return NULL;
	}
	units_format_count(event->count, count);
	units_format_duration(event->duration_ns / NSEC_PER_MSEC * NSEC_PER_MSEC, duration);
	switch (event->kind) {
	case EVENT_WAITING:
		snprintf(buffer, PROGRESS_MAX, "Waiting %s for the start", duration);
		break;
	case EVENT_HOLDING:
		snprintf(buffer, PROGRESS_MAX, "Holding %s connections for %s", count, duration);
		break;
	case EVENT_ASKING:
		snprintf(buffer, PROGRESS_MAX, "Asking the kernel about %s connections", count);
		break;
	case EVENT_LOOKING_AGAIN:
		snprintf(buffer, PROGRESS_MAX,
			"Looking again in %s at %s connections whose SYN-ACK may have been "
			"repeated",
			duration, count);
		break;
	case EVENT_CLOSING:
		snprintf(buffer, PROGRESS_MAX, "Closing %s connections", count);
		break;
	case EVENT_KINDS:
		return NULL;
	}
	return buffer;
}
