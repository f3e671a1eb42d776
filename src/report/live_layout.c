/* SPDX-License-Identifier: MIT */
/*
 * Panels are given rows in the order of what a reader would miss most: first each its least, then
 * more where there is room. Only the size of the terminal decides, so nothing moves while a run goes
 * on.
 */
#include "report/live_view.h"

/* Wider lines are no easier to read. */
#define COLUMNS_MAX 120
/* From this width on, causes are beside the plot. */
#define VERY_WIDE 110
/* Below this height, the line above the view is given up. */
#define LOW 8

#define TIMES_HEADING 1
#define PLOT_MAX 14
#define PLOT_BESIDE_MIN 7
#define CAUSES_MAX 6

static bool take(unsigned *left, unsigned rows)
{
	bool fits = *left >= rows;
	*left -= fits ? rows : 0;
	return fits;
}

/* Gives a panel up to `most` rows, from as many as it has. */
static void enlarge(unsigned *left, unsigned *rows, unsigned most)
{
	unsigned more = most > *rows ? most - *rows : 0;
	more = more < *left ? more : *left;
	*rows += more;
	*left -= more;
}

static void give_more(struct live_layout *layout, unsigned left, bool paced)
{
	unsigned times = TIMES_HEADING + (paced ? 3 : 2);
	if (layout->columns >= LIVE_WIDE && layout->times > 0 && take(&left, times - 1)) {
		layout->times = times;
	}
	/* Before the pace, the times, the plot and the causes. */
	layout->gaps = layout->causes > 0 && layout->times > 1 && take(&left, 4);
	if (layout->gaps && layout->columns >= VERY_WIDE && left + 2 >= PLOT_BESIDE_MIN) {
		layout->causes_beside = true;
		left += layout->causes + 1;
		layout->causes = 0;
		enlarge(&left, &layout->plot, PLOT_MAX);
		layout->causes = layout->plot;
	} else if (layout->plot > 0 && layout->causes > 0) {
		enlarge(&left, &layout->plot, 4);
		enlarge(&left, &layout->causes, 2);
		enlarge(&left, &layout->plot, 6);
		enlarge(&left, &layout->causes, 4);
		enlarge(&left, &layout->plot, PLOT_MAX);
		enlarge(&left, &layout->causes, CAUSES_MAX);
	}
	layout->rows -= left;
}

struct live_layout live_lay_out(unsigned columns, unsigned rows, bool local, bool paced)
{
	struct live_layout layout = {
		/* Not the last column: behind it some terminals wait with the next line. */
		.columns = columns > COLUMNS_MAX ? COLUMNS_MAX - 1
			: columns > 0            ? columns - 1
						 : 0,
		.rows = rows >= LOW && rows > 0 ? rows - 1 : rows,
	};
	layout.rows = layout.rows < CANVAS_ROWS_MAX ? layout.rows : CANVAS_ROWS_MAX;
	unsigned counts = layout.columns >= LIVE_WIDE ? 1 : 2;
	unsigned left = layout.rows;
	take(&left, 3); /* a blank row, the title, the bar */
	layout.counts = take(&left, counts) ? counts : take(&left, 1) ? 1 : 0;
	layout.pace = take(&left, 1);
	layout.times = take(&left, 1);
	layout.plot = take(&left, 1);
	layout.causes = take(&left, 1);
	layout.queue = local && take(&left, 1);
	give_more(&layout, left, paced);
	return layout;
}
