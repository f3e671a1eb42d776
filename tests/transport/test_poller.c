/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "transport/poller.h"

#define LONG_NS (3600 * NSEC_PER_SEC)

static struct error error = ERROR_INIT;

/* In both ways to wait: with epoll_pwait2, and as where the kernel does not have it. */
static void init(struct poller *poller, bool is_coarse)
{
	assert_int_equal(poller_init(poller, &error), 0);
	poller->is_coarse = is_coarse;
}

static void a_wait_ends_no_sooner_than_it_should(void **state)
{
	(void)state;
	for (int is_coarse = 0; is_coarse <= 1; is_coarse++) {
		struct poller poller;
		struct epoll_event event;
		init(&poller, is_coarse);
		uint64_t now_ns = clock_now_ns();
		uint64_t until_ns = now_ns + 1500 * NSEC_PER_USEC;
		assert_int_equal(
			poller_wait(&poller, now_ns, until_ns, now_ns + LONG_NS, &error), 0);
		assert_true(clock_now_ns() >= until_ns);
		assert_false(poller_take(&poller, &event));
		poller_finish(&poller);
	}
}

/* It is an instant for the caller, and no event. */
static void an_alarm_ends_a_wait(void **state)
{
	(void)state;
	for (int is_coarse = 0; is_coarse <= 1; is_coarse++) {
		struct poller poller;
		struct epoll_event event;
		init(&poller, is_coarse);
		for (unsigned i = 0; i < 3; i++) {
			uint64_t now_ns = clock_now_ns();
			uint64_t alarm_ns = now_ns + 1500 * NSEC_PER_USEC;
			uint64_t until_ns = i == 0 ? CLOCK_NEVER : now_ns + LONG_NS;
			assert_int_equal(
				poller_wait(&poller, now_ns, until_ns, alarm_ns, &error), 0);
			assert_true(clock_now_ns() >= alarm_ns);
			assert_false(poller_take(&poller, &event));
		}
		poller_finish(&poller);
	}
}

/* Taken back, or put off: the timer was set to the first of them all the same. */
static void an_alarm_may_change(void **state)
{
	(void)state;
	struct poller poller;
	struct epoll_event event;
	init(&poller, false);
	uint64_t now_ns = clock_now_ns();
	uint64_t first_ns = now_ns + 2 * NSEC_PER_MSEC;
	int fd = eventfd(1, EFD_CLOEXEC);
	assert_int_equal(poller_watch(&poller, fd, EPOLLIN | EPOLLONESHOT, 5), 0);
	assert_int_equal(poller_wait(&poller, now_ns, CLOCK_NEVER, first_ns, &error), 0);
	assert_true(poller_take(&poller, &event));
	assert_int_equal(event.data.u64, 5);
	uint64_t second_ns = now_ns + 6 * NSEC_PER_MSEC;
	assert_int_equal(poller_wait(&poller, clock_now_ns(), CLOCK_NEVER, second_ns, &error), 0);
	assert_true(clock_now_ns() >= second_ns);
	close(fd);
	poller_finish(&poller);
}

static void an_instant_that_is_over_does_not_wait(void **state)
{
	(void)state;
	struct poller poller;
	init(&poller, false);
	uint64_t now_ns = clock_now_ns();
	assert_int_equal(poller_wait(&poller, now_ns, now_ns, CLOCK_NEVER, &error), 0);
	assert_int_equal(poller_wait(&poller, now_ns, 0, CLOCK_NEVER, &error), 0);
	assert_int_equal(poller_wait(&poller, now_ns, CLOCK_NEVER, now_ns, &error), 0);
	assert_false(poller_has_event(&poller));
	poller_finish(&poller);
}

static void what_is_not_taken_is_there_after_the_next_wait(void **state)
{
	(void)state;
	struct poller poller;
	struct epoll_event event;
	init(&poller, false);
	int fds[2];
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = eventfd(1, EFD_CLOEXEC);
		assert_int_equal(poller_watch(&poller, fds[i], EPOLLIN | EPOLLONESHOT, i), 0);
	}
	assert_true(poller_has_event(&poller));
	assert_true(poller_take(&poller, &event));
	uint64_t now_ns = clock_now_ns();
	assert_int_equal(poller_wait(&poller, now_ns, CLOCK_NEVER, CLOCK_NEVER, &error), 0);
	uint64_t first = event.data.u64;
	assert_true(poller_take(&poller, &event));
	assert_int_equal(event.data.u64, 1 - first);
	assert_false(poller_take(&poller, &event));
	close(fds[0]);
	close(fds[1]);
	poller_finish(&poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_ends_no_sooner_than_it_should),
		cmocka_unit_test(an_alarm_ends_a_wait),
		cmocka_unit_test(an_alarm_may_change),
		cmocka_unit_test(an_instant_that_is_over_does_not_wait),
		cmocka_unit_test(what_is_not_taken_is_there_after_the_next_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
