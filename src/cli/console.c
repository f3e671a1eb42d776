/* SPDX-License-Identifier: MIT */
#include "cli/console.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"

/* How long to wait at the end for a reader of messages that makes no progress. */
#define PATIENCE_NS NSEC_PER_SEC

int console_init(struct console *console, bool text_on_stderr)
{
	*console = (struct console){
		.streams = {STREAM_INIT, STREAM_INIT},
		.text = &console->streams[0],
		.messages = &console->streams[1],
	};
	signal(SIGPIPE, SIG_IGN);
	if (text_on_stderr || stream_is_same(STDOUT_FILENO, STDERR_FILENO)) {
		console->messages = console->text;
	}
	int r = stream_init(console->text, text_on_stderr ? STDERR_FILENO : STDOUT_FILENO);
	if (r == 0 && console->messages != console->text) {
		r = stream_init(console->messages, STDERR_FILENO);
	}
	return r;
}

void console_finish(struct console *console)
{
	stream_finish(&console->streams[0]);
	stream_finish(&console->streams[1]);
	for (size_t i = 0; i < console->report_count; i++) {
		stream_finish(&console->reports[i]);
	}
}

struct stream *console_add(struct console *console, int fd)
{
	struct stream *stream = &console->reports[console->report_count++];
	if (stream_init(stream, fd) < 0) {
		return NULL;
	}
	stream_keep_all(stream);
	return stream;
}

bool console_push(struct console *console)
{
	bool waits = stream_push(console->text);
	waits |= stream_push(console->messages);
	for (size_t i = 0; i < console->report_count; i++) {
		waits |= stream_push(&console->reports[i]);
	}
	return waits;
}

uint64_t console_settle(struct console *console, int stop_fd)
{
	struct stream *messages = console->messages;
	if (messages != console->text) {
		size_t before;
		int r;
		do {
			before = stream_waiting(messages);
			r = stream_drain(messages, stop_fd, clock_now_ns() + PATIENCE_NS);
		} while (r == -ETIMEDOUT && stream_waiting(messages) < before);
		stream_drop(messages);
		stream_keep_all(console->text);
		bool cut = stream_waiting(messages) > 0; /* a line whose rest will not be written */
		return console->text->dropped + messages->dropped + (cut ? 1 : 0);
	}
	stream_keep_all(console->text);
	return console->text->dropped;
}

static int end_stream(struct stream *stream, int stop_fd)
{
	int r = stream_drain(stream, stop_fd, CLOCK_NEVER);
	if (r == -EINTR) {
		stream_drop(stream);
	}
	return r;
}

int console_end_text(struct console *console, int stop_fd)
{
	return end_stream(console->text, stop_fd);
}

int console_end_report(struct stream *stream, int stop_fd)
{
	int r = end_stream(stream, stop_fd);
	return r == 0 && stream->dropped > 0 ? -ENOMEM : r;
}
