/* SPDX-License-Identifier: MIT */
/*
 * The cursor rests at the top of the view, on its blank row, not below it. So what others write to the
 * terminal (a line of `| tee`, the ^C that the terminal echoes) lands on that row and pushes the view
 * down by as much, instead of tearing it; and what a smaller window does to the rows below the cursor
 * does not matter, as all of them are drawn again from there.
 *
 * A frame is one write, and has only the rows that changed. Each fourth has all, for what was written
 * over them: pressing Enter moves the cursor. If the standard output goes into a pipe, each frame has
 * all, because the reader of the pipe may write to the same terminal at any moment. Terminals that
 * know synchronized updates (mode 2026) show a frame as a whole; others ignore the request. Nothing is
 * erased before it is drawn. A frame that the terminal does not take at once is not drawn at all
 * (base/stream).
 */
#include "cli/view.h"

#include <stdio.h>
#include <string.h>

#include "cli/restore.h"

/* Of a shorter run there is nothing to watch. */
#define FIRST_FRAME_NS UINT64_C(250000000)
/* Frames with the changed rows only, between two with all rows. */
#define PARTIAL_FRAMES 3

void view_begin(struct view *view, struct stream *stream, int fd, bool is_shared,
	const struct terminal_look *look)
{
	live_init(&view->live, look->utf8, look->colours);
	view->stream = stream;
	view->fd = fd;
	view->is_shared = is_shared;
	view->shown = 0;
	view->frames = 0;
	restore_arm(stream->writer.fd);
}

void view_event(struct view *view, const struct event *event)
{
	if (view->stream != NULL) {
		live_event(&view->live, event);
	}
}

/* FNV-1a */
static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static size_t append(char *text, size_t length, const char *more)
{
	size_t size = strlen(more);
	memcpy(text + length, more, size + 1);
	return length + size;
}

/* Writes the rows that changed, or all, from the cursor on. Returns the end of the text. */
static size_t write_rows(struct view *view, size_t length, bool all, bool *ret_changed)
{
	char line[CANVAS_LINE_MAX];
	for (unsigned row = 0; row < view->canvas.rows; row++) {
		size_t size = canvas_line(&view->canvas, row, line);
		uint64_t hash = hash_of(line, size);
		length = append(view->text, length, row > 0 ? "\n" : "");
		if (all || hash != view->lines[row]) {
			length = append(view->text, length, "\r");
			length = append(view->text, length, line);
			length = append(view->text, length, "\033[K");
			*ret_changed = true;
		}
		view->lines[row] = hash;
	}
	return length;
}

/* The rows from the first to the last, and back to the first. */
static size_t write_frame(struct view *view, bool all, bool erase, bool *ret_changed)
{
	size_t length = append(view->text, 0, "\033[?2026h");
	length = append(view->text, length, view->shown == 0 ? "\033[?25l" : "");
	length = append(view->text, length, erase ? "\r\033[J" : "");
	length = write_rows(view, length, all, ret_changed);
	length = append(view->text, length, "\r");
	if (view->canvas.rows > 1) {
		length += (size_t)sprintf(view->text + length, "\033[%uA", view->canvas.rows - 1);
	}
	return append(view->text, length, "\033[?2026l");
}

static void draw(struct view *view, const struct result *result)
{
	unsigned columns;
	unsigned rows;
	bool changed = false;
	terminal_size(view->fd, &columns, &rows);
	bool resized = view->shown > 0 && (columns != view->columns || rows != view->rows);
	bool all = view->shown == 0 || resized || view->is_shared || view->frames >= PARTIAL_FRAMES;
	live_draw(&view->live, result, columns, rows, &view->canvas);
	if (view->canvas.rows == 0) {
		return;
	}
	size_t length = write_frame(view, all, resized, &changed);
	view->frames++;
	if (!changed) {
		return;
	}
	if (stream_offer_frame(view->stream, view->text, length)) {
		restore_set_rows((int)view->canvas.rows - 1);
		view->frames = all ? 0 : view->frames;
		view->shown = view->canvas.rows;
		view->columns = columns;
		view->rows = rows;
	} else {
		view->frames = PARTIAL_FRAMES; /* the rows are not those that were hashed */
	}
}

void view_frame(struct view *view, const struct result *result, uint64_t elapsed_ns)
{
	if (view->stream == NULL) {
		return;
	}
	live_update(&view->live, result, elapsed_ns);
	if (restore_was_stopped()) {
		view->shown = 0; /* a shell has written since, and the cursor is elsewhere */
	}
	if (elapsed_ns >= FIRST_FRAME_NS && terminal_is_foreground(view->fd)) {
		draw(view, result);
	}
}

void view_make_way(struct view *view)
{
	if (view->stream != NULL && view->shown > 0) {
		fputs("\r\033[J", view->stream->file);
		view->shown = 0;
	}
}

static void leave_frame(struct view *view)
{
	char line[CANVAS_LINE_MAX];
	for (unsigned row = 0; row < view->canvas.rows; row++) {
		canvas_line(&view->canvas, row, line);
		fprintf(view->stream->file, "\r%s%s\n", line,
			row + 1 < view->canvas.rows ? "\033[K" : "\033[J" RESTORE_SEQUENCE);
	}
	restore_set_rows(0);
}

void view_end(struct view *view, const struct result *result)
{
	unsigned columns;
	unsigned rows;
	if (view->stream == NULL) {
		return;
	}
	bool stopped = restore_was_stopped();
	if (view->shown > 0 && !stopped && terminal_is_foreground(view->fd)) {
		terminal_size(view->fd, &columns, &rows);
		live_end(&view->live, result);
		live_draw(&view->live, result, columns, rows, &view->canvas);
		leave_frame(view);
	}
}

void view_leave(struct view *view)
{
	if (view->stream != NULL) {
		restore_disarm();
		view->stream = NULL;
	}
}
