/* SPDX-License-Identifier: MIT */
/* What the parts of the live view share: its numbers, its layout and its panels. */
#ifndef TCPGOON_REPORT_LIVE_VIEW_H
#define TCPGOON_REPORT_LIVE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/report/live.h"

/* How many rows each panel has; 0: it is not shown. */
struct live_layout {
	unsigned columns; /* of the frame, up to the last one that is drawn in */
	unsigned rows; /* of the frame, with the blank ones */
	unsigned counts;
	unsigned pace;
	unsigned queue;
	unsigned times; /* 1: one line of connect */
	unsigned plot; /* 1: one line */
	unsigned causes;
	bool causes_beside; /* of the plot */
	bool gaps; /* a blank row between groups */
};

/* Pure. `local`: a listener of the target is on this host; `paced`: there is a lag. */
struct live_layout live_lay_out(unsigned columns, unsigned rows, bool local, bool paced);

/* A place on a canvas, and all there is to draw. */
struct live_panel {
	struct canvas *canvas;
	const struct live *live;
	const struct result *result;
	unsigned row;
	unsigned column;
	unsigned end; /* the column behind the last */
	unsigned rows;
};

/* From this width on, counts take one row and times a table; below that one, labels are short. */
#define LIVE_WIDE 70
#define LIVE_TINY 34

static inline unsigned live_panel_width(const struct live_panel *panel)
{
	return panel->end > panel->column ? panel->end - panel->column : 0;
}

/* In live_title.c. */
void live_draw_title(const struct live_panel *panel);

/* In live_plot.c: shares of the connections, and the last minute. */
void live_draw_bar(const struct live_panel *panel);
void live_draw_plot(const struct live_panel *panel);

#endif
