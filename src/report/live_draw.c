/* SPDX-License-Identifier: MIT */
/*
 * Words and columns have fixed places, and numbers are right-aligned in the width of the largest that
 * can come: nothing moves but what changes. A number that has no room is left out, never cut.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/live_view.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/result/times.h"

#define MARGIN 1
/* Labels at the left, and what they are of. */
#define LABEL 14
#define TIME_WIDTH 9

/* ---- Progress and counts ---------------------------------------------------------------------- */

static void draw_progress(const struct live_panel *panel)
{
	const struct snapshot *now = &panel->result->at_end;
	struct live_panel bar = *panel;
	char total[UNITS_TEXT_MAX];
	char text[2 * UNITS_TEXT_MAX];
	uint64_t decided = now->established + now->closed + now->failed;
	uint64_t permille = now->total > 0 ? decided * 1000 / now->total : 0;
	int length = snprintf(
		text, sizeof(text), "%4" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
	if (live_panel_width(panel) >= LIVE_WIDE) {
		snprintf(text + length, sizeof(text) - (size_t)length, " of %s",
			units_format_count(now->total, total));
	}
	bar.end = canvas_put_right(panel->canvas, panel->row, panel->end, CANVAS_STRONG, text);
	live_draw_bar(&bar);
}

/* Numbers of a large run go without commas: four of them must fit. */
static char *format_number(
	const struct live_panel *panel, uint64_t number, char text[UNITS_TEXT_MAX])
{
	if (panel->result->at_end.total >= 10000000 && live_panel_width(panel) < 100) {
		snprintf(text, UNITS_TEXT_MAX, "%" PRIu64, number);
		return text;
	}
	return units_format_count(number, text);
}

/* Between four counts of this width in a row. */
static unsigned count_gap(const struct live_panel *panel, unsigned number_width)
{
	unsigned words = (unsigned)strlen("established dialing failed dropped") - 3;
	unsigned used = words + 4 * (number_width + 1);
	unsigned gap = live_panel_width(panel) > used ? (live_panel_width(panel) - used) / 3 : 0;
	return gap < 2 ? 2 : gap > 6 ? 6 : gap;
}

/* "failed     3": returns the column for what follows; draws nothing if it does not fit. */
static unsigned draw_count(const struct live_panel *panel, unsigned column, const char *name,
	uint64_t count, enum canvas_style style)
{
	char number[UNITS_TEXT_MAX];
	char widest[UNITS_TEXT_MAX];
	bool tiny = live_panel_width(panel) < LIVE_TINY;
	format_number(panel, count, number);
	format_number(panel, panel->result->at_end.total, widest);
	unsigned width = canvas_width(tiny ? number : widest);
	unsigned begin = column + canvas_width(name) + 1;
	if (begin + width > panel->end) {
		return column;
	}
	canvas_put(panel->canvas, panel->row, column, CANVAS_DIM, name);
	canvas_put_right(
		panel->canvas, panel->row, begin + width, count > 0 ? style : CANVAS_DIM, number);
	return begin + width + (tiny ? 1 : count_gap(panel, canvas_width(widest)));
}

static void draw_counts(const struct live_panel *panel)
{
	const struct snapshot *now = &panel->result->at_end;
	struct live_panel line = *panel;
	bool tiny = live_panel_width(panel) < LIVE_TINY;
	unsigned column = draw_count(&line, panel->column, tiny ? "open" : "established",
		now->established, CANVAS_STRONG);
	column = draw_count(&line, column, tiny ? "dial" : "dialing", now->dialing, CANVAS_PLAIN);
	if (panel->rows > 1) {
		line.row++;
		column = panel->column;
	}
	/* Below each other. */
	const char *failed = tiny ? "fail" : panel->rows > 1 ? "failed     " : "failed";
	column = draw_count(&line, column, failed, now->failed, CANVAS_FAILED);
	draw_count(&line, column, tiny ? "drop" : "dropped", now->closed, CANVAS_DROPPED);
}

/* ---- Pace, queue, times ----------------------------------------------------------------------- */

static void draw_label(const struct live_panel *panel, const char *text)
{
	canvas_put(panel->canvas, panel->row, panel->column, CANVAS_DIM, text);
}

/* "5,000/s", "12.5/s": slow ones have a decimal. Returns `text`. */
static char *format_rate(double rate, char text[UNITS_TEXT_MAX])
{
	char count[UNITS_TEXT_MAX];
	if (rate > 0 && rate < 99.95) {
		snprintf(text, UNITS_TEXT_MAX, "%.1f/s", rate);
	} else {
		snprintf(text, UNITS_TEXT_MAX, "%.20s/s",
			units_format_count((uint64_t)(rate + 0.5), count));
	}
	return text;
}

/* Dials that should have begun; those that came due in the last moment do not count. */
static uint64_t dials_behind(const struct result *result)
{
	const struct snapshot *now = &result->at_end;
	uint64_t begun = now->total - now->not_initiated;
	uint64_t elapsed_ns = now->elapsed_ns;
	uint64_t before = elapsed_ns > GENERATOR_LATE_NS
		? schedule_due_count(
			  &result->schedule, elapsed_ns - GENERATOR_LATE_NS - 1, now->total)
		: 0;
	bool behind = now->due != RESULT_UNKNOWN && now->due > begun && begun < before;
	return behind ? now->due - begun : 0;
}

/* While connections are dialled, that of now; later, that of all of them. */
static double pace_asked(const struct live_panel *panel)
{
	const struct result *result = panel->result;
	bool dialing = panel->live->phase == EVENT_KINDS && !panel->live->over;
	return dialing ? schedule_pace_at(&result->schedule, panel->live->elapsed_ns)
		       : result_pace_asked(result);
}

static void draw_pace(const struct live_panel *panel)
{
	const struct result *result = panel->result;
	const struct snapshot *now = &result->at_end;
	char asked[UNITS_TEXT_MAX] = "no pace";
	char kept[UNITS_TEXT_MAX] = "-";
	char number[UNITS_TEXT_MAX];
	unsigned column = panel->column + (live_panel_width(panel) >= LIVE_TINY ? LABEL : 0);
	double rate = live_dial_rate(panel->live, result);
	bool paced = schedule_is_paced(&result->schedule);
	if (paced) {
		format_rate(pace_asked(panel), asked);
	}
	if (rate > 0) {
		format_rate(rate, kept);
	}
	if (live_panel_width(panel) >= LIVE_TINY) {
		draw_label(panel, "pace");
	}
	if (live_panel_width(panel) < LIVE_WIDE) {
		canvas_print(panel->canvas, panel->row, column, CANVAS_PLAIN,
			paced ? "%s of %s" : "%s", kept, asked);
		return;
	}
	canvas_print(panel->canvas, panel->row, column, CANVAS_PLAIN, "%9s kept  %9s asked", kept,
		asked);
	uint64_t behind = dials_behind(result);
	if (panel->live->phase != EVENT_KINDS || panel->live->over || now->due == RESULT_UNKNOWN) {
		return;
	}
	if (behind > 0) {
		canvas_print(panel->canvas, panel->row, column + 33, CANVAS_PLAIN, "%9s behind",
			units_format_count(behind, number));
	} else {
		canvas_put(panel->canvas, panel->row, column + 36, CANVAS_DIM, "on time");
	}
}

static void draw_queue(const struct live_panel *panel)
{
	char number[UNITS_TEXT_MAX];
	uint64_t queued = panel->result->at_end.queued;
	draw_label(panel, "accept queue");
	canvas_print(panel->canvas, panel->row, panel->column + LABEL,
		queued > 0 ? CANVAS_PLAIN : CANVAS_DIM,
		live_panel_width(panel) >= LIVE_WIDE ? "%9s waiting" : "%s waiting",
		units_format_count(queued, number));
}

static bool is_shown(enum statistic statistic)
{
	return statistic_is_percentile(statistic) || statistic == STATISTIC_MAX;
}

static void draw_time_row(const struct live_panel *panel, enum times kind)
{
	char text[UNITS_TEXT_MAX];
	const struct live *live = panel->live;
	unsigned end = panel->column + LABEL;
	draw_label(panel, times_row(kind)->name);
	for (int i = 0; i < STATISTICS; i++) {
		if (is_shown((enum statistic)i)) {
			end += TIME_WIDTH;
			bool known = live->times_count[kind] > 0;
			canvas_put_right(panel->canvas, panel->row, end,
				known ? CANVAS_PLAIN : CANVAS_DIM,
				known ? units_format_time(live->times_ns[kind][i], text) : "-");
		}
	}
	canvas_put_right(panel->canvas, panel->row, end + 12, CANVAS_DIM,
		units_format_count(live->times_count[kind], text));
}

/* Only of connections that have ended by then. */
static void draw_handshake(const struct live_panel *panel)
{
	bool told = panel->live->over || panel->live->times_count[TIMES_HANDSHAKE] > 0;
	if (told) {
		draw_time_row(panel, TIMES_HANDSHAKE);
		return;
	}
	draw_label(panel, times_row(TIMES_HANDSHAKE)->name);
	canvas_put(panel->canvas, panel->row, panel->column + LABEL + 3, CANVAS_DIM,
		"the kernel is asked when the run is over");
}

static void draw_times_heading(const struct live_panel *panel)
{
	unsigned end = panel->column + LABEL;
	for (int i = 0; i < STATISTICS; i++) {
		if (is_shown((enum statistic)i)) {
			end += TIME_WIDTH;
			canvas_put_right(panel->canvas, panel->row, end, CANVAS_DIM,
				statistic_name((enum statistic)i));
		}
	}
	canvas_put_right(panel->canvas, panel->row, end + 12, CANVAS_DIM, "count");
}

/* "connect  p50 21µs  p99 102µs" */
static void draw_connect(const struct live_panel *panel)
{
	static const enum statistic shown[] = {STATISTIC_P50, STATISTIC_P99, STATISTIC_MAX};
	unsigned column = panel->column + LABEL;
	bool known = panel->live->times_count[TIMES_CONNECT] > 0;
	draw_label(panel, times_row(TIMES_CONNECT)->name);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		char text[UNITS_TEXT_MAX] = "-";
		const char *name = statistic_name(shown[i]);
		if (known) {
			units_format_time(panel->live->times_ns[TIMES_CONNECT][shown[i]], text);
		}
		if (column + canvas_width(name) + 1 + canvas_width(text) <= panel->end) {
			canvas_put(panel->canvas, panel->row, column, CANVAS_DIM, name);
			canvas_put(panel->canvas, panel->row, column + canvas_width(name) + 1,
				CANVAS_PLAIN, text);
		}
		column += canvas_width(name) + 1 + TIME_WIDTH;
	}
}

/* Without a pace there is no lag. */
static void draw_times(const struct live_panel *panel)
{
	struct live_panel line = *panel;
	static const enum times kinds[] = {TIMES_HANDSHAKE, TIMES_CONNECT, TIMES_LAG};
	if (panel->rows == 1) {
		draw_connect(panel);
		return;
	}
	draw_times_heading(panel);
	for (unsigned i = 0; i + 1 < panel->rows; i++) {
		line.row++;
		if (kinds[i] == TIMES_HANDSHAKE) {
			draw_handshake(&line);
		} else {
			draw_time_row(&line, kinds[i]);
		}
	}
}

/* ---- Causes ----------------------------------------------------------------------------------- */

/* Whether it ends connections that were established; the others failed before. */
static bool ends_established(enum cause cause)
{
	return cause == CAUSE_SILENT || cause == CAUSE_CLOSED_AT_ONCE ||
		cause == CAUSE_RESET_AT_ONCE || cause == CAUSE_CLOSED_BY_PEER ||
		cause == CAUSE_RESET_BY_PEER;
}

#define COUNT_WIDTH 7
/* A narrow panel of so many rows has a heading. */
#define WITH_HEADING 4

/* "last at 12.3s", of the run. */
static void draw_cause_time(
	const struct live_panel *panel, const struct cause_tally *tally, unsigned column)
{
	char text[2 * UNITS_TEXT_MAX];
	uint64_t tenths = tally->last_ns / (100 * NSEC_PER_MSEC);
	unsigned width = (unsigned)snprintf(
		text, sizeof(text), "last at %" PRIu64 ".%" PRIu64 "s", tenths / 10, tenths % 10);
	if (panel->end >= column + width + 2) {
		canvas_put_right(panel->canvas, panel->row, panel->end, CANVAS_DIM, text);
	}
}

/* "41  closed by the peer (remote)       last at 12.3s" */
static void draw_cause(const struct live_panel *panel, enum cause cause)
{
	char text[UNITS_TEXT_MAX];
	const struct cause_tally *tally = &panel->result->causes[cause];
	bool wide = live_panel_width(panel) >= LIVE_WIDE;
	units_format_count(tally->count, text);
	unsigned column = panel->column + (wide ? LABEL + TIME_WIDTH : COUNT_WIDTH);
	canvas_put_right(panel->canvas, panel->row, column,
		ends_established(cause) ? CANVAS_DROPPED : CANVAS_FAILED, text);
	unsigned end = canvas_put(
		panel->canvas, panel->row, column + 2, CANVAS_PLAIN, cause_phrase(cause));
	const char *side = cause_side_name(cause_side(cause));
	if (end + 1 + canvas_width(side) + 2 <= panel->end) {
		end = canvas_print(panel->canvas, panel->row, end + 1, CANVAS_DIM, "(%s)", side);
	}
	draw_cause_time(panel, tally, end);
}

/* Whether so many others came later that there is no row for this one. */
static bool is_left_out(const struct live_panel *panel, unsigned rows, enum cause cause)
{
	const struct result *result = panel->result;
	unsigned later = 0;
	for (size_t i = 0; i < panel->live->cause_count; i++) {
		enum cause other = panel->live->causes[i];
		later += result->causes[other].last_ns > result->causes[cause].last_ns ? 1 : 0;
	}
	return later >= rows;
}

static void draw_causes(const struct live_panel *panel)
{
	struct live_panel line = *panel;
	if (panel->live->cause_count == 0) {
		canvas_put(panel->canvas, panel->row, panel->column, CANVAS_DIM,
			"nothing failed or dropped");
		return;
	}
	if (live_panel_width(panel) >= LIVE_WIDE) {
		draw_label(panel, "causes");
	} else if (panel->rows >= WITH_HEADING) {
		draw_label(&line, "causes");
		line.row++;
	}
	unsigned end = panel->row + panel->rows;
	unsigned rows = end - line.row;
	for (size_t i = 0; i < panel->live->cause_count && line.row < end; i++) {
		if (!is_left_out(panel, rows, panel->live->causes[i])) {
			draw_cause(&line, panel->live->causes[i]);
			line.row++;
		}
	}
}

/* ---- All of it -------------------------------------------------------------------------------- */

/* Draws a panel of so many rows, and moves on to the row below. */
static void draw(
	struct live_panel *panel, unsigned rows, void (*function)(const struct live_panel *panel))
{
	panel->rows = rows;
	if (rows > 0) {
		function(panel);
	}
	panel->row += rows;
}

static void draw_plot_and_causes(struct live_panel *panel, const struct live_layout *layout)
{
	const unsigned plot_columns = 16 + LIVE_STEPS / 2;
	unsigned end = panel->end;
	if (!layout->causes_beside) {
		draw(panel, layout->plot, live_draw_plot);
		panel->row += layout->gaps ? 1 : 0;
		draw(panel, layout->causes, draw_causes);
		return;
	}
	unsigned row = panel->row;
	panel->end = panel->column + plot_columns;
	draw(panel, layout->plot, live_draw_plot);
	panel->row = row;
	panel->column = panel->end + 2;
	panel->end = end;
	draw(panel, layout->causes, draw_causes);
}

void live_draw(const struct live *live, const struct result *result, unsigned columns,
	unsigned rows, struct canvas *canvas)
{
	struct live_layout layout = live_lay_out(columns, rows,
		result->at_end.queued != RESULT_UNKNOWN, schedule_is_paced(&result->schedule));
	canvas_init(canvas, layout.columns, layout.rows, live->utf8, live->colours);
	struct live_panel panel = {
		.canvas = canvas,
		.live = live,
		.result = result,
		.row = 1,
		.column = MARGIN,
		.end = canvas->columns,
	};
	draw(&panel, 1, live_draw_title);
	draw(&panel, 1, draw_progress);
	draw(&panel, layout.counts, draw_counts);
	panel.row += layout.gaps ? 1 : 0;
	draw(&panel, layout.pace, draw_pace);
	draw(&panel, layout.queue, draw_queue);
	panel.row += layout.gaps ? 1 : 0;
	draw(&panel, layout.times, draw_times);
	panel.row += layout.gaps ? 1 : 0;
	draw_plot_and_causes(&panel, &layout);
}
