/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/plan/pace.h"

#define RAMPS(...)                                                              \
	&(const struct text_list)                                               \
	{                                                                       \
		.items = {__VA_ARGS__},                                         \
		.count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) \
	}

static const struct text_list none = {.count = 0};

static struct schedule read(const struct pace *pace)
{
	struct schedule schedule;
	struct error error = ERROR_INIT;
	if (pace_read(pace, &schedule, &error) < 0) {
		fail_msg("%s", error.text);
	}
	return schedule;
}

static void assert_refused(const struct pace *pace, int code, const char *sentence)
{
	struct schedule schedule = schedule_every(7, 1);
	struct error error = ERROR_INIT;
	assert_int_equal(pace_read(pace, &schedule, &error), code);
	assert_string_equal(error.text, sentence);
	assert_int_equal(schedule.span_ns, 7); /* untouched */
}

static void a_sleep_alone_is_a_period(void **state)
{
	(void)state;
	struct schedule schedule = read(&(struct pace){.sleep_ns = 5, .ramps = &none});
	assert_int_equal(schedule_due_ns(&schedule, 3), 15);
	schedule = read(&(struct pace){.ramps = &none});
	assert_false(schedule_is_paced(&schedule));
}

static void a_rate_takes_the_place_of_the_sleep(void **state)
{
	(void)state;
	struct pace pace = {.sleep_ns = 5, .rate = "2.5k", .ramps = &none};
	struct schedule schedule = read(&pace);
	assert_int_equal(schedule_due_ns(&schedule, 2500), NSEC_PER_SEC);
	pace.rate = "0.001";
	schedule = read(&pace);
	assert_int_equal(schedule_due_ns(&schedule, 1), 1000 * NSEC_PER_SEC);
	pace.rate = "0.0009";
	assert_refused(&pace, -ERANGE,
		"--rate: '0.0009' is not in the range from 0.001 to 10000000 connections a second");
	pace.rate = "10.000001m";
	assert_refused(&pace, -ERANGE,
		"--rate: '10.000001m' is not in the range from 0.001 to 10000000 connections a "
		"second");
	pace.rate = "-5";
	assert_refused(&pace, -ERANGE,
		"--rate: '-5' is not in the range from 0.001 to 10000000 connections a second");
	pace.rate = "";
	assert_refused(&pace, -EINVAL,
		"--rate: '' is not a pace in connections a second, such as 500, 0.001 or 2.5k (at "
		"most six decimals)");
}

static void ramps_follow_each_other(void **state)
{
	(void)state;
	const struct schedule schedule =
		read(&(struct pace){.ramps = RAMPS("0:2k:10s", "2k:0.5:1500ms", "3:3:2")});
	assert_int_equal(schedule.stage_count, 3);
	assert_int_equal(schedule.stages[0].to, 2000 * SCHEDULE_PER_S);
	assert_int_equal(schedule.stages[1].from, 2000 * SCHEDULE_PER_S);
	assert_int_equal(schedule.stages[1].to, SCHEDULE_PER_S / 2);
	assert_int_equal(schedule.stages[1].start_ns, 10 * NSEC_PER_SEC);
	assert_int_equal(schedule.stages[2].duration_ns, 2 * NSEC_PER_SEC); /* bare: seconds */
	assert_int_equal(schedule_total(&schedule), 10000 + 1501 + 6);
}

static void a_ramp_must_be_one(void **state)
{
	(void)state;
	static const char form[] =
		" is not FROM:TO:DURATION, such as 0:2000:10s: two paces in connections a second, "
		"and how long it takes from one to the other";
	static const char *const texts[] = {"", "5", "0:5", "::", "0:x:5s", "x:5:5s", "0:5:soon",
		"0:5:0s", "0:5:721h", "0:11m:1s", "0:5:1s:2", "-1:5:1s"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct schedule schedule;
		struct error error = ERROR_INIT;
		const struct pace pace = {.ramps = RAMPS(texts[i])};
		assert_true(pace_read(&pace, &schedule, &error) < 0);
		assert_true(strncmp(error.text, "--ramp: '", 9) == 0);
		assert_non_null(strstr(error.text, texts[i]));
	}
	struct error error = ERROR_INIT;
	struct schedule schedule;
	pace_read(&(struct pace){.ramps = RAMPS("0:5")}, &schedule, &error);
	assert_non_null(strstr(error.text, form));
}

static void a_ramp_that_never_dials_is_refused(void **state)
{
	(void)state;
	assert_refused(&(struct pace){.ramps = RAMPS("0:0:5s", "0:0:1s")}, -EINVAL,
		"--ramp: '0:0:5s' never dials: give one of its paces more than 0");
	struct text_list many = {.count = SCHEDULE_STAGES_MAX + 1};
	for (size_t i = 0; i < many.count; i++) {
		many.items[i] = "1:1:1s";
	}
	assert_refused(
		&(struct pace){.ramps = &many}, -ERANGE, "--ramp: is given more than 16 times");
}

static void bursts_come_every_sleep(void **state)
{
	(void)state;
	struct pace pace = {.sleep_ns = NSEC_PER_SEC, .ramps = &none, .burst = 50};
	const struct schedule schedule = read(&pace);
	assert_true(schedule_has_bursts(&schedule));
	assert_int_equal(schedule_due_ns(&schedule, 149), 2 * NSEC_PER_SEC);
	pace.sleep_ns = 0;
	assert_refused(&pace, -EINVAL,
		"--burst: 50 at a time need a time between two bursts: give --sleep, such as "
		"--sleep 1s");
}

static void there_is_one_pace_only(void **state)
{
	(void)state;
	struct pace pace = {.sleep_ns = 1, .rate = "5", .ramps = &none, .burst = 5};
	assert_refused(&pace, -EINVAL, "--rate and --burst both set the pace: give one of them");
	pace.ramps = RAMPS("0:5:1s");
	assert_refused(&pace, -EINVAL, "--rate and --ramp both set the pace: give one of them");
	pace.rate = NULL;
	assert_refused(&pace, -EINVAL, "--ramp and --burst both set the pace: give one of them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sleep_alone_is_a_period),
		cmocka_unit_test(a_rate_takes_the_place_of_the_sleep),
		cmocka_unit_test(ramps_follow_each_other),
		cmocka_unit_test(a_ramp_must_be_one),
		cmocka_unit_test(a_ramp_that_never_dials_is_refused),
		cmocka_unit_test(bursts_come_every_sleep),
		cmocka_unit_test(there_is_one_pace_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
