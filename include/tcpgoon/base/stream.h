/* SPDX-License-Identifier: MIT */
/* Lines to a descriptor whose reader may be slow, stopped or gone: writing one never waits. */
#ifndef TCPGOON_BASE_STREAM_H
#define TCPGOON_BASE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tcpgoon/base/writer.h"

/* Bytes that wait at most; a line that does not fit is dropped. */
#define STREAM_HELD_MAX (1U << 20)

struct stream {
	FILE *file; /* what is printed to; of lines that end in a newline */
	struct writer writer;
	bool keeps_all;
	bool skipping; /* in a line that is dropped */
	char *held; /* owned */
	size_t size; /* of `held` */
	size_t sent; /* bytes at the front of `held` that are gone */
	bool cut; /* the last of them was not the last of its line */
	size_t whole; /* bytes of `held`, up to the end of the last whole line */
	size_t length; /* bytes of `held` */
	uint64_t dropped; /* lines */
	int failure; /* of the first write that failed: a negative errno; nothing is written then */
};

#define STREAM_INIT                    \
	{                              \
		.writer = WRITER_INIT, \
	}

/* Whether both go to one reader, so that they must be one stream to stay in order. */
bool stream_is_same(int fd, int other_fd);

/* The descriptor stays the caller's. Returns 0 or -ENOMEM; stream_finish() is due either way. */
int stream_init(struct stream *stream, int fd);
/* What still waits is lost: stream_drain() comes first. */
void stream_finish(struct stream *stream);

/* Writes what there is room for. Returns true where more waits. */
bool stream_push(struct stream *stream);

/* Bytes of lines that wait. */
static inline size_t stream_waiting(const struct stream *stream)
{
	return stream->whole - stream->sent;
}

/* From now on no line is dropped: the stream grows instead. */
void stream_keep_all(struct stream *stream);

/*
 * Waits until all is written. Returns 0; -ETIMEDOUT at `until_ns` (CLOCK_NEVER: no limit); -EINTR
 * when `stop_fd` (-1: none) can be read; or the negative errno of a write that failed.
 */
int stream_drain(struct stream *stream, int stop_fd, uint64_t until_ns);

/* Drops the lines that wait, and counts them; the rest of one that is half written stays. */
void stream_drop(struct stream *stream);

#endif
