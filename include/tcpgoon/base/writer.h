/* SPDX-License-Identifier: MIT */
/* Writes to a descriptor without ever waiting for its reader. */
#ifndef TCPGOON_BASE_WRITER_H
#define TCPGOON_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How a write that does not wait is made: see the essay in writer.c. */
enum writer_way {
	WRITER_DIRECT, /* it never waits for a reader */
	WRITER_SOCKET,
	WRITER_OWN, /* by a descriptor of ours that does not block */
	WRITER_POLLED, /* by the descriptor that was given */
};

struct writer {
	enum writer_way way;
	int fd; /* what is written to */
	bool by_line; /* each write is a message of its own: a datagram, a packet */
	bool terminal;
};

#define WRITER_INIT      \
	{                \
		.fd = -1 \
	}

/* `fd` stays the caller's, and open until writer_finish(). */
void writer_init(struct writer *writer, int fd);
void writer_finish(struct writer *writer);

/*
 * Writes at most `length` bytes, which are not 0: as many lines as a pipe takes as one, or a part
 * of a line that is longer. Returns how many, -EAGAIN where there is no room, or another negative
 * errno.
 */
ssize_t writer_write(const struct writer *writer, const char *text, size_t length);

/*
 * Waits until there may be room. Returns 0; -ETIMEDOUT at `until_ns` (CLOCK_NEVER: no limit); or
 * -EINTR where `stop_fd` (-1: none) can be read.
 */
int writer_wait(const struct writer *writer, int stop_fd, uint64_t until_ns);

#endif
