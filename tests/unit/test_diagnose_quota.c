/* SPDX-License-Identifier: MIT */
#include "diagnose_fixture.h"

/* A tenth of a CPU, which stopped the run twelve times. */
static void throttle(struct fixture *fixture)
{
	struct generator *generator = &fixture->result.generator;
	establish(fixture, 100);
	generator->quota_ns = 10 * NSEC_PER_MSEC;
	generator->quota_period_ns = 100 * NSEC_PER_MSEC;
	generator->throttled = 12;
	generator->throttled_ns = 1080 * NSEC_PER_MSEC;
	strcpy(generator->quota_file, "/sys/fs/cgroup/cpu.max");
}

#define EVIDENCE                                                                         \
	"The run was client-limited: the CPU quota of its control group, 10% of a CPU, " \
	"stopped it 12 times while it dialled, each time until the next period of 100 ms."

static void a_quota_that_stopped_the_run_is_named(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	assert_only(fixture, "client_limited", 0, EVIDENCE);
	assert_non_null(strstr(find(fixture, "client_limited")->hint, "/sys/fs/cgroup/cpu.max,"));
}

static void with_a_pace_it_must_have_done_harm(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	fixture->result.settings.sleep_ns = NSEC_PER_MSEC;
	fixture->result.schedule = schedule_every(NSEC_PER_MSEC, 1);
	histogram_record_n(&fixture->result.times[TIMES_CONNECT], 9000, 100);
	histogram_record_n(&fixture->result.times[TIMES_LAG], 9000, 100);
	assert_nothing(fixture);
	histogram_record(&fixture->result.times[TIMES_CONNECT], 79000);
	assert_only(fixture, "client_limited", 0, EVIDENCE);
}

static void a_late_dial_is_harm_too(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	fixture->result.settings.sleep_ns = NSEC_PER_MSEC;
	fixture->result.schedule = schedule_every(NSEC_PER_MSEC, 1);
	histogram_record(&fixture->result.times[TIMES_LAG], 10000);
	assert_only(fixture, "client_limited", 0, EVIDENCE);
}

static void times_that_were_set_apart_are_harm_and_told(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	fixture->result.settings.sleep_ns = NSEC_PER_MSEC;
	fixture->result.schedule = schedule_every(NSEC_PER_MSEC, 1);
	fixture->result.stalls.count = 2;
	fixture->result.stalls.connect_apart = 3;
	fixture->result.stalls.failure_apart = 1;
	assert_only(fixture, "client_limited", 4,
		EVIDENCE " Set apart because they span a stop: 4 times.");
}

static void a_quota_that_never_stopped_it_is_not_worth_a_word(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	fixture->result.generator.throttled = 0;
	assert_nothing(fixture);
}

static void a_quota_may_be_out_of_sight(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	fixture->result.generator.quota_ns = RESULT_UNKNOWN;
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: a CPU quota of its control groups stopped "
		"it 12 times while it dialled, each time until the next period.");
}

/* The path of a pod of Kubernetes, where the host's are seen. */
static void a_long_path_is_cut_before_the_sentence_is(void **state)
{
	struct fixture *fixture = *state;
	throttle(fixture);
	memset(fixture->result.generator.quota_file, 'x', CGROUP_PATH_MAX - 1);
	assert_only(fixture, "client_limited", 0, EVIDENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_quota_that_stopped_the_run_is_named),
		TEST(with_a_pace_it_must_have_done_harm),
		TEST(a_late_dial_is_harm_too),
		TEST(times_that_were_set_apart_are_harm_and_told),
		TEST(a_quota_that_never_stopped_it_is_not_worth_a_word),
		TEST(a_quota_may_be_out_of_sight),
		TEST(a_long_path_is_cut_before_the_sentence_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
