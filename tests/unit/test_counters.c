/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "run/counters.h"
#include "scripted_run.h"
#include "tcpgoon/base/clock.h"

#define MS NSEC_PER_MSEC

struct fixture {
	struct scripted_run *run;
	struct counters counters;
	struct sockdiag_listener listeners[4]; /* by target; of 0 sockets: nobody listens */
	int codes[4]; /* what is wrong instead */
	unsigned looks;
	uint64_t look_ns; /* that each takes */
};

static int find_listener(
	void *context, const struct address *target, struct sockdiag_listener *ret_listener)
{
	struct fixture *fixture = context;
	fixture->looks++;
	fixture->run->script->now_ns += fixture->look_ns;
	size_t i = address_port(target) - RUN_TARGET_PORT;
	if (fixture->codes[i] < 0) {
		return fixture->codes[i];
	}
	*ret_listener = fixture->listeners[i];
	return fixture->listeners[i].sockets > 0 ? 0 : -ENOENT;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	void *run;
	scripted_run_setup(&run);
	fixture->run = run;
	fixture->run->host->context = fixture;
	fixture->run->host->find_listener = find_listener;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	void *run = fixture->run;
	scripted_run_teardown(&run);
	free(fixture);
	return 0;
}

static struct sockdiag_listener listener(
	uint16_t port, uint32_t queued, uint32_t backlog, uint32_t drops)
{
	struct sockdiag_listener made = {.sockets = 1,
		.queued = queued,
		.backlog = backlog,
		.has_drops = true,
		.drops = drops};
	assert_int_equal(address_parse_literal(RUN_TARGET_HOST, port, &made.bound), 0);
	return made;
}

static void begin(struct fixture *fixture, uint64_t targets)
{
	scripted_run_plan(
		fixture->run, &(struct run_layout){.connections = 10, .targets = targets});
	counters_begin(&fixture->counters, &fixture->run->plan.targets, &fixture->run->result);
}

static const struct listener_view *end(struct fixture *fixture)
{
	struct transport *transport = &fixture->run->script->transport;
	counters_end(&fixture->counters, transport, &fixture->run->result);
	return &fixture->run->result.listener;
}

static void a_listener_is_compared_with_itself(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 3, 10, 100);
	begin(fixture, 1);
	fixture->listeners[0] = listener(80, 7, 11, 140);
	const struct listener_view *view = end(fixture);
	assert_true(view->here && view->known && view->known_at_start && view->known_at_end);
	assert_false(view->look_failed);
	assert_int_equal(view->backlog, 11);
	assert_int_equal(view->queued_at_start, 3);
	assert_int_equal(view->queued_at_end, 7);
	assert_int_equal(view->queued_most, 7);
	assert_int_equal(view->dropped, 40);
	assert_int_equal(view->listened_at_end, 1);
}

static void a_counter_of_drops_may_wrap_around(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 0, 10, UINT32_MAX - 1);
	begin(fixture, 1);
	fixture->listeners[0] = listener(80, 0, 10, 3);
	assert_int_equal(end(fixture)->dropped, 5);
}

static void where_nobody_listens_nothing_is_known(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 1);
	const struct listener_view *view = end(fixture);
	assert_true(view->here);
	assert_false(view->known || view->known_at_start || view->known_at_end);
	assert_true(view->dropped == RESULT_UNKNOWN);
}

static void of_another_host_nothing_is_looked_for(void **state)
{
	struct fixture *fixture = *state;
	fixture->codes[0] = -EADDRNOTAVAIL;
	begin(fixture, 1);
	const struct listener_view *view = end(fixture);
	assert_false(view->here || view->known || view->look_failed);
}

static void a_look_that_fails_is_told(void **state)
{
	struct fixture *fixture = *state;
	fixture->codes[0] = -ENOBUFS;
	begin(fixture, 1);
	assert_true(end(fixture)->look_failed);
}

static void a_listener_that_left_is_told_by_its_first_look(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 3, 10, 100);
	begin(fixture, 1);
	fixture->listeners[0].sockets = 0;
	const struct listener_view *view = end(fixture);
	assert_true(view->known && view->known_at_start);
	assert_false(view->known_at_end);
	assert_int_equal(view->backlog, 10);
	assert_int_equal(view->listened_at_end, 0);
	assert_true(view->dropped == RESULT_UNKNOWN);
}

static void one_that_does_not_tell_its_drops_has_none_known(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 0, 10, 0);
	fixture->listeners[0].has_drops = false;
	begin(fixture, 1);
	assert_true(end(fixture)->dropped == RESULT_UNKNOWN);
}

static void of_several_the_one_that_dropped_the_most_is_shown(void **state)
{
	struct fixture *fixture = *state;
	for (uint16_t i = 0; i < 3; i++) {
		fixture->listeners[i] = listener((uint16_t)(80 + i), 0, 100, 0);
	}
	begin(fixture, 4);
	fixture->listeners[0] = listener(80, 100, 100, 5);
	fixture->listeners[1] = listener(81, 1, 100, 20);
	fixture->listeners[2] = listener(82, 50, 100, 1);
	const struct listener_view *view = end(fixture);
	assert_int_equal(view->target, 1);
	assert_int_equal(view->queued_at_end, 1);
	assert_int_equal(view->dropped, 26); /* of all */
	assert_int_equal(view->listened_at_end, 0x7);
}

static void where_none_dropped_it_is_the_fullest_for_its_size(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 3);
	fixture->listeners[0] = listener(80, 50, 1000, 0);
	fixture->listeners[1] = listener(81, 9, 10, 0);
	fixture->listeners[2] = listener(82, 60, 100, 0);
	assert_int_equal(end(fixture)->target, 1);
}

/* A wildcard listens for all targets: what it dropped counts once. */
static void a_listener_that_targets_share_counts_once(void **state)
{
	struct fixture *fixture = *state;
	for (uint16_t i = 0; i < 3; i++) {
		fixture->listeners[i] = listener(80, 0, 100, 10);
	}
	fixture->listeners[2] = listener(82, 0, 100, 10);
	begin(fixture, 3);
	for (size_t i = 0; i < 3; i++) {
		fixture->listeners[i].drops = 15;
	}
	assert_int_equal(end(fixture)->dropped, 5 + 5);
}

/* During the hold, and again while anything waits. */
static void a_queue_is_looked_at_as_long_as_something_waits(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 0, 100, 0);
	begin(fixture, 1);
	counters_look_at_queues(&fixture->counters, at_ms(100));
	assert_true(fixture->counters.next_look_ns == CLOCK_NEVER);
	fixture->listeners[0].queued = 40;
	counters_look_at_queues(&fixture->counters, at_ms(100));
	assert_int_equal(fixture->counters.next_look_ns, at_ms(1100));
}

static void a_server_that_is_at_it_has_accepted_since_the_last_look(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 90, 100, 0);
	begin(fixture, 1);
	counters_look_at_queues(&fixture->counters, at_ms(100));
	fixture->listeners[0].queued = 60;
	fixture->run->script->now_ns = at_ms(2100);
	const struct listener_view *view = end(fixture);
	assert_int_equal(view->drained, 30);
	assert_int_equal(view->drained_for_ns, 2000 * MS);
}

static void a_look_of_just_now_tells_nothing_of_that(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 90, 100, 0);
	begin(fixture, 1);
	counters_look_at_queues(&fixture->counters, at_ms(100));
	fixture->listeners[0].queued = 100;
	counters_look_at_queues(&fixture->counters, at_ms(1100));
	fixture->run->script->now_ns = at_ms(1300);
	const struct listener_view *view = end(fixture);
	assert_int_equal(view->drained, -10); /* since the one before */
	assert_int_equal(view->drained_for_ns, 1200 * MS);
}

static void an_empty_queue_has_nothing_to_be_drained(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 90, 100, 0);
	begin(fixture, 1);
	counters_look_at_queues(&fixture->counters, at_ms(100));
	fixture->listeners[0].queued = 0;
	fixture->run->script->now_ns = at_ms(2100);
	assert_int_equal(end(fixture)->drained_for_ns, 0);
}

static void samples_look_ten_times_a_second(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 4, 100, 0);
	begin(fixture, 1);
	uint64_t start_ns = fixture->run->script->now_ns;
	fixture->listeners[0].queued = 9;
	fixture->looks = 0;
	assert_int_equal(counters_queued(&fixture->counters, start_ns), 4); /* seen before */
	assert_int_equal(fixture->looks, 0);
	for (uint64_t ms = 1; ms <= 1000; ms++) {
		counters_queued(&fixture->counters, start_ns + ms * MS);
	}
	assert_int_equal(fixture->looks, 10);
	assert_int_equal(counters_queued(&fixture->counters, start_ns + 1001 * MS), 9);
}

static void looks_that_take_long_are_made_less_often(void **state)
{
	struct fixture *fixture = *state;
	fixture->listeners[0] = listener(80, 4, 100, 0);
	begin(fixture, 1);
	fixture->look_ns = 10 * MS;
	uint64_t now_ns = fixture->run->script->now_ns + 100 * MS;
	counters_queued(&fixture->counters, now_ns);
	assert_int_equal(fixture->counters.watch_ns, now_ns + 10000 * MS);
}

static void samples_add_up_the_queues_each_once(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < 2; i++) {
		fixture->listeners[i] = listener(80, 3, 100, 0); /* a wildcard for both */
	}
	fixture->listeners[2] = listener(82, 5, 100, 0);
	begin(fixture, 4);
	assert_int_equal(counters_queued(&fixture->counters, 0), 8);
	fixture->looks = 0;
	fixture->listeners[2].queued = 50;
	assert_int_equal(counters_queued(&fixture->counters, fixture->counters.watch_ns), 53);
	assert_int_equal(fixture->looks, 2); /* nor at the target on which nobody listens */
	fixture->codes[2] = -ENOBUFS;
	assert_true(
		counters_queued(&fixture->counters, fixture->counters.watch_ns) == RESULT_UNKNOWN);
}

static void without_a_listener_samples_do_not_look(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 1);
	fixture->looks = 0;
	assert_true(counters_queued(&fixture->counters, at_ms(5000)) == RESULT_UNKNOWN);
	assert_int_equal(fixture->looks, 0);
}

static void the_resolution_is_the_mean_of_what_was_not_seen(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture, 1);
	counters_add_window(&fixture->counters, 10 * NSEC_PER_USEC);
	counters_add_window(&fixture->counters, 40 * NSEC_PER_USEC);
	end(fixture);
	assert_int_equal(fixture->run->result.generator.resolution_us, 25);
}

static void the_wait_for_a_processor_is_the_scheduler_s(void **state)
{
	static const struct host_file before[] = {
		{"/proc/self/schedstat", "1000 500 7\n"}, {NULL, NULL}};
	static const struct host_file after[] = {
		{"/proc/self/schedstat", "9000 4500 9\n"}, {NULL, NULL}};
	static const struct host_file none[] = {{"/proc/self/schedstat", NULL}, {NULL, NULL}};
	struct fixture *fixture = *state;
	fixture->run->host->files = before;
	begin(fixture, 1);
	fixture->run->host->files = after;
	counters_end_dialling(&fixture->counters, &fixture->run->result);
	assert_int_equal(fixture->run->result.generator.cpu_wait_ns, 4000);
	fixture->run->host->files = none;
	counters_end_dialling(&fixture->counters, &fixture->run->result);
	assert_true(fixture->run->result.generator.cpu_wait_ns == RESULT_UNKNOWN);
}

static void without_its_counters_a_host_has_added_nothing(void **state)
{
	struct fixture *fixture = *state;
	fixture->run->host->counters_code = -EACCES;
	begin(fixture, 1);
	fixture->run->host->counters_code = 0;
	end(fixture);
	assert_true(fixture->run->result.network.values[NETSTAT_TIME_WAITS] == NETSTAT_ABSENT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_listener_is_compared_with_itself),
		CASE(a_counter_of_drops_may_wrap_around),
		CASE(where_nobody_listens_nothing_is_known),
		CASE(of_another_host_nothing_is_looked_for),
		CASE(a_look_that_fails_is_told),
		CASE(a_listener_that_left_is_told_by_its_first_look),
		CASE(one_that_does_not_tell_its_drops_has_none_known),
		CASE(of_several_the_one_that_dropped_the_most_is_shown),
		CASE(where_none_dropped_it_is_the_fullest_for_its_size),
		CASE(a_listener_that_targets_share_counts_once),
		CASE(a_queue_is_looked_at_as_long_as_something_waits),
		CASE(a_server_that_is_at_it_has_accepted_since_the_last_look),
		CASE(a_look_of_just_now_tells_nothing_of_that),
		CASE(an_empty_queue_has_nothing_to_be_drained),
		CASE(samples_look_ten_times_a_second),
		CASE(looks_that_take_long_are_made_less_often),
		CASE(samples_add_up_the_queues_each_once),
		CASE(without_a_listener_samples_do_not_look),
		CASE(the_resolution_is_the_mean_of_what_was_not_seen),
		CASE(the_wait_for_a_processor_is_the_scheduler_s),
		CASE(without_its_counters_a_host_has_added_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
