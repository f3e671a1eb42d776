/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t read_ns(clockid_t clock)
{
	struct timespec now;
	assert_int_equal(clock_gettime(clock, &now), 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Between two readings of the same clock by the test itself: neither scale nor clock is wrong. */
static void now_is_the_monotonic_clock(void **state)
{
	(void)state;
	uint64_t before = read_ns(CLOCK_MONOTONIC);
	uint64_t now = clock_now_ns();
	uint64_t after = read_ns(CLOCK_MONOTONIC);
	assert_in_range(now, before, after);
}

static void wall_is_the_real_time_clock(void **state)
{
	(void)state;
	uint64_t before = read_ns(CLOCK_REALTIME);
	uint64_t now = clock_wall_ns();
	uint64_t after = read_ns(CLOCK_REALTIME);
	assert_in_range(now, before, after);
}

static void timespec_splits_seconds(void **state)
{
	(void)state;
	struct timespec zero = clock_timespec(0);
	assert_int_equal(zero.tv_sec, 0);
	assert_int_equal(zero.tv_nsec, 0);

	struct timespec just_below = clock_timespec(NSEC_PER_SEC - 1);
	assert_int_equal(just_below.tv_sec, 0);
	assert_int_equal(just_below.tv_nsec, 999999999);

	struct timespec later = clock_timespec(3 * NSEC_PER_SEC + 7 * NSEC_PER_USEC);
	assert_int_equal(later.tv_sec, 3);
	assert_int_equal(later.tv_nsec, 7000);

	/* Even no instant at all makes a timespec that the kernel accepts. */
	struct timespec never = clock_timespec(CLOCK_NEVER);
	assert_true(never.tv_sec > 0);
	assert_in_range(never.tv_nsec, 0, 999999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_is_the_monotonic_clock),
		cmocka_unit_test(wall_is_the_real_time_clock),
		cmocka_unit_test(timespec_splits_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
