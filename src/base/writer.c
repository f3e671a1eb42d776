/* SPDX-License-Identifier: MIT */
/*
 * O_NONBLOCK would be the simple way to a write that does not wait, but it belongs to the open file
 * description, which the shell and every other process on the terminal or pipe share: they would
 * see EAGAIN. So:
 *
 *   regular files, devices   write(2). They wait for a disk, not for a reader.
 *   sockets                  MSG_DONTWAIT: for this one call.
 *   pipes, terminals         opened anew through /proc/self/fd: a description of our own, and
 *                            O_NONBLOCK is nobody else's business. It needs the permission to open
 *                            them, which is refused where they belong to another user (sudo, su,
 *                            a container's unprivileged user), and it needs /proc.
 *   where that is refused    the descriptor that was inherited. pwritev2(2) with RWF_NOWAIT is
 *                            again for one call, but pipes take it from 6.5 on only, and named
 *                            pipes and terminals do not. Else poll(2) says that there is room: in a
 *                            pipe for PIPE_BUF bytes, in a terminal for one. Another process that
 *                            fills the room in between can make that write wait: the one case left,
 *                            and a second signal ends it.
 *
 * A second thread with plain writes would need no such cases. But it would write after the fact
 * what now is written in the order of the program, over both streams, and before whatever ends the
 * process; and its time would be the generator's.
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

/* Longest sleep between two looks where poll() cannot tell. */
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

/* One write that does not wait. Returns what write(2) does. */
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

/* Whole lines that a pipe takes as one, or a part of one that is longer. */
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
