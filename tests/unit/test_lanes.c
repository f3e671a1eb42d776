/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tcpgoon/uring/lanes.h"
#include "uring/ring.h"

#define MEBIBYTE (UINT64_C(1) << 20)
#define TABLE_MAX (UINT64_C(1) << 20)

static void a_table_is_bounded_by_the_limit_and_by_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(lanes_slots_per_lane(100, 20000), 100);
	assert_int_equal(lanes_slots_per_lane(20000, 20000), 20000);
	assert_int_equal(lanes_slots_per_lane(1000000, 20000), 20000);
	assert_int_equal(lanes_slots_per_lane(16777216, UINT64_MAX), TABLE_MAX);
	assert_int_equal(lanes_slots_per_lane(UINT64_MAX, UINT64_MAX), TABLE_MAX);
	assert_int_equal(lanes_slots_per_lane(10, 0), 1); /* somebody divides by it */
}

static void an_index_has_one_lane_and_slot(void **state)
{
	(void)state;
	struct lane list[3];
	struct lanes lanes = {.list = list, .count = 3, .slots_per_lane = 20000};
	assert_ptr_equal(lanes_of_index(&lanes, 0), &list[0]);
	assert_ptr_equal(lanes_of_index(&lanes, 19999), &list[0]);
	assert_ptr_equal(lanes_of_index(&lanes, 20000), &list[1]);
	assert_ptr_equal(lanes_of_index(&lanes, 59999), &list[2]);
	assert_int_equal(lanes_slot_of_index(&lanes, 0), 0);
	assert_int_equal(lanes_slot_of_index(&lanes, 19999), 19999);
	assert_int_equal(lanes_slot_of_index(&lanes, 20000), 0);
	assert_int_equal(lanes_slot_of_index(&lanes, 59999), 19999);
}

static void a_ring_counts_whole_pages(void **state)
{
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	assert_int_equal(ring_memory(64, 256) % page, 0);
	assert_int_equal(ring_memory(1, 2), 2 * page);
	/* 64 bytes a submission, 16 a completion. */
	assert_true(ring_memory(256, 2048) >= 256 * 64 + 2048 * 16);
	assert_true(ring_memory(256, 2048) <= 256 * 64 + 2048 * 16 + 3 * page);
}

static void rings_are_made_smaller_where_memory_is_short(void **state)
{
	(void)state;
	uint64_t best = lanes_memory(1, UINT64_MAX);
	uint64_t least = lanes_memory(1, 0);
	assert_true(least < best);
	assert_int_equal(lanes_memory(50, UINT64_MAX), 50 * best);
	assert_int_equal(lanes_memory(50, 50 * best), 50 * best);
	assert_true(lanes_memory(50, 50 * best - 1) < 50 * best);
	assert_int_equal(lanes_memory(50, 0), 50 * least); /* no smaller than that */
	/* A million connections at ulimit -n 20000, under the usual limit of locked memory. */
	assert_true(lanes_memory(50, 8 * MEBIBYTE) <= 8 * MEBIBYTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_bounded_by_the_limit_and_by_the_kernel),
		cmocka_unit_test(an_index_has_one_lane_and_slot),
		cmocka_unit_test(a_ring_counts_whole_pages),
		cmocka_unit_test(rings_are_made_smaller_where_memory_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
