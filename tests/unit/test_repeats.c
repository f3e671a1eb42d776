/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/repeats.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/netstat.h"

#define BEGIN_NS (UINT64_C(1000) * NSEC_PER_SEC)
#define MS NSEC_PER_MSEC

/* The counter, read each 250 ms, that grows by 50 at each of these ages, up to `age_ms`. */
static struct challenges watch(const unsigned *ages_ms, size_t count, unsigned age_ms)
{
	struct challenges challenges;
	uint64_t value = 7;
	size_t next = 0;
	challenges_init(&challenges, value, BEGIN_NS);
	for (unsigned now_ms = 250; now_ms <= age_ms; now_ms += 250) {
		for (; next < count && ages_ms[next] <= now_ms; next++) {
			value += 50;
		}
		challenges_add(&challenges, value, BEGIN_NS + now_ms * MS);
	}
	return challenges;
}

/* Of a connection that was established at the beginning. */
static enum repeats judge(const struct challenges *challenges, unsigned age_ms, uint32_t segments)
{
	const struct repeats_signs signs = {
		.established_ns = BEGIN_NS,
		.now_ns = BEGIN_NS + age_ms * MS,
		.segments = segments,
	};
	return repeats_judge(challenges, &signs);
}

#define WATCH(age_ms, ...)                     \
	watch((const unsigned[]){__VA_ARGS__}, \
		sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned), age_ms)

static void changes_are_known_to_lie_between_two_looks(void **state)
{
	(void)state;
	const struct challenges challenges = WATCH(5000, 1000, 3010);
	assert_int_equal(challenges.count, 2);
	assert_int_equal(challenges_total(&challenges), 100);
	assert_int_equal(challenges_between(&challenges, BEGIN_NS, BEGIN_NS + 700 * MS), 0);
	assert_int_equal(challenges_between(&challenges, BEGIN_NS, BEGIN_NS + 750 * MS), 0);
	assert_int_equal(challenges_between(&challenges, BEGIN_NS, BEGIN_NS + 751 * MS), 50);
	assert_int_equal(
		challenges_between(&challenges, BEGIN_NS + 999 * MS, BEGIN_NS + 1100 * MS), 50);
	assert_int_equal(
		challenges_between(&challenges, BEGIN_NS + 1000 * MS, BEGIN_NS + 3000 * MS), 0);
	assert_int_equal(
		challenges_between(&challenges, BEGIN_NS + 1000 * MS, BEGIN_NS + 3001 * MS), 50);
	assert_int_equal(
		challenges_between(&challenges, BEGIN_NS + 3250 * MS, BEGIN_NS + 9000 * MS), 0);
}

static void more_changes_than_are_kept_blur_the_last(void **state)
{
	(void)state;
	struct challenges challenges;
	challenges_init(&challenges, 0, BEGIN_NS);
	const uint64_t changes = CHALLENGES_CHANGES_MAX + 20;
	for (uint64_t i = 1; i <= changes; i++) {
		challenges_add(&challenges, i, BEGIN_NS + i * NSEC_PER_SEC);
	}
	assert_int_equal(challenges.count, CHALLENGES_CHANGES_MAX);
	assert_int_equal(challenges_total(&challenges), changes);
	assert_int_equal(
		challenges_between(&challenges, BEGIN_NS, BEGIN_NS + 10 * NSEC_PER_SEC), 10);
	assert_int_equal(challenges_between(
				 &challenges, BEGIN_NS + (changes - 3) * NSEC_PER_SEC, UINT64_MAX),
		21);
}

static void nobody_repeats_where_the_counter_stands_still(void **state)
{
	(void)state;
	const struct challenges challenges = WATCH(6000, 60000);
	for (uint32_t segments = 0; segments < 9; segments++) {
		assert_int_equal(judge(&challenges, 1300, segments), REPEATS_NONE);
		assert_int_equal(judge(&challenges, 6000, segments), REPEATS_NONE);
	}
}

static void one_repeat_is_told_from_more_when_the_second_was_due(void **state)
{
	(void)state;
	/* TCP_DEFER_ACCEPT of a second, or a lost ACK. */
	const struct challenges challenges = WATCH(5000, 1010);
	assert_int_equal(judge(&challenges, 1300, 1), REPEATS_PENDING);
	assert_int_equal(judge(&challenges, 2000, 1), REPEATS_PENDING);
	assert_int_equal(judge(&challenges, 3500, 1), REPEATS_PENDING);
	assert_int_equal(judge(&challenges, 3600, 1), REPEATS_ONCE);
	assert_int_equal(judge(&challenges, 3600, 3), REPEATS_ONCE); /* with keepalives */
	assert_int_equal(judge(&challenges, 5000, 0), REPEATS_NONE); /* of others */
}

static void a_late_repeat_is_no_part_of_the_schedule(void **state)
{
	(void)state;
	/* Apache's TCP_DEFER_ACCEPT. */
	const struct challenges challenges = WATCH(45000, 31000);
	assert_int_equal(judge(&challenges, 31100, 1), REPEATS_NONE);
	assert_int_equal(judge(&challenges, 45000, 1), REPEATS_NONE);
}

static void a_peer_that_goes_on_is_found_at_any_age(void **state)
{
	(void)state;
	/* As late as the kernel's timers are. */
	const struct challenges challenges = WATCH(40000, 1030, 3090, 7200, 15400, 31900);
	assert_int_equal(judge(&challenges, 2000, 1), REPEATS_PENDING);
	assert_int_equal(judge(&challenges, 3600, 2), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 7100, 2), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 7300, 3), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 9000, 3), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 18000, 4), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 40000, 5), REPEATS_GOING_ON);
	assert_int_equal(
		judge(&challenges, 40000, 7), REPEATS_GOING_ON); /* a SYN proxy's updates */
	/* More than its peer can have repeated: these are keepalives. */
	assert_int_equal(judge(&challenges, 6000, 6), REPEATS_NONE);
	assert_int_equal(judge(&challenges, 40000, 40), REPEATS_NONE);
}

static void a_peer_that_stops_leaves_it_open(void **state)
{
	(void)state;
	const struct challenges challenges = WATCH(20000, 1010, 3020);
	assert_int_equal(judge(&challenges, 7900, 2), REPEATS_GOING_ON);
	assert_int_equal(judge(&challenges, 8100, 2), REPEATS_STOPPED);
	assert_int_equal(judge(&challenges, 20000, 2), REPEATS_STOPPED);
	/* The counter's second change was another connection's. */
	assert_int_equal(judge(&challenges, 20000, 1), REPEATS_ONCE);
}

static void challenges_at_other_times_are_of_others(void **state)
{
	(void)state;
	/* A burst of stale tuples, of another run on this host; keepalives each two seconds. */
	const struct challenges challenges = WATCH(6000, 2000, 2100, 4500);
	assert_int_equal(judge(&challenges, 5000, 2), REPEATS_NONE);
	assert_int_equal(judge(&challenges, 6000, 3), REPEATS_NONE);
}

static void answers_to_syns_sent_again_are_allowed_for(void **state)
{
	(void)state;
	const struct challenges challenges = WATCH(6000, 1010, 3020);
	const struct repeats_signs signs = {
		.established_ns = BEGIN_NS,
		.now_ns = BEGIN_NS + 6000 * MS,
		.segments = 6,
		.syn_retransmits = 2,
	};
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_GOING_ON);
}

/* A round trip of 3.4 s: two repeats leave before the ACK arrives. */
static void what_leaves_before_the_ack_arrives_proves_nothing(void **state)
{
	(void)state;
	struct challenges challenges = WATCH(9000, 1010, 3020);
	struct repeats_signs signs = {
		.established_ns = BEGIN_NS,
		.now_ns = BEGIN_NS + 4000 * MS,
		.round_trip_ns = 3400 * MS,
		.segments = 5,
		.syn_retransmits = 3,
	};
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_PENDING);
	signs.now_ns = BEGIN_NS + 9000 * MS;
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_NONE);
	challenges = WATCH(20000, 1010, 3020, 7050);
	signs.segments = 6;
	signs.now_ns = BEGIN_NS + 9000 * MS;
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_PENDING);
	signs.now_ns = BEGIN_NS + 20000 * MS;
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_ONCE);
	challenges = WATCH(20000, 1010, 3020, 7050, 15100);
	signs.segments = 7;
	assert_int_equal(repeats_judge(&challenges, &signs), REPEATS_GOING_ON);
}

static void without_the_counter_segments_are_all_there_is(void **state)
{
	(void)state;
	struct challenges challenges;
	challenges_init(&challenges, NETSTAT_ABSENT, BEGIN_NS);
	challenges_add(&challenges, 3, BEGIN_NS + NSEC_PER_SEC);
	assert_false(challenges.known);
	assert_true(challenges_total(&challenges) == UINT64_MAX);
	assert_int_equal(judge(&challenges, 6000, 0), REPEATS_NONE);
	assert_int_equal(judge(&challenges, 6000, 1), REPEATS_ONCE);
	assert_int_equal(judge(&challenges, 6000, 2), REPEATS_GOING_ON);
	/* And where it cannot be read any more. */
	challenges_init(&challenges, 5, BEGIN_NS);
	challenges_add(&challenges, NETSTAT_ABSENT, BEGIN_NS + NSEC_PER_SEC);
	assert_false(challenges.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_known_to_lie_between_two_looks),
		cmocka_unit_test(more_changes_than_are_kept_blur_the_last),
		cmocka_unit_test(nobody_repeats_where_the_counter_stands_still),
		cmocka_unit_test(one_repeat_is_told_from_more_when_the_second_was_due),
		cmocka_unit_test(a_late_repeat_is_no_part_of_the_schedule),
		cmocka_unit_test(a_peer_that_goes_on_is_found_at_any_age),
		cmocka_unit_test(a_peer_that_stops_leaves_it_open),
		cmocka_unit_test(challenges_at_other_times_are_of_others),
		cmocka_unit_test(answers_to_syns_sent_again_are_allowed_for),
		cmocka_unit_test(what_leaves_before_the_ack_arrives_proves_nothing),
		cmocka_unit_test(without_the_counter_segments_are_all_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
