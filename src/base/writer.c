/* SPDX-License-Identifier: MIT */
/*
 * O_NONBLOCK would be the simplest way not to wait, but it is a flag of the open file description,
 * which is shared with the shell and every other process on the terminal or pipe: they would see
 * EAGAIN too. So:
 *
 *   regular files, devices   write(2): it waits for a disk, not for a reader.
 *   sockets                  MSG_DONTWAIT, which affects only one call.
 *   pipes, terminals         reopened through /proc/self/fd: this gives a description of our own,
 *                            whose O_NONBLOCK affects no other process. It needs /proc, and the
 *                            permission to open them, which is refused if they belong to another
 *                            user (sudo, su, an unprivileged user of a container).
 *   if that is refused       the inherited descriptor. pwritev2(2) with RWF_NOWAIT affects only one
 *                            call too, but pipes support it only since Linux 6.5, and named pipes
 *                            and terminals not at all. Otherwise poll(2) tells whether there is
 *                            room: for PIPE_BUF bytes in a pipe, for one byte in a terminal. If
 *                            another process fills that room before the write, the write waits.
 *                            That is the one case left, and a second signal ends it.
 *
 * A second thread that calls plain write(2) would need none of this. But its output would come
 * late: no longer in the order of the program across both streams, nor before the process ends. And
 * its CPU time would be counted as the generator's.
 */
#include "tcpgoon/base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"

/* The longest sleep between two attempts if poll() cannot tell. */
#define LOOK_MS 100

/* Returns a descriptor that does not block, or -1. */
static int open_anew(int fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool is_byte_stream(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

void writer_init(struct writer *writer, int fd)
{
	struct stat status;
	*writer = (struct writer){.way = WRITER_DIRECT, .fd = fd};
	if (fstat(fd, &status) < 0) {
		return;
	}
	writer->terminal = isatty(fd) == 1;
	if (S_ISSOCK(status.st_mode)) {
		writer->way = WRITER_SOCKET;
		writer->by_line = !is_byte_stream(fd);
	} else if (S_ISFIFO(status.st_mode) || writer->terminal) {
		int own = open_anew(fd);
		writer->way = own >= 0 ? WRITER_OWN : WRITER_POLLED;
		writer->fd = own >= 0 ? own : fd;
	}
}

void writer_finish(struct writer *writer)
{
	if (writer->way == WRITER_OWN) {
		close(writer->fd);
	}
	*writer = (struct writer)WRITER_INIT;
}

static ssize_t write_polled(const struct writer *writer, const char *text, size_t length)
{
	struct iovec vector = {.iov_base = (char *)text, .iov_len = length};
	ssize_t written = pwritev2(writer->fd, &vector, 1, -1, RWF_NOWAIT);
	if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) {
		return written;
	}
	struct pollfd room = {.fd = writer->fd, .events = POLLOUT};
	if (poll(&room, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(writer->fd, text, writer->terminal ? 1 : length);
}

/* Writes once without waiting. Returns what write(2) returns. */
static ssize_t write_some(const struct writer *writer, const char *text, size_t length)
{
	switch (writer->way) {
	case WRITER_DIRECT:
	case WRITER_OWN:
		return write(writer->fd, text, length);
	case WRITER_SOCKET:
		return send(writer->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	case WRITER_POLLED:
		return write_polled(writer, text, length);
	}
	return -1;
}

/* The length of the whole lines that a pipe takes at once, or of part of a longer line. */
static size_t next_length(const struct writer *writer, const char *text, size_t length)
{
	if (writer->by_line) {
		const char *newline = memchr(text, '\n', length);
		return newline == NULL ? length : (size_t)(newline - text) + 1;
	}
	if (length <= PIPE_BUF) {
		return length;
	}
	const char *newline = memrchr(text, '\n', PIPE_BUF);
	return newline == NULL ? PIPE_BUF : (size_t)(newline - text) + 1;
}

ssize_t writer_write(const struct writer *writer, const char *text, size_t length)
{
	ssize_t written;
	do {
		written = write_some(writer, text, next_length(writer, text, length));
	} while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : written;
}

int writer_wait(const struct writer *writer, int stop_fd, uint64_t until_ns)
{
	uint64_t now_ns = clock_now_ns();
	if (now_ns >= until_ns) {
		return -ETIMEDOUT;
	}
	struct pollfd fds[] = {
		{.fd = writer->fd, .events = POLLOUT},
		{.fd = stop_fd, .events = POLLIN},
	};
	uint64_t left_ms = (until_ns - now_ns) / NSEC_PER_MSEC + 1;
	poll(fds, 2, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
	return (fds[1].revents & POLLIN) != 0 ? -EINTR : 0;
}
