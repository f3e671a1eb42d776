/* SPDX-License-Identifier: MIT */
/*
 * io_uring_enter returns EAGAIN if the kernel finds no memory for requests, and EBUSY if it has
 * more completions than it can deliver. Both usually pass, so the call is retried; but not at once,
 * which would take a whole CPU, and not forever, because signals come by the ring and would never
 * be seen. So this module polls for signals while the enters fail.
 */
#include "tcpgoon/uring/patience.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "uring/failure.h"

#define PAUSE_NS (2 * NSEC_PER_MSEC)

static void look_at_watch(struct patience *patience, uint64_t now_ns)
{
	struct pollfd watch = {.fd = patience->watch_fd, .events = POLLIN};
	bool readable = poll(&watch, 1, 0) > 0 && (watch.revents & POLLIN) != 0;
	if (!readable) {
		patience->watched_since_ns = 0;
	} else if (patience->watched_since_ns == 0) {
		patience->watched_since_ns = now_ns;
	}
}

int patience_bear(struct patience *patience, uint64_t *since_ns, int code)
{
	uint64_t now_ns = clock_now_ns();
	if (*since_ns == 0) {
		*since_ns = now_ns;
		patience->watched_since_ns = 0;
	}
	look_at_watch(patience, now_ns);
	uint64_t watched_ns = patience->watched_since_ns;
	bool over = (watched_ns != 0 && now_ns - watched_ns >= PATIENCE_WATCHED_NS) ||
		(code != -EINTR && now_ns - *since_ns >= PATIENCE_NS);
	if (over) {
		const struct failure failure = {
			.call = FAILURE_ENTER,
			.code = code,
			.lasted_ns = now_ns - *since_ns,
		};
		return failure_set(&failure, &patience->error);
	}
	const struct timespec pause = {.tv_nsec = (long)PAUSE_NS};
	nanosleep(&pause, NULL);
	return 0;
}
