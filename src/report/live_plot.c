/* SPDX-License-Identifier: MIT */
/*
 * A column of the plot is one step of the last minute, or several where there are fewer columns. Which
 * steps make a column depends on their number alone: so a column that was drawn stays as it is, and
 * only moves to the left.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "report/live_view.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"

/* ---- Bar -------------------------------------------------------------------------------------- */

struct share {
	uint64_t count;
	enum canvas_style style;
	const char *glyph; /* without colours */
	const char *ascii;
};

/* In whole columns: each share begins where the rounded sum of those before it ends. */
void live_draw_bar(const struct live_panel *panel)
{
	const struct snapshot *now = &panel->result->at_end;
	const struct share shares[] = {
		{now->established, CANVAS_ACCENT, "█", "#"},
		{now->closed, CANVAS_DROPPED, "▓", "o"},
		{now->failed, CANVAS_FAILED, "▒", "x"},
		{now->dialing, CANVAS_PLAIN, "░", "-"},
		{now->not_initiated, CANVAS_DIM, "·", "."},
	};
	struct canvas *canvas = panel->canvas;
	uint64_t width = panel->end > panel->column ? panel->end - panel->column : 0;
	uint64_t sum = 0;
	unsigned column = panel->column;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]) && now->total > 0; i++) {
		const struct share *share = &shares[i];
		sum += share->count;
		uint64_t end = panel->column + (sum * width + now->total / 2) / now->total;
		const char *glyph = !canvas->utf8 ? share->ascii
			: canvas->colours         ? "━"
						  : share->glyph;
		while (column < end && column < panel->end) {
			canvas_put(canvas, panel->row, column++, share->style, glyph);
		}
	}
}

/* ---- The last minute -------------------------------------------------------------------------- */

#define LABEL 16
#define VALUES_MAX LIVE_STEPS

/* The columns of a plot, from the oldest to the present. */
struct values {
	uint64_t of[VALUES_MAX];
	unsigned count;
	uint64_t steps_per_value;
};

static struct values begin_values(const struct live_panel *panel)
{
	struct values values = {.steps_per_value = 1};
	unsigned width =
		panel->end > panel->column + LABEL ? panel->end - panel->column - LABEL : 0;
	if (width > 0) {
		values.steps_per_value = (LIVE_STEPS + width - 1) / width;
		values.count = (unsigned)(LIVE_STEPS / values.steps_per_value);
	}
	return values;
}

/* The first step of the value at this place; UINT64_MAX: it is before the run. */
static uint64_t first_step(const struct live *live, const struct values *values, unsigned place)
{
	uint64_t last = live->step / values->steps_per_value;
	uint64_t back = values->count - 1 - place;
	return back > last ? UINT64_MAX : (last - back) * values->steps_per_value;
}

static void take_established(const struct live *live, struct values *values)
{
	for (unsigned i = 0; i < values->count; i++) {
		uint64_t first = first_step(live, values, i);
		uint64_t last = first + values->steps_per_value - 1;
		last = last < live->step ? last : live->step;
		values->of[i] = first == UINT64_MAX ? 0 : live_step_at(live, last)->established;
	}
}

static uint64_t total_at(const struct live *live, uint64_t step, size_t offset)
{
	return *(const uint64_t *)((const char *)live_step_at(live, step) + offset);
}

/* A second's worth of what a total has grown by; nothing yet of the column that still grows. */
static void take_rate(const struct live *live, size_t offset, struct values *values)
{
	for (unsigned i = 0; i < values->count; i++) {
		uint64_t first = first_step(live, values, i);
		uint64_t end = first + values->steps_per_value;
		values->of[i] = 0;
		/* Of the oldest, what was before may be forgotten. */
		bool known = first == 0 || live->step - first < LIVE_STEPS_KEPT - 1;
		if (first == UINT64_MAX || end > live->step || !known) {
			continue;
		}
		uint64_t before = first == 0 ? 0 : total_at(live, first - 1, offset);
		uint64_t grown = total_at(live, end - 1, offset) - before;
		values->of[i] = grown * NSEC_PER_SEC / (values->steps_per_value * LIVE_STEP_NS);
	}
}

/* ---- Drawing ---------------------------------------------------------------------------------- */

/* Columns of a height in parts of a row. */
static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const ascii_blocks[] = {" ", ".", ":", "#"};
#define PARTS 8
#define ASCII_PARTS 3

/* How many parts of a row a value is high; one that is not 0 is seen. */
static uint64_t height_of(uint64_t value, uint64_t most, uint64_t parts)
{
	if (value == 0 || most == 0) {
		return 0;
	}
	uint64_t height = (value * parts + most / 2) / most;
	return height == 0 ? 1 : height < parts ? height : parts;
}

static void draw_columns(const struct live_panel *panel, const struct values *values, unsigned rows,
	uint64_t most, enum canvas_style style)
{
	struct canvas *canvas = panel->canvas;
	unsigned parts = canvas->utf8 ? PARTS : ASCII_PARTS;
	for (unsigned i = 0; i < values->count; i++) {
		uint64_t height = height_of(values->of[i], most, (uint64_t)rows * parts);
		for (unsigned row = rows; row > 0 && height > 0; row--) {
			uint64_t part = height < parts ? height : parts;
			canvas_put(canvas, panel->row + row - 1, panel->column + LABEL + i, style,
				canvas->utf8 ? blocks[part] : ascii_blocks[part]);
			height -= part;
		}
	}
}

static void draw_label(const struct live_panel *panel, unsigned row, const char *text)
{
	canvas_put_right(panel->canvas, row, panel->column + LABEL - 1, CANVAS_DIM, text);
}

static void draw_count_label(const struct live_panel *panel, unsigned row, uint64_t count)
{
	char text[UNITS_TEXT_MAX];
	draw_label(panel, row, units_format_count(count, text));
}

static void draw_axis(const struct live_panel *panel, const struct values *values)
{
	struct canvas *canvas = panel->canvas;
	unsigned first = panel->column + LABEL;
	uint64_t span_s = values->count * values->steps_per_value * LIVE_STEP_NS / NSEC_PER_SEC;
	for (unsigned i = 0; i < values->count; i++) {
		canvas_put(canvas, panel->row, first + i, CANVAS_DIM, canvas->utf8 ? "─" : "-");
	}
	draw_label(panel, panel->row, "0");
	canvas_print(canvas, panel->row, first, CANVAS_DIM, "%" PRIu64 "s ago ", span_s);
	canvas_print(canvas, panel->row, first + values->count / 2 - 2, CANVAS_DIM,
		" %" PRIu64 "s ", span_s / 2);
	canvas_put(canvas, panel->row, first + values->count - 4, CANVAS_DIM, " now");
}

/* A row of its own scale; the label has what the highest column is. */
static void draw_rate(
	struct live_panel panel, size_t offset, const char *name, enum canvas_style style)
{
	struct values values = begin_values(&panel);
	take_rate(panel.live, offset, &values);
	uint64_t most = 0;
	for (unsigned i = 0; i < values.count; i++) {
		most = values.of[i] > most ? values.of[i] : most;
	}
	char text[UNITS_TEXT_MAX];
	canvas_put(panel.canvas, panel.row, panel.column, CANVAS_DIM, name);
	if (most > 0) {
		draw_label(&panel, panel.row, units_format_count(most, text));
	}
	draw_columns(&panel, &values, 1, most, style);
}

/* From these heights on, the plot has an axis, a row of the dials, and rows of what was lost. */
#define WITH_AXIS 4
#define WITH_DIALS 8
#define WITH_LOSSES 11

void live_draw_plot(const struct live_panel *panel)
{
	struct live_panel part = *panel;
	struct values values = begin_values(panel);
	if (panel->rows == 0 || values.count < 12) {
		return;
	}
	unsigned rates = panel->rows >= WITH_LOSSES ? 3 : panel->rows >= WITH_DIALS ? 1 : 0;
	unsigned axis = panel->rows >= WITH_AXIS ? 1 : 0;
	unsigned area = panel->rows - rates - axis;
	uint64_t total = panel->result->at_end.total;
	take_established(panel->live, &values);
	if (panel->rows == 1) {
		canvas_put(panel->canvas, panel->row, panel->column, CANVAS_DIM, "open, last 60s");
	} else {
		canvas_put(panel->canvas, panel->row, panel->column, CANVAS_DIM, "open");
		draw_count_label(panel, panel->row, total);
	}
	if (area >= 5 && area % 2 == 0) {
		draw_count_label(panel, panel->row + area / 2, total / 2);
	}
	draw_columns(panel, &values, area, total, CANVAS_ACCENT);
	part.row += area;
	if (axis > 0) {
		draw_axis(&part, &values);
		part.row++;
	}
	static const struct {
		const char *name;
		size_t offset;
		enum canvas_style style;
	} rows[] = {
		{"dials/s", offsetof(struct live_step, dialed), CANVAS_ACCENT},
		{"failed/s", offsetof(struct live_step, failed), CANVAS_FAILED},
		{"dropped/s", offsetof(struct live_step, dropped), CANVAS_DROPPED},
	};
	for (unsigned i = 0; i < rates; i++) {
		draw_rate(part, rows[i].offset, rows[i].name, rows[i].style);
		part.row++;
	}
}
