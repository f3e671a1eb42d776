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

#define SLOTS 4

struct server_engine {
	struct connections connections;
	struct server_observer observer;
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

static int close_place(struct server_engine *engine, struct place place, bool answers_fin)
{
	return note(engine, "close", place, answers_fin ? " fin" : "");
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
	.describe = describe,
};

static void on_debug(void *context, const char *line)
{
	struct server_engine *engine = context;
	snprintf(engine->debug, sizeof(engine->debug), "%s", line);
}

static int set_up(void **state)
{
	static struct server_engine engine;
	engine = (struct server_engine){
		.observer = {.context = &engine, .on_debug = on_debug},
	};
	*state = &engine;
	const struct connections_params params = {
		.ops = &ops,
		.engine = &engine,
		.observer = &engine.observer,
		.slots_per_block = SLOTS,
	};
	return connections_init(&engine.connections, &params);
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
	connections_accepted(connections, first);
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
