/* SPDX-License-Identifier: MIT */
/* The rules on what became of those that were up. */
#include "diagnose_fixture.h"

/* Dialled `apart_ms` from each other, each closed `lifetime_ms` after it was established. */
static void close_each_after(
	struct fixture *fixture, unsigned count, uint64_t apart_ms, uint64_t lifetime_ms)
{
	for (unsigned i = 0; i < count; i++) {
		drop(fixture, CAUSE_CLOSED_BY_PEER, i * apart_ms + lifetime_ms, lifetime_ms);
	}
}

/* Dialled `apart_ms` from each other, all closed at `at_ms`. */
static void close_all_at(struct fixture *fixture, unsigned count, uint64_t apart_ms, uint64_t at_ms)
{
	for (unsigned i = 0; i < count; i++) {
		drop(fixture, CAUSE_CLOSED_BY_PEER, at_ms, at_ms - i * apart_ms);
	}
}

static void idle_timeout(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 500);
	close_each_after(fixture, 412, 10, 60000);
	assert_only(fixture, "idle_timeout", 412,
		"412 of 500 connections were closed 60.0 s after they were established: an idle timeout.");
	assert_null(strstr(fixture->findings.list[0].hint, "restart"));
}

/* Lifetimes beyond an hour are measured, not cut off, and the median is none of their ends. */
static void an_idle_timeout_of_two_hours(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 50);
	close_each_after(fixture, 50, 10, 7200 * 1000);
	assert_only(fixture, "idle_timeout", 50,
		"50 of 50 connections were closed 7200 s after they were established: an idle timeout.");
}

static void lifetimes_from_one_hour_to_three_are_scattered(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 54);
	for (unsigned i = 0; i < 54; i++) {
		drop(fixture, CAUSE_CLOSED_BY_PEER, 4000000 + i * 100000, 4000000 + i * 100000);
	}
	assert_no(fixture, "idle_timeout");
	assert_non_null(find(fixture, "dropped_while_held"));
}

/* Each makes room for the next: under a steady pace all become equally old. */
static void a_server_that_closes_its_oldest(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 300);
	close_each_after(fixture, 194, 20, 2220);
	result->max_concurrent = 128;
	result->generator.last_dial_ns = 299 * 20 * NSEC_PER_MSEC;
	/* The run ends before those that are left are any older. */
	result->duration_ns = result->generator.last_dial_ns + NSEC_PER_SEC;
	assert_int_equal(find(fixture, "idle_timeout")->count, 194);
	assert_non_null(strstr(find(fixture, "idle_timeout")->hint, "closes its oldest"));
	result->duration_ns = result->generator.last_dial_ns + 12 * NSEC_PER_SEC;
	assert_only(fixture, "oldest_closed", 194,
		"194 of 300 connections were closed at an age of about 2.22 s while others were "
		"dialled, and none after the last dial: the 106 that were left stayed "
		"open for 12.0 s.");
}

/* At full speed the first are closed at once, and not the last, as a limit would have it. */
static void a_server_that_closes_its_oldest_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 300);
	for (unsigned i = 0; i < 182; i++) {
		drop(fixture, CAUSE_CLOSED_AT_ONCE, 2 + i / 100, 2);
	}
	result->max_concurrent = 128;
	result->first_rejected = 0;
	result->last_rejected = 299; /* some of the last as well */
	assert_no(fixture, "oldest_closed");
	assert_non_null(find(fixture, "closed_at_once"));
	result->last_rejected = 183;
	assert_only(fixture, "oldest_closed", 182,
		"The first 182 of 300 connections were ended within 500 ms; the 118 "
		"dialled after them stayed open.");
}

/* As behind a balancer with two servers, one of which has no such timeout. */
static void an_idle_timeout_of_some(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 200);
	close_each_after(fixture, 100, 20, 10000);
	result->generator.last_dial_ns = 4 * NSEC_PER_SEC;
	result->duration_ns = 40 * NSEC_PER_SEC;
	assert_only(fixture, "idle_timeout", 100,
		"100 of 200 connections were closed 10.0 s after they were established, while 100 are older "
		"and still open: an idle timeout.");
}

static void an_idle_timeout_that_no_restart_makes(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	close_each_after(fixture, 100, 9, 2000); /* all within a second, yet one after the other */
	assert_only(fixture, "idle_timeout", 100,
		"100 of 100 connections were closed 2.00 s after they were established: an idle timeout.");
	assert_null(strstr(fixture->findings.list[0].hint, "restart"));
}

static void too_few_are_no_cluster(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 500);
	close_each_after(fixture, 4, 2000, 60000);
	assert_no(fixture, "idle_timeout");
	drop(fixture, CAUSE_CLOSED_BY_PEER, 68000, 60000);
	assert_int_equal(find(fixture, "idle_timeout")->count, 5);
}

static void scattered_lifetimes_are_no_cluster(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 500);
	for (unsigned i = 0; i < 50; i++) {
		drop(fixture, CAUSE_RESET_BY_PEER, 10000 + i * 1000, 10000 + i * 1000);
	}
	assert_only(fixture, "dropped_while_held", 50,
		"50 of 500 connections were dropped (0 closed, 50 reset), the first 10.0 s into "
		"the run, half of them within 34.0 s of being established.");
}

static void nobody_has_so_short_an_idle_timeout(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 500);
	close_each_after(fixture, 100, 20, 900);
	assert_no(fixture, "idle_timeout");
	assert_non_null(find(fixture, "dropped_while_held"));
}

static void idle_timeout_of_a_burst(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	listen_here(fixture, 128);
	/* A coarse timer: the ends lie closer together than the lifetimes, but it still listens. */
	close_all_at(fixture, 100, 1, 2000);
	assert_int_equal(find(fixture, "idle_timeout")->count, 100);
	assert_no(fixture, "server_went_away");
	assert_non_null(strstr(find(fixture, "idle_timeout")->hint, "restart"));
	leave(fixture);
	assert_no(fixture, "idle_timeout");
}

static void server_went_away(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	close_all_at(fixture, 100, 10, 2510);
	/* Seen from afar: the ends lie closer together than the lifetimes. */
	assert_only(fixture, "server_went_away", 100,
		"100 of 100 connections ended together, 2.51 s into the run and within less than 1 ms.");
	listen_here(fixture, 128);
	leave(fixture);
	assert_only(fixture, "server_went_away", 100,
		"100 of 100 connections ended together, 2.51 s into the run and within less "
		"than 1 ms, and nothing listens there any more.");
}

static void a_server_that_restarted(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	listen_here(fixture, 128);
	close_all_at(fixture, 100, 100, 20000); /* lifetimes from 10 s to 20 s */
	assert_int_equal(find(fixture, "server_went_away")->count, 100);
	assert_int_equal(fixture->findings.count, 1);
}

static void a_server_that_stayed(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	close_all_at(fixture, 89, 100, 20000); /* the others are still there */
	assert_no(fixture, "server_went_away");
	close_all_at(fixture, 1, 0, 20000);
	assert_int_equal(find(fixture, "server_went_away")->count, 90);
	drop(fixture, CAUSE_CLOSED_BY_PEER, 21001, 11000); /* a second later */
	assert_no(fixture, "server_went_away");
}

static void silent(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 10);
	assert_nothing(fixture);
	drop(fixture, CAUSE_SILENT, 60000, 60000);
	assert_only(fixture, "silent", 1,
		"1 of 10 connections went silent: data sent on it was not answered.");
}

static void dropped_while_held(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 10);
	drop(fixture, CAUSE_CLOSED_AT_ONCE, 10, 3); /* another matter */
	assert_no(fixture, "dropped_while_held");
	drop(fixture, CAUSE_CLOSED_BY_PEER, 5000, 4500);
	assert_finding(fixture, "dropped_while_held", 1,
		"1 of 10 connections was dropped (1 closed, 0 reset), 5.00 s into the run, "
		"4.50 s after it was established.");
}

static void what_a_stall_hides_is_no_instant(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	close_all_at(fixture, 100, 0, 2510);
	fixture->result.stalls.lifetime_apart = 100;
	histogram_reset(&fixture->result.times[TIMES_LIFETIME]);
	assert_no(fixture, "server_went_away");
	assert_finding(fixture, "dropped_while_held", 100,
		"100 of 100 connections were dropped (100 closed, 0 reset), when is not "
		"known, because this program was stalled.");
	/* Unless the listener is seen to be gone. */
	listen_here(fixture, 128);
	leave(fixture);
	assert_int_equal(find(fixture, "server_went_away")->count, 100);
}

static void fin_unanswered(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 200);
	assert_no(fixture, "fin_unanswered"); /* not known */
	result->closing = (struct closing_view){.closed = 200,
		.acknowledged = 190,
		.undetermined = 10,
		.waited_ns = 2 * NSEC_PER_SEC};
	assert_nothing(fixture);
	result->closing.acknowledged = 50;
	result->closing.unanswered = 140;
	assert_only(fixture, "fin_unanswered", 140,
		"140 of 200 connections still open here did not answer when they were "
		"closed: their retransmitted FINs were unanswered after 2.00 s.");
	/* Where nobody asked that they stay, perhaps only the FINs are dropped. */
	assert_int_equal(fixture->findings.list[0].weight, FINDING_REMARK);
	result->held = true;
	assert_int_equal(find(fixture, "fin_unanswered")->weight, FINDING_FAILURE);
}

static void reset_while_closing(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 200);
	fixture->result.closing =
		(struct closing_view){.closed = 200, .acknowledged = 190, .reset = 10};
	assert_only(fixture, "reset_while_closing", 10,
		"10 of 200 connections closed with a FIN still ended in a RST.");
	assert_int_equal(fixture->findings.list[0].weight, FINDING_REMARK);
	fixture->result.closing.reset = RESULT_UNKNOWN;
	assert_nothing(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(idle_timeout),
		TEST(an_idle_timeout_of_two_hours),
		TEST(lifetimes_from_one_hour_to_three_are_scattered),
		TEST(a_server_that_closes_its_oldest),
		TEST(a_server_that_closes_its_oldest_at_once),
		TEST(an_idle_timeout_of_some),
		TEST(an_idle_timeout_that_no_restart_makes),
		TEST(too_few_are_no_cluster),
		TEST(scattered_lifetimes_are_no_cluster),
		TEST(nobody_has_so_short_an_idle_timeout),
		TEST(idle_timeout_of_a_burst),
		TEST(server_went_away),
		TEST(a_server_that_restarted),
		TEST(a_server_that_stayed),
		TEST(silent),
		TEST(dropped_while_held),
		TEST(what_a_stall_hides_is_no_instant),
		TEST(fin_unanswered),
		TEST(reset_while_closing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
