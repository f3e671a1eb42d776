/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/stats/statistic.h"

/* 1 to 1000 microseconds, each once. */
static void each_is_taken_from_the_histogram(void **state)
{
	(void)state;
	static const uint64_t expected_ns[STATISTICS] = {
		[STATISTIC_MIN] = 1000,
		[STATISTIC_MEAN] = 500500,
		[STATISTIC_P50] = 500000,
		[STATISTIC_P90] = 900000,
		[STATISTIC_P99] = 990000,
		[STATISTIC_P99_9] = 999000,
		[STATISTIC_MAX] = 1000000,
		[STATISTIC_STDDEV] = 288674,
	};
	struct histogram histogram;
	assert_int_equal(histogram_init(&histogram), 0);
	for (uint64_t us = 1; us <= 1000; us++) {
		histogram_record(&histogram, us);
	}
	for (int i = 0; i < STATISTICS; i++) {
		assert_int_equal(statistic_ns(&histogram, (enum statistic)i), expected_ns[i]);
	}
	histogram_finish(&histogram);
}

static void all_at_once_are_as_each_by_itself(void **state)
{
	(void)state;
	struct histogram histogram;
	uint64_t all_ns[STATISTICS];
	assert_int_equal(histogram_init(&histogram), 0);
	for (uint64_t i = 1; i <= 100000; i++) {
		histogram_record(&histogram, i * i % 7919 * (i % 97));
	}
	statistics_ns(&histogram, all_ns);
	for (int i = 0; i < STATISTICS; i++) {
		assert_int_equal(all_ns[i], statistic_ns(&histogram, (enum statistic)i));
	}
	histogram_finish(&histogram);
}

/* Each name once, and a key is what a program can write behind a point. */
static void names_and_keys_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < STATISTICS; i++) {
		const char *key = statistic_key((enum statistic)i);
		assert_int_equal(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789"), strlen(key));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(statistic_name((enum statistic)i),
				statistic_name((enum statistic)j));
			assert_string_not_equal(key, statistic_key((enum statistic)j));
		}
	}
}

static void percentiles_are_those_that_are_called_so(void **state)
{
	(void)state;
	for (int i = 0; i < STATISTICS; i++) {
		enum statistic statistic = (enum statistic)i;
		assert_int_equal(
			statistic_is_percentile(statistic), statistic_name(statistic)[0] == 'p');
		assert_int_equal(statistic_is_extreme(statistic),
			statistic == STATISTIC_MIN || statistic == STATISTIC_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_taken_from_the_histogram),
		cmocka_unit_test(all_at_once_are_as_each_by_itself),
		cmocka_unit_test(names_and_keys_are_unique),
		cmocka_unit_test(percentiles_are_those_that_are_called_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
