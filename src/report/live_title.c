/* SPDX-License-Identifier: MIT */
/* What is dialled, and what the run does now and for how long. */
#include <stdio.h>
#include <string.h>

#include "report/live_view.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

#define STATE_MAX 120

static const char *end_name(enum result_end end)
{
	switch (end) {
	case RESULT_COMPLETED:
		return "completed";
	case RESULT_INTERRUPTED:
		return "interrupted";
	case RESULT_ABORTED:
		return "aborted";
	case RESULT_NOT_STARTED:
		return "not started";
	case RESULT_FAILED:
		return "failed";
	}
	return "";
}

/* How long dialling still takes, as far as it goes by the pace; UINT64_MAX: not known. */
static uint64_t dialing_left_ns(const struct live *live, const struct result *result)
{
	const struct snapshot *now = &result->at_end;
	double rate = live_dial_rate(live, result);
	if (schedule_is_paced(&result->schedule)) {
		uint64_t last_ns = schedule_due_ns(&result->schedule, now->total - 1);
		return last_ns > live->elapsed_ns ? last_ns - live->elapsed_ns : 0;
	}
	if (now->not_initiated == 0) {
		return 0;
	}
	return rate > 0 ? (uint64_t)((double)now->not_initiated / rate * 1e9) : UINT64_MAX;
}

static void format_dialing(
	const struct live *live, const struct result *result, bool brief, char text[STATE_MAX])
{
	char left[UNITS_TEXT_MAX];
	char hold[UNITS_TEXT_MAX];
	uint64_t left_ns = dialing_left_ns(live, result);
	uint64_t hold_ns = result->settings.hold_ns;
	int length = snprintf(text, STATE_MAX, "dialing");
	if (left_ns == 0 && result->at_end.dialing > 0 && result->at_end.not_initiated == 0) {
		length += snprintf(text + length, (size_t)(STATE_MAX - length),
			brief ? "" : ", waiting for answers");
	} else if (left_ns != UINT64_MAX) {
		/* Upwards: at 0:00 it is over. */
		length += snprintf(text + length, (size_t)(STATE_MAX - length), "  %s left",
			units_format_clock(left_ns + NSEC_PER_SEC - 1, left));
	}
	if (hold_ns > 0 && !brief) {
		snprintf(text + length, (size_t)(STATE_MAX - length), ", then %s of hold",
			units_format_duration(hold_ns, hold));
	}
}

/* What is left of a step that takes a known time. */
static uint64_t step_left_ns(const struct live *live)
{
	uint64_t end_ns = live->event.elapsed_ns + live->event.duration_ns;
	return end_ns > live->elapsed_ns ? end_ns - live->elapsed_ns : 0;
}

static void format_state(
	const struct live *live, const struct result *result, bool brief, char text[STATE_MAX])
{
	char left[UNITS_TEXT_MAX];
	char whole[UNITS_TEXT_MAX];
	char count[UNITS_TEXT_MAX];
	if (live->over) {
		uint64_t took_ns =
			result->duration_ns / (100 * NSEC_PER_MSEC) * 100 * NSEC_PER_MSEC;
		snprintf(text, STATE_MAX, brief ? "%s" : "%s after %s", end_name(result->end),
			units_format_duration(took_ns, whole));
		return;
	}
	units_format_clock(step_left_ns(live) + NSEC_PER_SEC - 1, left);
	units_format_count(live->event.count, count);
	switch (live->phase) {
	case EVENT_WAITING:
	case EVENT_KINDS:
		format_dialing(live, result, brief, text);
		break;
	case EVENT_HOLDING:
		snprintf(text, STATE_MAX, brief ? "holding  %s left" : "holding  %s left of %s",
			left, units_format_duration(live->event.duration_ns, whole));
		break;
	case EVENT_ASKING:
		snprintf(text, STATE_MAX, brief ? "asking" : "asking the kernel about %s", count);
		break;
	case EVENT_LOOKING_AGAIN:
		if (brief) {
			snprintf(text, STATE_MAX, "asking  %s", left);
		} else {
			snprintf(text, STATE_MAX, "looking again at %s in %s", count, left);
		}
		break;
	case EVENT_CLOSING:
		snprintf(text, STATE_MAX, brief ? "closing" : "closing %s", count);
		break;
	}
}

/* Characters that take other than one column would move those behind them. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

/* "example.org:80", "[::1]:8000-8003" */
static void format_target(const struct result *result, char text[CANVAS_COLUMNS_MAX])
{
	char address[ADDRESS_TEXT_MAX];
	char port[UNITS_TEXT_MAX];
	const char *host = result->settings.host;
	const char *ports = result->settings.ports;
	address_format_host(&result->target, address);
	snprintf(port, sizeof(port), "%u", (unsigned)address_port(&result->target));
	host = host != NULL && is_plain(host) ? host : address;
	ports = ports != NULL && is_plain(ports) ? ports : port;
	bool bare = strchr(host, ':') != NULL && host[0] != '[';
	snprintf(text, CANVAS_COLUMNS_MAX, bare ? "[%s]:%s" : "%s:%s", host, ports);
}

void live_draw_title(const struct live_panel *panel)
{
	char target[CANVAS_COLUMNS_MAX];
	char state[STATE_MAX + 2] = "  ";
	bool brief = live_panel_width(panel) < LIVE_WIDE;
	format_target(panel->result, target);
	canvas_put(panel->canvas, panel->row, panel->column, CANVAS_STRONG, target);
	format_state(panel->live, panel->result, brief, state + 2);
	if (live_panel_width(panel) >= LIVE_TINY) {
		canvas_put_right(panel->canvas, panel->row, panel->end, CANVAS_PLAIN, state);
	} else {
		canvas_print(panel->canvas, panel->row, panel->column, CANVAS_STRONG, "%-*s",
			(int)live_panel_width(panel), state + 2);
	}
}
