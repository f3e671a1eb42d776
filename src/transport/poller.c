/* SPDX-License-Identifier: MIT */
/*
 * A timeout of epoll is late by at least 50 us, and by a thousandth of its length (the timer
 * slack): good enough for periodic work, and too much for the instant of a dial. A timerfd with an
 * absolute instant is exact. It is watched edge-triggered, so that it need not be read.
 */
#include "transport/poller.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/compare.h"

int poller_explain(int code, const char *call, struct error *error)
{
	switch (-code) {
	case EMFILE:
		return error_set(error, code,
			"%s: no file descriptor is left: raise the limit of open files with "
			"'ulimit -n'",
			call);
	case ENFILE:
		return error_set(error, code,
			"%s: this host has no open file left: raise the sysctl fs.file-max", call);
	case ENOSPC:
		return error_set(error, code,
			"%s: this user may not watch more descriptors: raise the sysctl "
			"fs.epoll.max_user_watches",
			call);
	case ENOMEM:
		return error_set(error, code,
			"%s: no memory for it: the machine, or the control group of this process, "
			"has none left",
			call);
	}
	return error_set(error, code, "%s: %s", call, strerror(-code));
}

int poller_init(struct poller *poller, struct error *error)
{
	*poller = (struct poller){.epoll_fd = -1, .timer_fd = -1, .alarm_ns = CLOCK_NEVER};
	poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poller->epoll_fd < 0) {
		return poller_explain(-errno, "epoll_create1", error);
	}
	poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (poller->timer_fd < 0) {
		return poller_explain(-errno, "timerfd_create", error);
	}
	int r = poller_watch(poller, poller->timer_fd, EPOLLIN | EPOLLET, POLLER_ALARM);
	return r < 0 ? poller_explain(r, "epoll_ctl", error) : 0;
}

void poller_finish(struct poller *poller)
{
	if (poller->timer_fd >= 0) {
		close(poller->timer_fd);
		poller->timer_fd = -1;
	}
	if (poller->epoll_fd >= 0) {
		close(poller->epoll_fd);
		poller->epoll_fd = -1;
	}
}

int poller_watch(struct poller *poller, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};
	int r = epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	if (r < 0 && errno == EEXIST) {
		r = epoll_ctl(poller->epoll_fd, EPOLL_CTL_MOD, fd, &event);
	}
	return r < 0 ? -errno : 0;
}

static int set_alarm(struct poller *poller, uint64_t alarm_ns, struct error *error)
{
	if (poller->alarm_ns == alarm_ns) {
		return 0;
	}
	const struct itimerspec spec = {.it_value = clock_timespec(alarm_ns)};
	if (timerfd_settime(poller->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0) {
		return poller_explain(-errno, "timerfd_settime", error);
	}
	poller->alarm_ns = alarm_ns;
	return 0;
}

/* Rounded up: otherwise the loop would spin for the rest of a millisecond. */
static int timeout_ms(uint64_t left_ns)
{
	uint64_t ms = left_ns / NSEC_PER_MSEC + (left_ns % NSEC_PER_MSEC != 0);
	return (int)lesser(ms, INT_MAX);
}

/* Waits for left_ns at most (CLOCK_NEVER: forever). Returns 0 or a negative errno. */
static int take_batch(struct poller *poller, uint64_t left_ns)
{
	int count = -1;
	bool for_ever = left_ns == CLOCK_NEVER;
	bool is_plain = left_ns == 0 || for_ever;
	if (!is_plain && !poller->is_coarse) {
		const struct timespec timeout = clock_timespec(left_ns);
		count = epoll_pwait2(poller->epoll_fd, poller->batch, POLLER_BATCH, &timeout, NULL);
		/* EPERM: from a seccomp filter that is older than the call. */
		poller->is_coarse = count < 0 && (errno == ENOSYS || errno == EPERM);
	}
	if (is_plain || poller->is_coarse) {
		count = epoll_wait(poller->epoll_fd, poller->batch, POLLER_BATCH,
			for_ever ? -1 : timeout_ms(left_ns));
	}
	poller->first = 0;
	poller->end = count > 0 ? (unsigned)count : 0;
	return count < 0 && errno != EINTR ? -errno : 0;
}

int poller_wait(struct poller *poller, uint64_t now_ns, uint64_t until_ns, uint64_t alarm_ns,
	struct error *error)
{
	if (poller->first < poller->end) {
		return 0; /* left over from a harvest that was cut short */
	}
	bool at_once = until_ns <= now_ns || alarm_ns <= now_ns;
	if (!at_once && alarm_ns < until_ns) {
		int r = set_alarm(poller, alarm_ns, error);
		if (r < 0) {
			return r;
		}
		until_ns = CLOCK_NEVER;
	}
	uint64_t left_ns = until_ns == CLOCK_NEVER ? CLOCK_NEVER : until_ns - now_ns;
	int r = take_batch(poller, at_once ? 0 : left_ns);
	return r < 0 ? poller_explain(r, "epoll_wait", error) : 0;
}

bool poller_has_event(struct poller *poller)
{
	return poller->first < poller->end || (take_batch(poller, 0) == 0 && poller->end > 0);
}

unsigned poller_peek(const struct poller *poller, const struct epoll_event **ret_events)
{
	*ret_events = &poller->batch[poller->first];
	return poller->end - poller->first;
}

bool poller_take(struct poller *poller, struct epoll_event *ret_event)
{
	while (poller->first < poller->end) {
		const struct epoll_event *event = &poller->batch[poller->first++];
		if (event->data.u64 != POLLER_ALARM) {
			*ret_event = *event;
			return true;
		}
		poller->alarm_ns = CLOCK_NEVER;
	}
	return false;
}
