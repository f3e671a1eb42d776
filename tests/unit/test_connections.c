/* SPDX-License-Identifier: MIT */
/* The engine is this file's own: it writes down what is asked of it, and does nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/connections.h"
#include "tcpgoon/base/clock.h"

#define SLOTS 4

struct server_engine {
	struct connections connections;
	struct server_observer observer;
	struct behaviour behaviour;
	char asked[1024]; /* "stop 0.3, close 0.3 fin, " */
	char debug[256]; /* the last line */
};

static int note(
	struct server_engine *engine, const char *what, struct place place, const char *detail)
{
	size_t used = strlen(engine->asked);
	snprintf(engine->asked + used, sizeof(engine->asked) - used, "%s %u.%u%s, ", what,
		(unsigned)place.block, (unsigned)place.slot, detail);
	return 0;
}

static int stop(struct server_engine *engine, struct place place)
{
	return note(engine, "stop", place, "");
}

static int half_close(struct server_engine *engine, struct place place)
{
	return note(engine, "half-close", place, "");
}

static int close_place(struct server_engine *engine, struct place place, enum connection_close how)
{
	static const char *const words[] = {
		[CLOSE_PLAIN] = "",
		[CLOSE_ANSWERS_FIN] = " fin",
		[CLOSE_DROPPING] = " dropping",
		[CLOSE_BY_RESET] = " rst",
	};
	return note(engine, "close", place, words[how]);
}

static int reorder(struct server_engine *engine, struct place place)
{
	return note(engine, "reorder", place, "");
}

static int go_on(struct server_engine *engine, struct place place, bool ready)
{
	return note(engine, "go on", place, ready ? " ready" : "");
}

static void describe(struct place place, char text[CONNECTION_WORDS_MAX])
{
	snprintf(text, CONNECTION_WORDS_MAX, "place %u.%u", (unsigned)place.block,
		(unsigned)place.slot);
}

static const struct connection_ops ops = {
	.stop = stop,
	.half_close = half_close,
	.close = close_place,
	.reorder = reorder,
	.go_on = go_on,
	.describe = describe,
};

static void on_debug(void *context, const char *line)
{
	struct server_engine *engine = context;
	snprintf(engine->debug, sizeof(engine->debug), "%s", line);
}

static int set_up_behaving(void **state, const struct behaviour *behaviour)
{
	static struct server_engine engine;
	engine = (struct server_engine){
		.observer = {.context = &engine, .on_debug = on_debug},
		.behaviour = *behaviour,
	};
	*state = &engine;
	const struct connections_params params = {
		.ops = &ops,
		.engine = &engine,
		.observer = &engine.observer,
		.behaviour = &engine.behaviour,
		.slots_per_block = SLOTS,
	};
	int r = connections_init(&engine.connections, &params);
	engine.connections.now_ns = NSEC_PER_SEC;
	return r;
}

static int set_up(void **state)
{
	return set_up_behaving(state, &(const struct behaviour){0});
}

static int set_up_refusing(void **state)
{
	const struct behaviour behaviour = {
		.given = 1 << BEHAVE_REFUSE_ABOVE,
		.value = {[BEHAVE_REFUSE_ABOVE] = 1},
	};
	return set_up_behaving(state, &behaviour);
}

static int set_up_recycling(void **state)
{
	const struct behaviour behaviour = {
		.given = 1 << BEHAVE_RECYCLE_OLDEST | 1 << BEHAVE_RESET_AFTER,
		.value = {[BEHAVE_RECYCLE_OLDEST] = 2, [BEHAVE_RESET_AFTER] = NSEC_PER_SEC},
	};
	return set_up_behaving(state, &behaviour);
}

static int set_up_talking(void **state)
{
	const struct behaviour behaviour = {
		.given = 1 << BEHAVE_ECHO | 1 << BEHAVE_BANNER | 1 << BEHAVE_SILENT_AFTER,
		.value = {[BEHAVE_SILENT_AFTER] = NSEC_PER_SEC},
		.banner = "hello",
		.banner_length = 5,
	};
	return set_up_behaving(state, &behaviour);
}

static int set_up_slow(void **state)
{
	const struct behaviour behaviour = {
		.given = 1 << BEHAVE_SLOW_READ | 1 << BEHAVE_CLOSE_AFTER,
		.value = {[BEHAVE_SLOW_READ] = 50, [BEHAVE_CLOSE_AFTER] = NSEC_PER_SEC},
	};
	return set_up_behaving(state, &behaviour);
}

static int tear_down(void **state)
{
	struct server_engine *engine = *state;
	connections_finish(&engine->connections);
	return 0;
}

static void assert_asked(struct server_engine *engine, const char *expected)
{
	assert_string_equal(engine->asked, expected);
	engine->asked[0] = '\0';
}

static const struct place first = {.block = 0, .slot = 0};
static const struct place second = {.block = 0, .slot = 1};

static void totals_follow_each_connection(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	assert_int_equal(connections_accepted(connections, first), 0);
	assert_string_equal(engine->debug, "accepted: place 0.0, 1 open");
	connections_accepted(connections, second);
	assert_int_equal(connections_received(connections, first, 100), 0);
	assert_true(connections_hold(connections, first));
	assert_int_equal(connections_received(connections, first, -EAGAIN), 0);
	assert_true(connections_hold(connections, first));
	assert_asked(engine, "");

	assert_int_equal(connections_received(connections, first, 0), 0);
	assert_string_equal(engine->debug, "closed by peer: place 0.0, 1 open");
	assert_false(connections_hold(connections, first));
	assert_int_equal(connections_ended(connections, second, -ECONNRESET), 0);
	assert_string_equal(engine->debug, "reset by peer: place 0.1, 0 open");
	assert_asked(engine, "close 0.0 fin, close 0.1, ");

	const struct server_totals *totals = &connections->totals;
	assert_int_equal(totals->accepted, 2);
	assert_int_equal(totals->max_open, 2);
	assert_int_equal(totals->open, 0);
	assert_int_equal(totals->closed_by_peer, 1);
	assert_int_equal(totals->reset_by_peer, 1);
	assert_int_equal(totals->received_bytes, 100);
}

static void a_place_is_free_when_it_is_released(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_ended(connections, first, 0);
	assert_int_equal(connections_free_slots(connections, 0), SLOTS - 1);
	connections_released(connections, first);
	assert_int_equal(connections_free_slots(connections, 0), SLOTS);
	assert_int_equal(connections->used_in_all, 0);
	connections_accepted(connections, first);
	assert_int_equal(connections->totals.max_open, 1);
}

static void closing_goes_from_the_highest_place_down(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	assert_int_equal(connections_add_block(connections), 0);
	connections_accepted(connections, (struct place){.block = 1, .slot = 2});
	connections_accepted(connections, first);
	connections_accepted(connections, (struct place){.block = 0, .slot = 3});
	connections_begin_closing(connections);
	assert_int_equal(connections_close_some(connections), 0);
	assert_asked(engine, "stop 1.2, stop 0.3, stop 0.0, ");
	assert_int_equal(connections->walk_left, 0);

	/* That the watch has ended for us is nobody's close or reset. */
	connections_ended(connections, first, -ECANCELED);
	assert_asked(engine, "close 0.0, ");
	assert_int_equal(connections->totals.closed_by_peer, 0);
	assert_int_equal(connections->totals.reset_by_peer, 0);
}

static void who_has_sent_data_has_our_fin_and_time_for_his(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_received(connections, first, 10);
	connections_begin_closing(connections);
	connections_close_some(connections);
	assert_asked(engine, "half-close 0.0, ");
	assert_int_equal(connections->half_closed, 1);

	connections_received(connections, first, 10);
	connections_received(connections, first, -EAGAIN);
	assert_true(connections_hold(connections, first));
	assert_asked(engine, "");
	connections_received(connections, first, 0);
	assert_asked(engine, "close 0.0 fin, ");
	assert_int_equal(connections->half_closed, 0);
	assert_int_equal(connections->totals.received_bytes, 20);
}

static void data_that_come_while_it_is_stopped_count_too(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_accepted(connections, second);
	connections_begin_closing(connections);
	connections_close_some(connections);
	assert_asked(engine, "stop 0.1, stop 0.0, ");
	connections_received(connections, second, 10);
	assert_asked(engine, "half-close 0.1, ");
	assert_true(connections_hold(connections, second));
	/* Where nothing came, there is nothing to wait for. */
	connections_received(connections, first, -EAGAIN);
	assert_asked(engine, "close 0.0, ");
}

static void who_still_sends_when_time_is_up_is_cut_off(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_received(connections, first, 10);
	connections_begin_closing(connections);
	connections_close_some(connections);
	assert_asked(engine, "half-close 0.0, ");
	connections_cut(connections);
	connections_close_some(connections);
	assert_asked(engine, "stop 0.0, ");
	connections_received(connections, first, 10);
	assert_asked(engine, "close 0.0, ");
	assert_int_equal(connections->half_closed, 0);
	assert_int_equal(connections->totals.reset_by_peer, 0);
}

static void assert_order(
	struct server_engine *engine, struct place place, bool ready, enum connection_act act)
{
	assert_int_equal(connections_order(&engine->connections, place, ready).act, act);
}

static void without_a_behaviour_data_are_dropped(void **state)
{
	struct server_engine *engine = *state;
	connections_accepted(&engine->connections, first);
	assert_order(engine, first, false, ACT_WATCH_INPUT);
	assert_order(engine, first, true, ACT_RECEIVE);
	assert_int_equal(connections_order(&engine->connections, first, true).size, 0);
	assert_order(engine, second, true, ACT_NOTHING);
	assert_int_equal(connections_due_ns(&engine->connections), CLOCK_NEVER);
	assert_int_equal(connections_turn(&engine->connections), 0);
	assert_asked(engine, "");
}

static void above_the_limit_they_are_refused(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_accepted(connections, second);
	assert_asked(engine, "close 0.1 rst, ");
	assert_false(connections_hold(connections, second));
	assert_int_equal(connections->used_in_all, 2);
	connections_released(connections, second);
	connections_ended(connections, first, 0);
	connections_accepted(connections, second);
	assert_asked(engine, "close 0.0 fin, ");
	assert_true(connections_hold(connections, second));
	assert_int_equal(connections->totals.accepted, 3);
	assert_int_equal(connections->totals.refused, 1);
	assert_int_equal(connections->totals.max_open, 1);
}

static void each_end_is_counted_once(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		connections_accepted(connections, (struct place){.block = 0, .slot = slot});
	}
	assert_int_equal(connections_turn(connections), 0);
	assert_asked(engine, "stop 0.0, stop 0.1, ");
	connections_ended(connections, first, -ECANCELED);
	connections_received(connections, second, 0); /* its peer was faster */
	assert_asked(engine, "close 0.0 dropping, close 0.1 fin, ");
	connections->now_ns += NSEC_PER_SEC;
	assert_true(connections_due_ns(connections) <= connections->now_ns);
	assert_int_equal(connections_turn(connections), 0);
	assert_asked(engine, "stop 0.2, stop 0.3, ");
	connections_received(connections, (struct place){.block = 0, .slot = 2}, 10);
	connections_received(connections, (struct place){.block = 0, .slot = 3}, -ECONNRESET);
	assert_asked(engine, "close 0.2 rst, close 0.3, ");
	const struct server_totals *totals = &connections->totals;
	assert_int_equal(totals->recycled, 1);
	assert_int_equal(totals->closed_by_peer, 1);
	assert_int_equal(totals->reset_by_us, 1);
	assert_int_equal(totals->reset_by_peer, 1);
	assert_int_equal(totals->closed_by_us, 0);
	assert_int_equal(totals->open, 0);
}

static void a_banner_is_sent_first_and_whole(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	struct connection_order order = connections_order(connections, first, false);
	assert_int_equal(order.act, ACT_SEND);
	assert_memory_equal(order.data, "hello", order.size);
	assert_int_equal(order.size, 5);
	connections_sent(connections, first, 3);
	assert_order(engine, first, false, ACT_WATCH_OUTPUT);
	order = connections_order(connections, first, true);
	assert_int_equal(order.act, ACT_SEND);
	assert_int_equal(order.size, 2);
	assert_memory_equal(order.data, "lo", 2);
	connections_sent(connections, first, -EAGAIN);
	assert_order(engine, first, false, ACT_WATCH_OUTPUT);
	connections_sent(connections, first, 2);
	assert_order(engine, first, false, ACT_WATCH_INPUT);
	assert_order(engine, first, true, ACT_ECHO);
	assert_int_equal(connections->totals.sent_bytes, 5);
	/* The next connection in its place has a banner of its own. */
	connections_ended(connections, first, 0);
	connections_released(connections, first);
	connections_accepted(connections, first);
	assert_int_equal(connections_order(connections, first, false).size, 5);
}

static void who_does_not_read_is_not_read_from(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_sent(connections, first, 5);
	connections_echoed(connections, first, 60, 100);
	connections_received(connections, first, 60);
	assert_order(engine, first, false, ACT_WATCH_OUTPUT);
	assert_order(engine, first, true, ACT_ECHO);
	connections_echoed(connections, first, 40, 40);
	connections_received(connections, first, 40);
	assert_order(engine, first, false, ACT_WATCH_INPUT);
	assert_int_equal(connections->totals.sent_bytes, 105);
	assert_int_equal(connections->totals.received_bytes, 100);
	connections_echoed(connections, first, -EPIPE, 10);
	assert_int_equal(connections->totals.reset_by_peer, 1);
	assert_asked(engine, "close 0.0, ");
}

static void the_silent_are_watched_for_a_reset_only(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections->now_ns += NSEC_PER_SEC;
	connections_turn(connections);
	assert_asked(engine, "reorder 0.0, ");
	assert_order(engine, first, false, ACT_WATCH_END); /* its banner is not sent any more */
	assert_order(engine, first, true, ACT_RECEIVE);
	assert_true(connections_are_silent(connections, first));
	assert_int_equal(connections->totals.silenced, 1);
	connections_received(connections, first, -ECONNRESET);
	assert_int_equal(connections->totals.reset_by_peer, 1);
	assert_asked(engine, "close 0.0, ");
}

static void a_slow_reader_pauses(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	assert_int_equal(connections_order(connections, first, true).size, 5);
	connections_received(connections, first, 5);
	assert_order(engine, first, false, ACT_NOTHING);
	assert_order(engine, first, true, ACT_NOTHING);
	connections->now_ns += NSEC_PER_SEC / 10;
	connections_turn(connections);
	assert_asked(engine, "go on 0.0 ready, ");
	assert_order(engine, first, true, ACT_RECEIVE);
	connections_received(connections, first, 5);
	/* Nothing is in flight, so it can be closed at once. */
	connections->now_ns += NSEC_PER_SEC;
	connections_turn(connections);
	assert_asked(engine, "close 0.0 dropping, ");
	assert_int_equal(connections->totals.closed_by_us, 1);
	assert_int_equal(connections_due_ns(connections), CLOCK_NEVER);
}

static void the_end_of_the_server_waits_for_no_pause(void **state)
{
	struct server_engine *engine = *state;
	struct connections *connections = &engine->connections;
	connections_accepted(connections, first);
	connections_accepted(connections, second);
	connections_received(connections, first, 5);
	connections_begin_closing(connections);
	connections_close_some(connections);
	assert_asked(engine, "stop 0.1, half-close 0.0, go on 0.0 ready, ");
	assert_int_equal(connections_order(connections, first, true).size, 0);
	connections_received(connections, first, 1000);
	assert_order(engine, first, false, ACT_WATCH_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(totals_follow_each_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_place_is_free_when_it_is_released, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			closing_goes_from_the_highest_place_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_has_sent_data_has_our_fin_and_time_for_his, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			data_that_come_while_it_is_stopped_count_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_still_sends_when_time_is_up_is_cut_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_a_behaviour_data_are_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			above_the_limit_they_are_refused, set_up_refusing, tear_down),
		cmocka_unit_test_setup_teardown(
			each_end_is_counted_once, set_up_recycling, tear_down),
		cmocka_unit_test_setup_teardown(
			a_banner_is_sent_first_and_whole, set_up_talking, tear_down),
		cmocka_unit_test_setup_teardown(
			who_does_not_read_is_not_read_from, set_up_talking, tear_down),
		cmocka_unit_test_setup_teardown(
			the_silent_are_watched_for_a_reset_only, set_up_talking, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_reader_pauses, set_up_slow, tear_down),
		cmocka_unit_test_setup_teardown(
			the_end_of_the_server_waits_for_no_pause, set_up_slow, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
