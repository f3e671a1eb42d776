/* SPDX-License-Identifier: MIT */
/*
 * During a run, a write that waits for its reader (a full pipe, a terminal stopped by ^S) would
 * stop the measurement, and ^C with it. So each line is written at once if there is room, kept if
 * there is not, and dropped and counted if too many are kept already. Lines are written or dropped
 * as a whole, and stay in order.
 *
 * A frame of a live view is one more kind of thing to write: it has no end of line to break it at,
 * and one that would come late is of no use.
 *
 * Callers print to a FILE (fopencookie(3)), so report formats need not know about any of this.
 */
#include "tcpgoon/base/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_SIZE 4096

static void move_to_front(struct stream *stream)
{
	if (stream->sent < stream->length) {
		memmove(stream->held, stream->held + stream->sent, stream->length - stream->sent);
	}
	stream->length -= stream->sent;
	stream->whole -= stream->sent;
	stream->frame = stream->frame > stream->sent ? stream->frame - stream->sent : 0;
	stream->sent = 0;
}

/* Makes room for `more` bytes. Returns false if it cannot. */
static bool make_room(struct stream *stream, size_t more)
{
	if (stream->sent == stream->length || stream->sent > stream->size / 2) {
		move_to_front(stream);
	}
	if (!stream->keeps_all && stream->length - stream->sent + more > STREAM_HELD_MAX) {
		return false;
	}
	size_t needed = stream->length + more;
	if (needed <= stream->size) {
		return true;
	}
	size_t size = stream->size > 0 ? stream->size : FIRST_SIZE;
	while (size < needed) {
		size *= 2;
	}
	char *held = realloc(stream->held, size);
	if (held == NULL) {
		return false;
	}
	stream->held = held;
	stream->size = size;
	return true;
}

/* Keeps a piece of a line; the piece may end it. */
static void keep(struct stream *stream, const char *piece, size_t length, bool ends)
{
	if (!stream->skipping && stream->failure == 0 && make_room(stream, length)) {
		memcpy(stream->held + stream->length, piece, length);
		stream->length += length;
		stream->whole = ends ? stream->length : stream->whole;
		return;
	}
	stream->length = stream->whole; /* without the beginning of this line */
	stream->skipping = !ends;
	stream->dropped += ends ? 1 : 0;
}

static ssize_t take_from_stdio(void *cookie, const char *text, size_t length)
{
	struct stream *stream = cookie;
	for (size_t done = 0; done < length;) {
		const char *newline = memchr(text + done, '\n', length - done);
		size_t piece =
			newline == NULL ? length - done : (size_t)(newline - text) + 1 - done;
		keep(stream, text + done, piece, newline != NULL);
		done += piece;
	}
	stream_push(stream);
	return stream->failure == 0 ? (ssize_t)length : 0; /* 0 is an error, to stdio */
}

bool stream_is_same(int fd, int other_fd)
{
	struct stat status;
	struct stat other;
	return fstat(fd, &status) == 0 && fstat(other_fd, &other) == 0 &&
		!S_ISREG(status.st_mode) && status.st_dev == other.st_dev &&
		status.st_ino == other.st_ino;
}

int stream_init(struct stream *stream, int fd)
{
	*stream = (struct stream)STREAM_INIT;
	const cookie_io_functions_t functions = {.write = take_from_stdio};
	stream->file = fopencookie(stream, "w", functions);
	if (stream->file == NULL) {
		return -ENOMEM;
	}
	setvbuf(stream->file, NULL, _IOLBF, BUFSIZ);
	writer_init(&stream->writer, fd);
	return 0;
}

void stream_finish(struct stream *stream)
{
	if (stream->file != NULL) {
		fclose(stream->file);
	}
	writer_finish(&stream->writer);
	free(stream->held);
	*stream = (struct stream)STREAM_INIT;
}

bool stream_push(struct stream *stream)
{
	while (stream->sent < stream->whole) {
		ssize_t written = writer_write(
			&stream->writer, stream->held + stream->sent, stream->whole - stream->sent);
		if (written == -EAGAIN) {
			return true;
		}
		if (written < 0) {
			stream->failure = (int)written;
			stream_drop(stream);
		} else {
			stream->sent += (size_t)written;
			stream->cut = stream->sent < stream->frame ||
				(stream->sent > stream->frame &&
					stream->held[stream->sent - 1] != '\n');
		}
	}
	return false;
}

bool stream_offer_frame(struct stream *stream, const char *text, size_t length)
{
	bool free = !stream_push(stream) && stream->length == stream->sent && !stream->skipping;
	if (!free || stream->failure < 0 || !make_room(stream, length)) {
		return false;
	}
	memcpy(stream->held + stream->length, text, length);
	stream->length += length;
	stream->whole = stream->length;
	stream->frame = stream->length;
	stream_push(stream);
	return true;
}

void stream_keep_all(struct stream *stream)
{
	stream->keeps_all = true;
}

int stream_drain(struct stream *stream, int stop_fd, uint64_t until_ns)
{
	while (stream_push(stream)) {
		int r = writer_wait(&stream->writer, stop_fd, until_ns);
		if (r < 0) {
			return r;
		}
	}
	return stream->failure;
}

void stream_drop(struct stream *stream)
{
	size_t kept = stream->sent;
	if (stream->cut && stream->failure == 0) {
		/* Finish what is half written, so that the next line starts on its own. */
		const char *rest = stream->held + stream->sent;
		kept = stream->sent < stream->frame ? stream->frame
						    : kept +
				(size_t)((const char *)memchr(rest, '\n', stream->whole - kept) -
					rest) +
				1;
	}
	for (size_t i = stream->frame > kept ? stream->frame : kept; i < stream->whole; i++) {
		stream->dropped += stream->held[i] == '\n' ? 1 : 0;
	}
	stream->frame = stream->frame > kept ? 0 : stream->frame;
	stream->whole = kept;
	stream->length = kept;
}
