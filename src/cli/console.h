/* SPDX-License-Identifier: MIT */
/* Standard output and standard error during a run or a server, and at its end. */
#ifndef TCPGOON_CLI_CONSOLE_H
#define TCPGOON_CLI_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpgoon/base/stream.h"
#include "tcpgoon/base/text_list.h"

/* Must not move between console_init() and console_finish(). */
struct console {
	struct stream streams[2]; /* the second is unused if both have the same reader */
	struct stream reports[TEXT_LIST_MAX]; /* those that are written while the run goes on */
	size_t report_count;
	struct stream *text; /* lines of the report */
	struct stream *messages; /* progress, notices, debugging: may be the same as `text` */
};

/*
 * Flush stdout and stderr before, and do not use them until console_finish(). `text_on_stderr`: a
 * report has standard output for itself. SIGPIPE is ignored from now on. Returns 0 or -ENOMEM; call
 * console_finish() either way.
 */
int console_init(struct console *console, bool text_on_stderr);
void console_finish(struct console *console);

/*
 * Another stream, of a report, of which no line is dropped. Returns it, valid until
 * console_finish(), or NULL where there is no memory. The descriptor stays the caller's.
 */
struct stream *console_add(struct console *console, int fd);

/* Writes waiting lines as far as there is room. Returns true if more are waiting. */
bool console_push(struct console *console);

/*
 * Call when the work is over: from now on no line of the text is dropped. Waits for the reader of
 * the messages while it reads, and drops the rest after a second without progress. Returns how many
 * lines were dropped in all.
 */
uint64_t console_settle(struct console *console, int stop_fd);

/*
 * Waits until the text is written. Returns 0; -EINTR if `stop_fd` (-1: none) becomes readable
 * first; or the negative errno of a failed write.
 */
int console_end_text(struct console *console, int stop_fd);
/* The same for a stream that was added. */
int console_end_report(struct stream *stream, int stop_fd);

#endif
