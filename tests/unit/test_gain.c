/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tcpgoon/stats/gain.h"

struct fixture {
	struct gain_mark mark;
	struct histogram now;
	struct histogram gained;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(histogram_init(&fixture->now), 0);
	assert_int_equal(histogram_init(&fixture->gained), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	histogram_finish(&fixture->now);
	histogram_finish(&fixture->gained);
	free(fixture);
	return 0;
}

static void take(struct fixture *fixture)
{
	gain_take(&fixture->mark, &fixture->now, &fixture->gained);
}

static void nothing_gains_nothing(void **state)
{
	struct fixture *fixture = *state;
	take(fixture);
	assert_int_equal(fixture->gained.count, 0);
	histogram_record(&fixture->now, 50);
	take(fixture);
	take(fixture);
	assert_int_equal(fixture->gained.count, 0);
	assert_true(fixture->gained.min_us == UINT64_MAX);
	assert_int_equal(histogram_percentile(&fixture->gained, 50), 0);
}

/* What is gained in turns is, added up, what is there; and each gain is that of its turn alone. */
static void gains_add_up(void **state)
{
	struct fixture *fixture = *state;
	struct histogram sum;
	struct histogram turn;
	assert_int_equal(histogram_init(&sum), 0);
	srandom(7);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(histogram_init(&turn), 0);
		for (unsigned j = 0; j < i * 10; j++) {
			uint64_t value = (uint64_t)random() >> (random() % 31);
			histogram_record(&turn, value);
			histogram_record(&fixture->now, value);
		}
		take(fixture);
		assert_int_equal(fixture->gained.count, turn.count);
		assert_true(fixture->gained.sum_us == turn.sum_us);
		assert_true(fixture->gained.sum_squares_us2 == turn.sum_squares_us2);
		assert_memory_equal(fixture->gained.counts, turn.counts,
			HISTOGRAM_COUNTS_LENGTH * sizeof(turn.counts[0]));
		if (turn.count > 0) {
			assert_true(fixture->gained.min_us <= turn.min_us);
			assert_true(fixture->gained.max_us >= turn.max_us);
			assert_int_equal(histogram_slot(fixture->gained.min_us),
				histogram_slot(turn.min_us));
			assert_int_equal(histogram_slot(fixture->gained.max_us),
				histogram_slot(turn.max_us));
		}
		histogram_merge(&sum, &fixture->gained);
		histogram_finish(&turn);
	}
	assert_memory_equal(
		sum.counts, fixture->now.counts, HISTOGRAM_COUNTS_LENGTH * sizeof(sum.counts[0]));
	histogram_finish(&sum);
}

/* One place for the gains of two histograms: nothing of the first is left in the second. */
static void a_place_serves_several(void **state)
{
	struct fixture *fixture = *state;
	static struct gain_mark other_mark;
	struct histogram other;
	assert_int_equal(histogram_init(&other), 0);
	histogram_record_n(&fixture->now, 10, 5);
	histogram_record(&fixture->now, HISTOGRAM_HIGHEST_US + 9);
	take(fixture);
	assert_int_equal(fixture->gained.max_us, HISTOGRAM_HIGHEST_US + 9);
	assert_int_equal(fixture->gained.min_us, 10);
	histogram_record(&other, 1000);
	gain_take(&other_mark, &other, &fixture->gained);
	assert_memory_equal(fixture->gained.counts, other.counts,
		HISTOGRAM_COUNTS_LENGTH * sizeof(other.counts[0]));
	assert_int_equal(histogram_percentile(&fixture->gained, 99), 1000);
	histogram_finish(&other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_gains_nothing),
		CASE(gains_add_up),
		CASE(a_place_serves_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
