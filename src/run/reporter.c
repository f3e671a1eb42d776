/* SPDX-License-Identifier: MIT */
#include "run/reporter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"

#define DEBUG_LINE_MAX 256

void reporter_init(struct reporter *reporter, const struct run_observer *observer)
{
	*reporter = (struct reporter){.observer = observer};
	for (int i = 0; i < REPORTER_TIMERS; i++) {
		reporter->timer_fds[i] = -1;
	}
}

int reporter_start(struct reporter *reporter, enum reporter_timer timer, uint64_t start_ns,
	uint64_t interval_ns, struct error *error)
{
	if (interval_ns == 0) {
		return 0;
	}
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0) {
		return error_set(
			error, -errno, "cannot make a timer for the reports: %s", strerror(errno));
	}
	reporter->timer_fds[timer] = fd;
	const struct itimerspec spec = {
		.it_interval = clock_timespec(interval_ns),
		.it_value = clock_timespec(start_ns + interval_ns),
	};
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0) {
		return error_set(
			error, -errno, "cannot make a timer for the reports: %s", strerror(errno));
	}
	return 0;
}

void reporter_finish(struct reporter *reporter)
{
	for (int i = 0; i < REPORTER_TIMERS; i++) {
		if (reporter->timer_fds[i] >= 0) {
			close(reporter->timer_fds[i]);
			reporter->timer_fds[i] = -1;
		}
	}
}

void reporter_take_tick(struct reporter *reporter, enum reporter_timer timer)
{
	uint64_t expirations;
	(void)!read(reporter->timer_fds[timer], &expirations, sizeof(expirations));
}

void reporter_tick(struct reporter *reporter, const struct result *result)
{
	if (reporter->observer->on_tick != NULL) {
		reporter->observer->on_tick(reporter->observer->context, result);
	}
}

void reporter_frame(struct reporter *reporter, const struct result *result, uint64_t elapsed_ns)
{
	if (reporter->observer->on_frame != NULL) {
		reporter->observer->on_frame(reporter->observer->context, result, elapsed_ns);
	}
}

void reporter_event(struct reporter *reporter, const struct event *event)
{
	if (reporter->observer->on_event != NULL) {
		reporter->observer->on_event(reporter->observer->context, event);
	}
}

void reporter_debug(struct reporter *reporter, const char *format, ...)
{
	if (reporter->observer->on_debug != NULL) {
		char line[DEBUG_LINE_MAX];
		va_list arguments;
		va_start(arguments, format);
		vsnprintf(line, sizeof(line), format, arguments);
		va_end(arguments);
		reporter->observer->on_debug(reporter->observer->context, line);
	}
}
