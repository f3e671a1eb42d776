/* SPDX-License-Identifier: MIT */
/* Standard output and standard error while a run or a server is at work, and at its end. */
#ifndef TCPGOON_CLI_CONSOLE_H
#define TCPGOON_CLI_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/stream.h"
#include "tcpgoon/base/text_list.h"

/* Must not move between console_init() and console_finish(). */
struct console {
	struct stream streams[2]; /* the second is not used where one reader has both */
	struct stream reports[TEXT_LIST_MAX]; /* those that are written while the run goes on */
	size_t report_count;
	struct stream *text; /* lines of the report */
	struct stream *messages; /* progress, notices, debugging: may be the same as `text` */
};

/*
 * What is printed to the streams of stdio must have been flushed, and is left to console_finish().
 * `text_on_stderr`: standard output belongs to somebody else.
 * SIGPIPE is ignored from now on. Returns 0 or -ENOMEM; console_finish() is due either way.
 */
int console_init(struct console *console, bool text_on_stderr);
void console_finish(struct console *console);

/*
 * Another stream, of a report, of which no line is dropped. Returns it, valid until
 * console_finish(), or NULL where there is no memory. The descriptor stays the caller's.
 */
struct stream *console_add(struct console *console, int fd);

/* Writes what waits and has room. Returns true where more waits. */
bool console_push(struct console *console);

/*
 * The work is over: lines are no longer dropped. Waits for the reader of the messages as long as it
 * reads, and drops what it leaves for a second. Returns how many lines were dropped in all.
 */
uint64_t console_settle(struct console *console, int stop_fd);

/*
 * Waits until the text is written. Returns 0; -EINTR where `stop_fd` (-1: none) can be read before;
 * or the negative errno of a write that failed.
 */
int console_end_text(struct console *console, int stop_fd);
/* The same for a stream that was added. */
int console_end_report(struct stream *stream, int stop_fd);

#endif
