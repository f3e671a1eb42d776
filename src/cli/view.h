/* SPDX-License-Identifier: MIT */
/* The live view on the terminal: writes frames of it, and what changed from one to the next. */
#ifndef TCPGOON_CLI_VIEW_H
#define TCPGOON_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/terminal.h"
#include "tcpgoon/base/stream.h"
#include "tcpgoon/report/canvas.h"
#include "tcpgoon/report/live.h"

/* Between two frames: sixteen a second. */
#define VIEW_FRAME_NS UINT64_C(62500000)

struct view {
	struct live live;
	struct canvas canvas;
	struct stream *stream; /* NULL: there is no view */
	int fd; /* of the terminal, to ask for its size */
	bool is_shared; /* others may write to the terminal: each frame has all rows */
	unsigned columns; /* of the terminal at the last frame */
	unsigned rows;
	unsigned shown; /* rows that are on the screen; 0: none */
	uint64_t lines[CANVAS_ROWS_MAX]; /* a hash of each */
	unsigned frames; /* since all rows were written */
	char text[CANVAS_ROWS_MAX * (CANVAS_LINE_MAX + 8) + 64];
};

/*
 * The view writes to the stream, whose descriptor is `fd`. `is_shared`: others may write to the same
 * terminal, such as the `tee` that standard output goes to. Call view_leave() after it.
 */
void view_begin(struct view *view, struct stream *stream, int fd, bool is_shared,
	const struct terminal_look *look);

void view_event(struct view *view, const struct event *event);
void view_frame(struct view *view, const struct result *result, uint64_t elapsed_ns);

/* Call before a line is printed to the stream: it takes the place of the view, which comes again. */
void view_make_way(struct view *view);

/* Leaves the last frame on the screen, with the result that is complete. */
void view_end(struct view *view, const struct result *result);
/* Call when what was written to the stream has reached the terminal, or will not. */
void view_leave(struct view *view);

#endif
