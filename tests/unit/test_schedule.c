/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/plan/schedule.h"

#define MOST UINT64_C(16777216)
#define PER_S SCHEDULE_PER_S

static void without_a_pace_all_are_due_at_once(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(0, 1);
	assert_false(schedule_is_paced(&schedule));
	assert_int_equal(schedule_due_ns(&schedule, MOST - 1), 0);
	assert_int_equal(schedule_due_count(&schedule, 0, MOST), MOST);
	assert_true(schedule_average(&schedule, MOST) == 0);
	const struct schedule empty = {0};
	assert_int_equal(schedule_due_count(&empty, 0, MOST), MOST);
}

/*
 * Connections become due in their order, each from its instant on and not a nanosecond earlier.
 * Looks at all below `count`, or at every `step`-th.
 */
static void assert_inverse(const struct schedule *schedule, uint64_t count, uint64_t step)
{
	uint64_t before_ns = 0;
	for (uint64_t i = 0; i < count; i += step) {
		uint64_t due_ns = schedule_due_ns(schedule, i);
		assert_true(due_ns >= before_ns);
		before_ns = due_ns;
		/* Of those due at one instant, all or none. */
		uint64_t due = schedule_due_count(schedule, due_ns, count);
		assert_true(due > i);
		assert_int_equal(schedule_due_ns(schedule, due - 1), due_ns);
		assert_true(due == count || schedule_due_ns(schedule, due) > due_ns);
		if (due_ns > 0) {
			uint64_t earlier = schedule_due_count(schedule, due_ns - 1, count);
			assert_true(earlier <= i);
			assert_true(
				earlier == 0 || schedule_due_ns(schedule, earlier - 1) < due_ns);
			assert_int_equal(schedule_due_ns(schedule, earlier), due_ns);
		}
	}
}

static void a_period_is_kept_exactly(void **state)
{
	(void)state;
	const uint64_t periods[] = {1, 999, 10000000, UINT64_C(1000000000)};
	for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
		const struct schedule schedule = schedule_every(periods[p], 1);
		assert_inverse(&schedule, 1000, 1);
		assert_inverse(&schedule, MOST, 65535);
		assert_int_equal(schedule_due_ns(&schedule, MOST - 1), (MOST - 1) * periods[p]);
		assert_int_equal(schedule_total(&schedule), UINT64_MAX);
	}
}

static void no_more_are_due_than_there_are(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(10, 1);
	assert_int_equal(schedule_due_count(&schedule, 1000000, 5), 5);
	assert_int_equal(schedule_due_count(&schedule, UINT64_MAX, 5), 5);
	const struct schedule finest = schedule_every(1, 1);
	assert_int_equal(schedule_due_count(&finest, UINT64_MAX - 1, MOST), MOST);
	assert_int_equal(schedule_due_count(&finest, UINT64_MAX, MOST), MOST);
	const struct schedule fastest = schedule_at_pace(SCHEDULE_PACE_MAX);
	assert_int_equal(schedule_due_count(&fastest, UINT64_MAX, MOST), MOST);
	const struct schedule bursts = schedule_every(1, MOST);
	assert_int_equal(schedule_due_count(&bursts, UINT64_MAX, MOST), MOST);
	assert_int_equal(schedule_due_count(&bursts, UINT64_MAX, 7), 7);
}

/* Three a second: the instants are those of i / 3 s, rounded, however large i is. */
static void a_pace_does_not_drift(void **state)
{
	(void)state;
	const struct schedule thirds = schedule_at_pace(3 * PER_S);
	assert_int_equal(schedule_due_ns(&thirds, 1), 333333333);
	assert_int_equal(schedule_due_ns(&thirds, 2), 666666667);
	for (uint64_t i = 0; i < MOST - 3; i += 3 * 9973) {
		uint64_t whole_ns = i / 3 * NSEC_PER_SEC;
		assert_int_equal(schedule_due_ns(&thirds, i), whole_ns);
		assert_int_equal(schedule_due_ns(&thirds, i + 1), whole_ns + 333333333);
		assert_int_equal(schedule_due_ns(&thirds, i + 2), whole_ns + 666666667);
	}
	const struct schedule slowest = schedule_at_pace(SCHEDULE_PACE_MIN);
	assert_int_equal(schedule_due_ns(&slowest, MOST - 1), (MOST - 1) * 1000 * NSEC_PER_SEC);
	const struct schedule fastest = schedule_at_pace(SCHEDULE_PACE_MAX);
	assert_int_equal(schedule_due_ns(&fastest, MOST - 1), (MOST - 1) * 100);
}

static void a_pace_is_the_inverse_of_its_count(void **state)
{
	(void)state;
	const uint64_t paces[] = {SCHEDULE_PACE_MIN, 1001, 333333, PER_S, 3 * PER_S, 7 * PER_S,
		10000 * PER_S, UINT64_C(200000) * PER_S, UINT64_C(9999999999937),
		SCHEDULE_PACE_MAX};
	for (size_t p = 0; p < sizeof(paces) / sizeof(paces[0]); p++) {
		const struct schedule schedule = schedule_at_pace(paces[p]);
		assert_inverse(&schedule, 3000, 1);
		assert_inverse(&schedule, MOST, 65537);
		double per_s = (double)paces[p] / (double)PER_S;
		assert_true(schedule_average(&schedule, 2) > 0.9999999 * per_s);
		assert_true(schedule_average(&schedule, 2) < 1.0000001 * per_s);
	}
}

/* All of the first second, and of the thousandth, at paces that divide it and others. */
static void each_second_has_what_was_asked_for(void **state)
{
	(void)state;
	const uint64_t paces[] = {1, 3, 7, 500, 999, 10000, 200000};
	for (size_t p = 0; p < sizeof(paces) / sizeof(paces[0]); p++) {
		const struct schedule schedule = schedule_at_pace(paces[p] * PER_S);
		for (uint64_t second = 0; second < 1000; second += 111) {
			uint64_t before =
				schedule_due_count(&schedule, second * NSEC_PER_SEC, UINT64_MAX);
			uint64_t after = schedule_due_count(
				&schedule, (second + 1) * NSEC_PER_SEC, UINT64_MAX);
			assert_int_equal(after - before, paces[p]);
		}
	}
}

static void those_of_a_burst_share_an_instant(void **state)
{
	(void)state;
	const struct schedule schedule = schedule_every(NSEC_PER_SEC, 100);
	assert_int_equal(schedule_due_ns(&schedule, 99), 0);
	assert_int_equal(schedule_due_ns(&schedule, 100), NSEC_PER_SEC);
	assert_int_equal(schedule_due_ns(&schedule, 250), 2 * NSEC_PER_SEC);
	assert_int_equal(schedule_due_count(&schedule, 0, MOST), 100);
	assert_int_equal(schedule_due_count(&schedule, NSEC_PER_SEC - 1, MOST), 100);
	assert_int_equal(schedule_due_count(&schedule, NSEC_PER_SEC, MOST), 200);
	assert_int_equal(schedule_due_count(&schedule, NSEC_PER_SEC, 150), 150);
	assert_inverse(&schedule, 1050, 1);
	assert_true(schedule_pace_at(&schedule, 0) == 100);
	assert_true(schedule_average(&schedule, 100) == 0);
	assert_true(schedule_average(&schedule, 201) == 100);
}

static struct schedule ramp(uint64_t from, uint64_t to, uint64_t duration_ns)
{
	struct schedule schedule = {0};
	assert_true(schedule_add_stage(&schedule, from, to, duration_ns));
	return schedule;
}

/* From 0 to 2000 a second in 10 s: 100 t^2, so connection i is due at sqrt(i / 100). */
static void a_ramp_follows_its_integral(void **state)
{
	(void)state;
	const struct schedule up = ramp(0, 2000 * PER_S, 10 * NSEC_PER_SEC);
	assert_int_equal(schedule_total(&up), 10000);
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(schedule_due_ns(&up, i * i), i * NSEC_PER_SEC / 10);
	}
	for (uint64_t second = 0; second < 10; second++) {
		/* The first of the next second is due at its beginning. */
		uint64_t before = second == 0 ? 0 : 100 * second * second;
		uint64_t end_ns = (second + 1) * NSEC_PER_SEC - 1;
		assert_int_equal(
			schedule_due_count(&up, end_ns, MOST) - before, 100 * (2 * second + 1));
	}
	assert_inverse(&up, 10000, 1);
	/* The same from behind. */
	const struct schedule down = ramp(2000 * PER_S, 0, 10 * NSEC_PER_SEC);
	assert_int_equal(schedule_total(&down), 10000);
	for (uint64_t i = 1; i < 100; i++) {
		assert_int_equal(schedule_due_ns(&down, 10000 - i * i),
			10 * NSEC_PER_SEC - i * NSEC_PER_SEC / 10);
	}
	assert_inverse(&down, 10000, 1);
	assert_true(schedule_pace_at(&up, 5 * NSEC_PER_SEC) == 1000);
	assert_true(schedule_pace_at(&down, 0) == 2000);
	assert_true(schedule_pace_at(&up, 10 * NSEC_PER_SEC) == 0);
}

static void every_ramp_is_monotone_and_has_its_sum(void **state)
{
	(void)state;
	const uint64_t paces[] = {0, 1, 1000, PER_S / 3, PER_S, 777777777, 20000 * PER_S,
		UINT64_C(1000000) * PER_S, SCHEDULE_PACE_MAX};
	const uint64_t durations[] = {NSEC_PER_MSEC, 123456789, NSEC_PER_SEC,
		UINT64_C(3601) * NSEC_PER_SEC, SCHEDULE_STAGE_MAX_NS};
	const size_t pace_count = sizeof(paces) / sizeof(paces[0]);
	for (size_t i = 0; i < pace_count * pace_count; i++) {
		for (size_t d = 0; d < sizeof(durations) / sizeof(durations[0]); d++) {
			uint64_t from = paces[i / pace_count];
			uint64_t to = paces[i % pace_count];
			const struct schedule schedule = ramp(from, to, durations[d]);
			uint64_t total = schedule_total(&schedule);
			long double integral =
				((long double)from + to) / 2e15L * (long double)durations[d];
			assert_true((long double)total >= integral * (1 - 1e-15L));
			assert_true((long double)total < integral * (1 + 1e-15L) + 1);
			assert_inverse(&schedule, total, total / 500 + 1);
			assert_int_equal(
				schedule_due_count(&schedule, durations[d] - 1, UINT64_MAX) +
					(total > 0 &&
						schedule_due_ns(&schedule, total - 1) ==
							durations[d]),
				total);
			assert_int_equal(schedule_due_ns(&schedule, total), durations[d]);
		}
	}
}

/* What is left of a connection at the end of a stage belongs to the next one. */
static void stages_carry_fractions_on(void **state)
{
	(void)state;
	struct schedule schedule = {0};
	for (unsigned i = 0; i < SCHEDULE_STAGES_MAX; i++) {
		/* 1.5 + 1.5 ... of a second each */
		assert_true(schedule_add_stage(&schedule, PER_S, 2 * PER_S, NSEC_PER_SEC));
	}
	assert_false(schedule_add_stage(&schedule, PER_S, PER_S, NSEC_PER_SEC));
	assert_int_equal(schedule_total(&schedule), 24);
	/* The integral is 3 after two of them. */
	assert_int_equal(schedule_due_ns(&schedule, 3), 2 * NSEC_PER_SEC);
	assert_int_equal(schedule_due_ns(&schedule, 21), 14 * NSEC_PER_SEC);
	assert_inverse(&schedule, 24, 1);
}

static void a_pause_between_stages_is_one(void **state)
{
	(void)state;
	struct schedule schedule = ramp(100 * PER_S, 100 * PER_S, NSEC_PER_SEC);
	assert_true(schedule_add_stage(&schedule, 0, 0, 5 * NSEC_PER_SEC));
	assert_true(schedule_add_stage(&schedule, 0, 50 * PER_S, 2 * NSEC_PER_SEC));
	assert_int_equal(schedule_total(&schedule), 150);
	assert_int_equal(schedule_due_ns(&schedule, 99), 990 * NSEC_PER_MSEC);
	assert_int_equal(schedule_due_ns(&schedule, 100), 6 * NSEC_PER_SEC);
	assert_int_equal(schedule_due_count(&schedule, 3 * NSEC_PER_SEC, MOST), 100);
	assert_int_equal(schedule_due_count(&schedule, 8 * NSEC_PER_SEC, MOST), 150);
	assert_inverse(&schedule, 150, 1);
	/* The fraction is the last of it. */
	const struct schedule half = ramp(0, PER_S, NSEC_PER_SEC);
	assert_int_equal(schedule_total(&half), 1);
	assert_int_equal(schedule_due_ns(&half, 0), 0);
	const struct schedule none = ramp(0, 0, NSEC_PER_SEC);
	assert_int_equal(schedule_total(&none), 0);
	assert_int_equal(schedule_due_count(&none, NSEC_PER_SEC, MOST), 0);
}

static void a_schedule_is_said_in_words(void **state)
{
	(void)state;
	char text[SCHEDULE_TEXT_MAX];
	struct schedule schedule = schedule_every(10 * NSEC_PER_MSEC, 1);
	assert_string_equal(schedule_describe(&schedule, text), "one every 10ms");
	schedule = schedule_every(0, 1);
	assert_string_equal(schedule_describe(&schedule, text), "all at once, as fast as possible");
	schedule = schedule_every(NSEC_PER_SEC, 5000);
	assert_string_equal(schedule_describe(&schedule, text), "5,000 at once every 1s");
	schedule = schedule_at_pace(2500500);
	assert_string_equal(schedule_describe(&schedule, text), "2.5005 a second");
	schedule = ramp(0, 2000 * PER_S, 10 * NSEC_PER_SEC);
	assert_true(schedule_add_stage(&schedule, 2000 * PER_S, 2000 * PER_S, 60 * NSEC_PER_SEC));
	assert_string_equal(schedule_describe(&schedule, text),
		"from 0 to 2000 a second in 10s, then 2000 a second for 1m0s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_pace_all_are_due_at_once),
		cmocka_unit_test(a_period_is_kept_exactly),
		cmocka_unit_test(no_more_are_due_than_there_are),
		cmocka_unit_test(a_pace_does_not_drift),
		cmocka_unit_test(a_pace_is_the_inverse_of_its_count),
		cmocka_unit_test(each_second_has_what_was_asked_for),
		cmocka_unit_test(those_of_a_burst_share_an_instant),
		cmocka_unit_test(a_ramp_follows_its_integral),
		cmocka_unit_test(every_ramp_is_monotone_and_has_its_sum),
		cmocka_unit_test(stages_carry_fractions_on),
		cmocka_unit_test(a_pause_between_stages_is_one),
		cmocka_unit_test(a_schedule_is_said_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
