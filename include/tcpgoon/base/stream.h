/* SPDX-License-Identifier: MIT */
/* Writes lines to a descriptor without waiting, even if its reader is slow, stopped or gone. */
#ifndef TCPGOON_BASE_STREAM_H
#define TCPGOON_BASE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tcpgoon/base/writer.h"

/* The most bytes that may wait; a line that does not fit is dropped. */
#define STREAM_HELD_MAX (1U << 20)

struct stream {
	FILE *file; /* print to this; lines end in a newline */
	struct writer writer;
	bool keeps_all;
	bool skipping; /* inside a line that is being dropped */
	char *held; /* owned */
	size_t size; /* of `held` */
	size_t sent; /* bytes at the front of `held` that have been written */
	bool cut; /* the last byte written was not the end of a line or frame */
	size_t frame; /* where the latest frame in `held` ends; 0: there is none */
	size_t whole; /* bytes of `held`, up to the end of the last whole line */
	size_t length; /* bytes of `held` */
	uint64_t dropped; /* lines */
	int failure; /* negative errno of the first failed write; nothing is written after it */
};

#define STREAM_INIT                    \
	{                              \
		.writer = WRITER_INIT, \
	}

/* True if both have the same reader: they must then share a stream to keep their order. */
bool stream_is_same(int fd, int other_fd);

/* The descriptor stays the caller's. Returns 0 or -ENOMEM; stream_finish() is due either way. */
int stream_init(struct stream *stream, int fd);
/* Lines still waiting are lost; call stream_drain() first. */
void stream_finish(struct stream *stream);

/*
 * Writes text that lines must not interrupt and that need not end in a newline, such as a frame of
 * a view. It is dropped as a whole, and not counted, if anything is still waiting: a later one says
 * more. Returns false if it was dropped.
 */
bool stream_offer_frame(struct stream *stream, const char *text, size_t length);

/* Writes as much as there is room for. Returns true if more is waiting. */
bool stream_push(struct stream *stream);

/* Bytes of whole lines that are waiting. */
static inline size_t stream_waiting(const struct stream *stream)
{
	return stream->whole - stream->sent;
}

/* From now on the stream grows instead of dropping lines. */
void stream_keep_all(struct stream *stream);

/*
 * Waits until everything is written. Returns 0; -ETIMEDOUT at `until_ns` (CLOCK_NEVER: no limit);
 * -EINTR when `stop_fd` (-1: none) can be read; or the negative errno of a write that failed.
 */
int stream_drain(struct stream *stream, int stop_fd, uint64_t until_ns);

/* Drops and counts the lines that are waiting; keeps the rest of a half-written line. */
void stream_drop(struct stream *stream);

#endif
