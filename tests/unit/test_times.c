/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/result/times.h"

static int setup(void **state)
{
	static struct result result;
	assert_int_equal(result_init(&result), 0);
	*state = &result;
	return 0;
}

static int teardown(void **state)
{
	result_finish(*state);
	return 0;
}

static void all_are_empty_at_first_and_apart(void **state)
{
	struct result *result = *state;
	for (int i = 0; i < TIMES_MAX; i++) {
		assert_int_equal(result->times[i].count, 0);
		histogram_record(&result->times[i], (uint64_t)i + 1);
	}
	for (int i = 0; i < TIMES_MAX; i++) {
		assert_int_equal(result->times[i].count, 1);
		assert_int_equal(result->times[i].max_us, i + 1);
	}
}

static void each_row_knows_of_how_many_it_is(void **state)
{
	struct result *result = *state;
	result->totals.established = 3;
	result->totals.failed = 4;
	result->totals.dropped = 5;
	result->totals.dialed = 6;
	result->stalls.connect_apart = 7;
	result->stalls.failure_apart = 8;
	result->stalls.lifetime_apart = 9;
	static const struct {
		uint64_t expected, apart;
	} rows[TIMES_MAX] = {
		[TIMES_HANDSHAKE] = {3, 0},
		[TIMES_CONNECT] = {3, 7},
		[TIMES_FAILURE] = {4, 8},
		[TIMES_LAG] = {6, 0},
		[TIMES_LIFETIME] = {5, 9},
	};
	for (int i = 0; i < TIMES_MAX; i++) {
		assert_int_equal(times_expected(result, (enum times)i), rows[i].expected);
		assert_int_equal(times_set_apart(result, (enum times)i), rows[i].apart);
	}
}

static void each_row_reads_well(void **state)
{
	(void)state;
	for (int i = 0; i < TIMES_MAX; i++) {
		const struct times_row *row = times_row((enum times)i);
		assert_true(strlen(row->span) > 0);
		assert_true(strlen(row->meaning) > 0);
		assert_true(strlen(times_side_name(row->side)) > 0);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(row->name, times_row((enum times)j)->name);
		}
	}
}

static void two_results_merge_without_loss(void **state)
{
	struct result *into = *state;
	struct result from;
	assert_int_equal(result_init(&from), 0);
	for (int i = 0; i < TIMES_MAX; i++) {
		histogram_record_n(&into->times[i], 10 + (uint64_t)i, 2);
		histogram_record_n(&from.times[i], 100 + (uint64_t)i, 3);
	}
	times_merge(into, &from);
	result_finish(&from);
	for (int i = 0; i < TIMES_MAX; i++) {
		const struct histogram *merged = &into->times[i];
		assert_int_equal(merged->count, 5);
		assert_int_equal(merged->min_us, 10 + i);
		assert_int_equal(merged->max_us, 100 + i);
		assert_int_equal((uint64_t)merged->sum_us, 320 + 5 * i);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_are_empty_at_first_and_apart),
		TEST(each_row_knows_of_how_many_it_is),
		TEST(each_row_reads_well),
		TEST(two_results_merge_without_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
