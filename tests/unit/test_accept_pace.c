/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/accept_pace.h"
#include "tcpgoon/base/clock.h"

#define START_NS (1000 * NSEC_PER_SEC)

static void without_a_rate_there_is_no_limit(void **state)
{
	(void)state;
	struct accept_pace pace = {0};
	assert_int_equal(accept_pace_most(&pace, 5, START_NS), UINT64_MAX);
	assert_int_equal(accept_pace_due_ns(&pace, START_NS), CLOCK_NEVER);
}

static void each_accept_has_its_instant(void **state)
{
	(void)state;
	struct accept_pace pace = {.rate = 10};
	assert_int_equal(accept_pace_most(&pace, 0, START_NS), 1);
	assert_int_equal(accept_pace_due_ns(&pace, START_NS), CLOCK_NEVER);
	/* One has come: the next may after a tenth of a second. */
	assert_int_equal(accept_pace_most(&pace, 1, START_NS), 1);
	uint64_t due_ns = accept_pace_due_ns(&pace, START_NS);
	assert_in_range(due_ns, START_NS + 99 * NSEC_PER_MSEC, START_NS + 100 * NSEC_PER_MSEC);
	assert_int_equal(accept_pace_most(&pace, 1, due_ns - 1), 1);
	assert_int_equal(accept_pace_most(&pace, 1, due_ns), 2);
}

static void what_was_not_used_is_not_saved(void **state)
{
	(void)state;
	struct accept_pace pace = {.rate = 10};
	accept_pace_most(&pace, 1, START_NS);
	uint64_t now_ns = START_NS + 60 * NSEC_PER_SEC;
	assert_int_equal(accept_pace_most(&pace, 1, now_ns), 2);
	assert_int_equal(accept_pace_most(&pace, 2, now_ns), 2);
}

/* A queue that is always full, and a loop that comes every 100 microseconds. */
static uint64_t accepted_in_a_second(uint64_t rate)
{
	struct accept_pace pace = {.rate = rate};
	uint64_t accepted = 0;
	for (uint64_t ns = 0; ns < NSEC_PER_SEC; ns += 100 * NSEC_PER_USEC) {
		accepted = accept_pace_most(&pace, accepted, START_NS + ns);
	}
	return accepted;
}

static void the_rate_is_kept(void **state)
{
	(void)state;
	assert_in_range(accepted_in_a_second(1), 1, 2); /* the second a millisecond early at most */
	assert_in_range(accepted_in_a_second(100), 100, 101);
	assert_in_range(accepted_in_a_second(3000), 2997, 3004);
	assert_in_range(accepted_in_a_second(50000), 49900, 50051);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_there_is_no_limit),
		cmocka_unit_test(each_accept_has_its_instant),
		cmocka_unit_test(what_was_not_used_is_not_saved),
		cmocka_unit_test(the_rate_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
