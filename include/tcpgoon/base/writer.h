/* SPDX-License-Identifier: MIT */
/* Writes to a descriptor without ever waiting for its reader. */
#ifndef TCPGOON_BASE_WRITER_H
#define TCPGOON_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How to write without waiting: see the top of writer.c. */
enum writer_way {
	WRITER_DIRECT, /* it never waits for a reader */
	WRITER_SOCKET,
	WRITER_OWN, /* through a non-blocking descriptor of our own */
	WRITER_POLLED, /* through the given descriptor */
};

struct writer {
	enum writer_way way;
	int fd; /* write to this */
	bool by_line; /* each write is a message: a datagram or a packet */
	bool terminal;
};

#define WRITER_INIT      \
	{                \
		.fd = -1 \
	}

/* The caller keeps `fd`, and keeps it open until writer_finish(). */
void writer_init(struct writer *writer, int fd);
void writer_finish(struct writer *writer);

/*
 * Writes at most `length` (> 0) bytes: as many lines as a pipe takes in one write, or part of a
 * longer line. Returns the number written, -EAGAIN if there is no room, or another negative errno.
 */
ssize_t writer_write(const struct writer *writer, const char *text, size_t length);

/*
 * Waits until there may be room. Returns 0; -ETIMEDOUT at `until_ns` (CLOCK_NEVER: no limit); or
 * -EINTR where `stop_fd` (-1: none) can be read.
 */
int writer_wait(const struct writer *writer, int stop_fd, uint64_t until_ns);

#endif
