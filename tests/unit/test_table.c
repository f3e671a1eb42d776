/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/table.h"
#include "tcpgoon/base/clock.h"

#define START_NS (1000 * NSEC_PER_SEC)
#define AT_US(us) (START_NS + (uint64_t)(us)*NSEC_PER_USEC)

struct fixture {
	struct table table;
	struct result result;
};

static int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(result_init(&fixture.result), 0);
	assert_int_equal(table_init(&fixture.table, 4, START_NS, &fixture.result), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	table_finish(&fixture->table);
	result_finish(&fixture->result);
	return 0;
}

static void assert_snapshot(const struct table *table, uint64_t not_initiated, uint64_t dialing,
	uint64_t established, uint64_t closed, uint64_t failed)
{
	struct snapshot snapshot = table_snapshot(table, AT_US(1));
	assert_int_equal(snapshot.total, 4);
	assert_int_equal(snapshot.not_initiated, not_initiated);
	assert_int_equal(snapshot.dialing, dialing);
	assert_int_equal(snapshot.established, established);
	assert_int_equal(snapshot.closed, closed);
	assert_int_equal(snapshot.failed, failed);
}

static void counters_follow_the_states(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	assert_snapshot(table, 4, 0, 0, 0, 0);
	table_dialing(table, 0, AT_US(0), AT_US(5));
	table_dialing(table, 1, AT_US(0), AT_US(5));
	assert_snapshot(table, 2, 2, 0, 0, 0);
	table_answered(table, 0, AT_US(30));
	table_established(table, 0);
	assert_snapshot(table, 2, 1, 1, 0, 0);
	table_failed(table, 1, CAUSE_REFUSED, ECONNREFUSED, AT_US(40));
	assert_snapshot(table, 2, 0, 1, 0, 1);
	table_closed(table, 0, 0, AT_US(50));
	assert_snapshot(table, 2, 0, 0, 1, 1);
	assert_int_equal(fixture->result.totals.dialed, 2);
	assert_int_equal(fixture->result.totals.established, 1);
	assert_int_equal(table->established_now_max, 1);
	assert_false(table_decided(table));
}

static void times_go_to_their_histograms(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	table_dialing(table, 0, AT_US(10), AT_US(17));
	table_answered(table, 0, AT_US(47));
	table_established(table, 0);
	table_dialing(table, 1, AT_US(20), AT_US(20));
	table_failed(table, 1, CAUSE_TIMED_OUT, 0, AT_US(5020));
	table_dialing(table, 2, CLOCK_NEVER, AT_US(9000));
	assert_int_equal(fixture->result.times[TIMES_LAG].count, 2);
	assert_int_equal(fixture->result.times[TIMES_LAG].max_us, 7);
	assert_int_equal(fixture->result.times[TIMES_CONNECT].count, 1);
	assert_int_equal(fixture->result.times[TIMES_CONNECT].max_us, 30);
	assert_int_equal(fixture->result.times[TIMES_FAILURE].count, 1);
	assert_int_equal(fixture->result.times[TIMES_FAILURE].max_us, 5000);
}

static void a_connection_never_dialed_has_no_time_to_error(void **state)
{
	struct fixture *fixture = *state;
	table_failed(&fixture->table, 2, CAUSE_PORTS_EXHAUSTED, 98, AT_US(3));
	assert_snapshot(&fixture->table, 3, 0, 0, 0, 1);
	assert_int_equal(fixture->result.totals.dialed, 0);
	assert_int_equal(fixture->result.times[TIMES_FAILURE].count, 0);
	assert_int_equal(fixture->result.causes[CAUSE_PORTS_EXHAUSTED].count, 1);
}

static void a_second_dial_is_timed_from_itself(void **state)
{
	struct fixture *fixture = *state;
	table_dialing(&fixture->table, 0, AT_US(0), AT_US(0));
	table_dialing_again(&fixture->table, 0, AT_US(500));
	table_answered(&fixture->table, 0, AT_US(520));
	table_established(&fixture->table, 0);
	assert_int_equal(fixture->result.totals.dialed, 1);
	assert_int_equal(fixture->result.times[TIMES_CONNECT].max_us, 20);
}

static void causes_have_count_first_and_last(void **state)
{
	struct fixture *fixture = *state;
	for (uint32_t i = 0; i < 3; i++) {
		table_dialing(&fixture->table, i, AT_US(0), AT_US(0));
		table_failed(&fixture->table, i, CAUSE_REFUSED, ECONNREFUSED, AT_US(100 * (i + 1)));
	}
	const struct cause_tally *tally = &fixture->result.causes[CAUSE_REFUSED];
	assert_int_equal(tally->count, 3);
	assert_int_equal(tally->first_ns, 100 * NSEC_PER_USEC);
	assert_int_equal(tally->last_ns, 300 * NSEC_PER_USEC);
	assert_int_equal(tally->last_errno, ECONNREFUSED);
}

static void occupied_counts_connections_not_what_is_held(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	table_hold(table, 0, CONN_HAS_SOCKET);
	table_hold(table, 0, CONN_CONNECTING | CONN_IN_FLIGHT);
	table_hold(table, 1, CONN_HAS_SOCKET);
	assert_int_equal(table->occupied, 2);
	table_release(table, 0, CONN_CONNECTING);
	table_release(table, 0, CONN_IN_FLIGHT);
	assert_int_equal(table->occupied, 2);
	table_release(table, 0, CONN_HAS_SOCKET);
	table_release(table, 0, CONN_HAS_SOCKET);
	assert_int_equal(table->occupied, 1);
	assert_true(table_holds(table, 1, CONN_HAS_SOCKET));
	assert_false(table_holds(table, 0, CONN_HAS_SOCKET));
}

static void a_slot_serves_again_in_a_new_generation(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	table_dialing(table, 3, AT_US(0), AT_US(0));
	table_failed(table, 3, CAUSE_REFUSED, ECONNREFUSED, AT_US(10));
	table_recycle(table, 3);
	assert_snapshot(table, 4, 0, 0, 0, 0);
	assert_int_equal(table->conns[3].generation, 1);
	assert_int_equal(table->conns[3].cause, CAUSE_NONE);
	table_dialing(table, 3, AT_US(20), AT_US(20));
	table_answered(table, 3, AT_US(25));
	table_established(table, 3);
	assert_int_equal(fixture->result.totals.dialed, 2);
	assert_int_equal(fixture->result.causes[CAUSE_REFUSED].count, 1);
}

static void the_most_open_at_once_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 0; i < 3; i++) {
		table_dialing(table, i, AT_US(0), AT_US(0));
		table_answered(table, i, AT_US(1));
		table_established(table, i);
	}
	table_closed(table, 0, ECONNRESET, AT_US(2));
	table_dialing(table, 3, AT_US(3), AT_US(3));
	table_answered(table, 3, AT_US(4));
	table_established(table, 3);
	assert_int_equal(table->established_now_max, 3);
	assert_true(table_decided(table));
}

static void what_ends_before_the_next_is_confirmed_was_there_with_it(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 0; i < 4; i++) {
		table_dialing(table, i, AT_US(0), AT_US(0));
	}
	table_answered(table, 0, AT_US(1));
	table_established(table, 0);
	table_answered(table, 1, AT_US(2));
	table_closed(table, 0, 0, AT_US(3));
	table_established(table, 1);
	assert_int_equal(table->established_now_max, 2);
	assert_int_equal(fixture->result.times[TIMES_CONNECT].max_us, 2);

	/* One that is denied was never there. */
	table_answered(table, 2, AT_US(4));
	table_denied(table);
	table_failed(table, 2, CAUSE_PROHIBITED, EHOSTUNREACH, AT_US(5));
	table_closed(table, 1, 0, AT_US(6));
	table_answered(table, 3, AT_US(7));
	table_established(table, 3);
	assert_int_equal(table->established_now_max, 2);
	assert_int_equal(fixture->result.totals.established, 3);
	assert_int_equal(fixture->result.times[TIMES_CONNECT].count, 3);
}

static void an_answer_that_is_retracted_later_was_never_there(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 0; i < 3; i++) {
		table_dialing(table, i, AT_US(0), AT_US(0));
	}
	table_answered(table, 0, AT_US(1));
	table_answered(table, 1, AT_US(1));
	table_established(table, 1); /* the answer to 0 is still doubtful */
	assert_int_equal(table->established_now_max, 1);
	table_denied(table);
	table_failed(table, 0, CAUSE_PROHIBITED, EHOSTUNREACH, AT_US(5));
	assert_int_equal(table->established_now_max, 1);
	table_answered(table, 2, AT_US(6));
	table_established(table, 2);
	assert_int_equal(table->established_now_max, 2);
}

static void how_long_it_lived_makes_its_cause(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 0; i < 4; i++) {
		table_dialing(table, i, AT_US(0), AT_US(0));
		table_answered(table, i, AT_US(1000));
		table_established(table, i);
	}
	assert_int_equal(table_lifetime_ns(table, 0, AT_US(1500)), 500 * NSEC_PER_USEC);
	assert_int_equal(table_closed(table, 0, 0, AT_US(1500)), CAUSE_CLOSED_AT_ONCE);
	assert_int_equal(table_closed(table, 1, ECONNRESET, AT_US(1500)), CAUSE_RESET_AT_ONCE);
	assert_int_equal(table_closed(table, 2, 0, AT_US(2001000)), CAUSE_CLOSED_BY_PEER);
	assert_int_equal(table_closed(table, 3, ECONNRESET, AT_US(2001000)), CAUSE_RESET_BY_PEER);
	assert_int_equal(fixture->result.times[TIMES_LIFETIME].count, 4);
	assert_int_equal(fixture->result.times[TIMES_LIFETIME].min_us, 500);
	assert_int_equal(fixture->result.times[TIMES_LIFETIME].max_us, 2000000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void the_first_rejected_is_the_first_dialled(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 1; i < 4; i++) {
		table_dialing(table, i, AT_US(0), AT_US(5));
	}
	/* This machine's own failures are no rejection. */
	table_failed(table, 0, CAUSE_DESCRIPTORS, EMFILE, AT_US(6));
	assert_true(fixture->result.first_rejected == RESULT_UNKNOWN);
	table_failed(table, 3, CAUSE_REFUSED, ECONNREFUSED, AT_US(7));
	assert_int_equal(fixture->result.first_rejected, 3);
	assert_int_equal(fixture->result.last_rejected, 3);
	table_answered(table, 2, AT_US(8));
	table_established(table, 2);
	table_closed(table, 2, 0, AT_US(9));
	assert_int_equal(fixture->result.first_rejected, 2);
	/* Nor is what ended later. */
	table_answered(table, 1, AT_US(8));
	table_established(table, 1);
	table_closed(table, 1, 0, AT_US(2000000));
	assert_int_equal(fixture->result.first_rejected, 2);
	assert_int_equal(fixture->result.last_rejected, 3);
}

/* Which is told apart by the errno: our own deadline comes without one. */
static void dials_that_the_kernel_gave_up_are_counted(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	for (uint32_t i = 0; i < 3; i++) {
		table_dialing(table, i, AT_US(0), AT_US(5));
	}
	table_failed(table, 0, CAUSE_TIMED_OUT, 0, AT_US(5000005));
	assert_int_equal(fixture->result.given_up_by_kernel, 0);
	table_failed(table, 1, CAUSE_TIMED_OUT, ETIMEDOUT, AT_US(3060005));
	table_failed(table, 2, CAUSE_HOST_UNREACHABLE, EHOSTUNREACH, AT_US(3060005));
	assert_int_equal(fixture->result.given_up_by_kernel, 1);
}

/* Two lifetimes of more than an hour are two, and not both the longest. */
static void long_lifetimes_are_told_apart(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	const uint64_t hour_us = UINT64_C(3600) * 1000000;
	for (uint32_t i = 0; i < 2; i++) {
		table_dialing(table, i, AT_US(0), AT_US(0));
		table_answered(table, i, AT_US(1000));
		table_established(table, i);
	}
	table_closed(table, 0, 0, AT_US(1000 + 2 * hour_us));
	table_closed(table, 1, 0, AT_US(1000 + 700 * hour_us));
	const struct histogram *lifetime = &fixture->result.times[TIMES_LIFETIME];
	assert_in_range(histogram_percentile(lifetime, 50), 2 * hour_us, 2 * hour_us * 1001 / 1000);
	assert_int_equal(histogram_percentile(lifetime, 100), 700 * hour_us);
}

static void targets_have_their_tallies_in_turns(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	fixture->result.target_count = 2;
	for (uint32_t i = 0; i < 3; i++) {
		table_dialing(table, i, AT_US(0), AT_US(5));
	}
	table_answered(table, 0, AT_US(6));
	table_established(table, 0);
	table_answered(table, 2, AT_US(6));
	table_established(table, 2);
	table_failed(table, 1, CAUSE_TIMED_OUT, 0, AT_US(7));
	table_failed(table, 3, CAUSE_DESCRIPTORS, EMFILE, AT_US(7)); /* not its target's fault */
	assert_int_equal(fixture->result.targets[0].established, 2);
	assert_int_equal(fixture->result.targets[0].failed, 0);
	assert_int_equal(fixture->result.targets[1].established, 0);
	assert_int_equal(fixture->result.targets[1].failed, 1);
}

static void the_armed_are_counted_once(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	table_hold(table, 0, CONN_HAS_SOCKET);
	assert_int_equal(table->armed, 0);
	table_hold(table, 0, CONN_ARMED | CONN_CONNECTING);
	table_hold(table, 0, CONN_ARMED);
	table_hold(table, 1, CONN_ARMED);
	assert_int_equal(table->armed, 2);
	table_release(table, 0, CONN_CONNECTING);
	assert_int_equal(table->armed, 2);
	table_release(table, 0, CONN_ARMED);
	table_release(table, 0, CONN_ARMED);
	assert_int_equal(table->armed, 1);
	assert_int_equal(table->occupied, 2);
}

/* The last may be dialled after a year. */
static void long_runs_are_measured(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	const uint64_t dialed_us = UINT64_C(365) * 24 * 3600 * 1000000;
	table_dialing(table, 0, CLOCK_NEVER, AT_US(dialed_us));
	table_answered(table, 0, AT_US(dialed_us + 30));
	table_established(table, 0);
	assert_int_equal(table->conns[0].connect_us, 30);
	assert_int_equal(table_lifetime_ns(table, 0, AT_US(dialed_us + 90)), 60 * NSEC_PER_USEC);
}

static void dial_and_establish(
	struct table *table, uint32_t index, uint64_t from_us, uint64_t to_us)
{
	table_dialing(table, index, CLOCK_NEVER, AT_US(from_us));
	table_answered(table, index, AT_US(to_us));
	table_established(table, index);
}

static void times_that_span_a_stall_are_set_apart(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	struct result *result = &fixture->result;
	dial_and_establish(table, 0, 100, 200);
	table_dialing(table, 1, CLOCK_NEVER, AT_US(900));
	table_dialing(table, 2, CLOCK_NEVER, AT_US(950));
	table_stalled(table, AT_US(2000000), false);
	table_answered(table, 1, AT_US(2000000));
	table_established(table, 1);
	table_failed(table, 2, CAUSE_REFUSED, ECONNREFUSED, AT_US(2000005));
	dial_and_establish(table, 3, 2000010, 2000050);
	assert_int_equal(result->totals.established, 3);
	assert_int_equal(result->times[TIMES_CONNECT].count, 2);
	assert_int_equal(result->times[TIMES_CONNECT].max_us, 100);
	assert_int_equal(result->times[TIMES_FAILURE].count, 0);
	assert_int_equal(result->stalls.connect_apart, 1);
	assert_int_equal(result->stalls.failure_apart, 1);
	assert_int_equal(result->causes[CAUSE_REFUSED].count, 1);
}

static void lifetimes_that_a_stall_hides_are_set_apart(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	struct result *result = &fixture->result;
	dial_and_establish(table, 0, 100, 200); /* ends in it */
	dial_and_establish(table, 1, 100, 200); /* is known to the microsecond */
	table_dialing(table, 2, CLOCK_NEVER, AT_US(950)); /* begins in it */
	table_stalled(table, AT_US(2000000), false);
	/* Perhaps at once, perhaps after two seconds: of the two, the word that says less. */
	assert_int_equal(table_closed(table, 0, 0, AT_US(2000000)), CAUSE_CLOSED_BY_PEER);
	table_answered(table, 2, AT_US(2000000));
	table_established(table, 2);
	assert_int_equal(table_closed(table, 2, 0, AT_US(2000100)), CAUSE_CLOSED_BY_PEER);
	assert_int_equal(table_closed(table, 1, 0, AT_US(9000200)), CAUSE_CLOSED_BY_PEER);
	assert_int_equal(result->stalls.lifetime_apart, 2);
	assert_int_equal(result->times[TIMES_LIFETIME].count, 1);
	assert_int_equal(result->times[TIMES_LIFETIME].max_us, 9000000);
}

static void no_lifetime_spans_a_suspension(void **state)
{
	struct fixture *fixture = *state;
	struct table *table = &fixture->table;
	dial_and_establish(table, 0, 100, 200);
	table_stalled(table, AT_US(1000000), true);
	dial_and_establish(table, 1, 1000100, 1000200);
	table_closed(table, 0, 0, AT_US(9000200));
	table_closed(table, 1, 0, AT_US(9000200));
	assert_int_equal(fixture->result.stalls.lifetime_apart, 1);
	assert_int_equal(fixture->result.times[TIMES_LIFETIME].count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counters_follow_the_states),
		TEST(times_go_to_their_histograms),
		TEST(a_connection_never_dialed_has_no_time_to_error),
		TEST(a_second_dial_is_timed_from_itself),
		TEST(causes_have_count_first_and_last),
		TEST(occupied_counts_connections_not_what_is_held),
		TEST(a_slot_serves_again_in_a_new_generation),
		TEST(the_most_open_at_once_is_kept),
		TEST(what_ends_before_the_next_is_confirmed_was_there_with_it),
		TEST(an_answer_that_is_retracted_later_was_never_there),
		TEST(how_long_it_lived_makes_its_cause),
		TEST(the_first_rejected_is_the_first_dialled),
		TEST(dials_that_the_kernel_gave_up_are_counted),
		TEST(long_lifetimes_are_told_apart),
		TEST(targets_have_their_tallies_in_turns),
		TEST(times_that_span_a_stall_are_set_apart),
		TEST(lifetimes_that_a_stall_hides_are_set_apart),
		TEST(no_lifetime_spans_a_suspension),
		cmocka_unit_test_setup_teardown(the_armed_are_counted_once, setup, teardown),
		cmocka_unit_test_setup_teardown(long_runs_are_measured, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
