/* SPDX-License-Identifier: MIT */
/*
 * Debian's 6.1 and 6.12 kernels take files out of a ring's table in batches, and release a batch
 * only when all requests that were started earlier on the table have ended (6.1: a second later).
 * If each of many connections has a POLL_ADD pending, all the older ones keep a closed connection's
 * socket: its slot is free, but the socket stays in CLOSE_WAIT, and its peer waits for a FIN. Newer
 * kernels count references for each file.
 *
 * A SHUTDOWN before the CLOSE always sends the FIN, but needs a worker thread; so it is worth
 * knowing whether it is necessary.
 */
#include "tcpgoon/uring/release.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uring/ring.h"

enum { OLDER, CLOSED, PAIRS };

static int close_beside_pending(struct io_uring *ring, int older, int closed)
{
	const int files[PAIRS] = {[OLDER] = older, [CLOSED] = closed};
	int r = io_uring_register_files(ring, files, PAIRS);
	/* Only the table holds the sockets from here on. */
	close(older);
	close(closed);
	if (r < 0) {
		return r;
	}
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	io_uring_prep_poll_add(sqe, OLDER, POLLIN);
	sqe->flags |= IOSQE_FIXED_FILE;
	sqe = io_uring_get_sqe(ring);
	io_uring_prep_close_direct(sqe, CLOSED);
	r = io_uring_submit_and_get_events(ring);
	if (r < 0) {
		return r;
	}
	struct io_uring_cqe *cqe;
	return io_uring_peek_cqe(ring, &cqe) == 0 ? cqe->res : -EAGAIN;
}

static bool try(int kept[PAIRS], int older, int closed)
{
	struct io_uring ring;
	if (ring_init(&ring, PAIRS, 2 * PAIRS, NULL) < 0) {
		close(older);
		close(closed);
		return false;
	}
	char byte;
	bool prompt = close_beside_pending(&ring, older, closed) == 0 &&
		recv(kept[CLOSED], &byte, sizeof(byte), MSG_DONTWAIT) == 0;
	io_uring_queue_exit(&ring);
	return prompt;
}

bool release_is_prompt(void)
{
	int first[2];
	int second[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, first) < 0) {
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, second) < 0) {
		close(first[0]);
		close(first[1]);
		return false;
	}
	int kept[PAIRS] = {[OLDER] = first[0], [CLOSED] = second[0]};
	bool prompt = try(kept, first[1], second[1]);
	close(kept[OLDER]);
	close(kept[CLOSED]);
	return prompt;
}
