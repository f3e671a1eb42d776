/* SPDX-License-Identifier: MIT */
/*
 * An epoll descriptor with an alarm: tells which descriptors are worth asking, and when it is time.
 */
#ifndef TCPGOON_TRANSPORT_POLLER_H
#define TCPGOON_TRANSPORT_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "tcpgoon/base/error.h"

/* Events taken from the kernel by one call. */
#define POLLER_BATCH 256

/* Reserved for the alarm; not for poller_watch(). */
#define POLLER_ALARM UINT64_MAX

struct poller {
	int epoll_fd;
	int timer_fd;
	uint64_t alarm_ns; /* when the timer fires next; CLOCK_NEVER: not set */
	struct epoll_event batch[POLLER_BATCH];
	unsigned first; /* of the batch: the next to be taken */
	unsigned end;
	bool is_coarse; /* there is no epoll_pwait2, so timeouts are whole milliseconds */
};

/* Returns 0 or a negative errno with a message; poller_finish() is due either way. */
int poller_init(struct poller *poller, struct error *error);
void poller_finish(struct poller *poller);

/* Watches the descriptor, or changes how it is watched. Returns 0 or a negative errno. */
int poller_watch(struct poller *poller, int fd, uint32_t events, uint64_t data);

/*
 * Returns when there is an event or at alarm_ns, at the latest at until_ns (CLOCK_NEVER: no limit;
 * now_ns or earlier: at once). Returns 0, or a negative errno with a message.
 */
int poller_wait(struct poller *poller, uint64_t now_ns, uint64_t until_ns, uint64_t alarm_ns,
	struct error *error);

/* Whether there is an event to take now. */
bool poller_has_event(struct poller *poller);

/* Shows the events that poller_take() would take; valid until it is called. Returns how many. */
unsigned poller_peek(const struct poller *poller, const struct epoll_event **ret_events);

/* Takes the next event that the last wait found. False: there is none. */
bool poller_take(struct poller *poller, struct epoll_event *ret_event);

/* Explains that `call` failed with `code`. Returns the code. */
int poller_explain(int code, const char *call, struct error *error);

#endif
