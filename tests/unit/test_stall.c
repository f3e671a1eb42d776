/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/stall.h"

#define MS(ms) ((uint64_t)(ms)*NSEC_PER_MSEC)

static void what_is_over_in_time_is_no_stall(void **state)
{
	(void)state;
	/* A wait until 150 ms, and one that something ended before. */
	assert_int_equal(stall_length_ns(MS(100), MS(150), MS(150)), 0);
	assert_int_equal(stall_length_ns(MS(100), MS(150), MS(120)), 0);
	/* A busy machine. */
	assert_int_equal(stall_length_ns(MS(100), MS(150), MS(249)), 0);
	/* Work, which is to be over at once. */
	assert_int_equal(stall_length_ns(MS(100), MS(100), MS(130)), 0);
	/* It was due before it began. */
	assert_int_equal(stall_length_ns(MS(100), MS(20), MS(130)), 0);
}

static void a_stall_is_what_is_beyond(void **state)
{
	(void)state;
	assert_int_equal(stall_length_ns(MS(100), MS(150), MS(250)), MS(100));
	assert_int_equal(stall_length_ns(MS(100), MS(150), MS(2150)), MS(2000));
	assert_int_equal(stall_length_ns(MS(100), MS(100), MS(2100)), MS(2000));
	assert_int_equal(stall_length_ns(MS(100), MS(20), MS(2100)), MS(2000));
}

static void a_suspended_machine_shows_by_its_clocks(void **state)
{
	(void)state;
	struct stall_suspend suspend = {0};
	/* It was suspended before the run, which is nothing to us. */
	assert_int_equal(stall_suspended_ns(&suspend, MS(1000), MS(5000)), 0);
	assert_int_equal(suspend.look_ns, MS(1050));
	assert_int_equal(stall_suspended_ns(&suspend, MS(1050), MS(5050)), 0);
	assert_int_equal(stall_suspended_ns(&suspend, MS(1100), MS(8100)), MS(3000));
	assert_int_equal(stall_suspended_ns(&suspend, MS(1150), MS(8150)), 0);
	/* Too short to matter. */
	assert_int_equal(stall_suspended_ns(&suspend, MS(1200), MS(8299)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_over_in_time_is_no_stall),
		cmocka_unit_test(a_stall_is_what_is_beyond),
		cmocka_unit_test(a_suspended_machine_shows_by_its_clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
