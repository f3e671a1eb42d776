/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/plan/port_order.h"
#include "tcpgoon/plan/tuples.h"

/* A host that hands out 2000 to 2031. */
static struct ports_policy policy;

static int setup(void **state)
{
	(void)state;
	policy = (struct ports_policy){.automatic_low = 2000, .automatic_high = 2031};
	return 0;
}

static struct port_order order_of(uint16_t low, uint16_t high, bool given, uint32_t random)
{
	const struct port_order_params params = {
		.low = low, .high = high, .given = given, .random = random, .policy = &policy};
	struct port_order order;
	assert_int_equal(port_order_init(&order, &params), 0);
	return order;
}

/* Each port once. */
static void assert_distinct(const struct port_order *order)
{
	struct port_set seen = {0};
	for (uint32_t i = 0; i < order->count; i++) {
		assert_false(port_set_has(&seen, order->list[i]));
		port_set_add(&seen, order->list[i]);
	}
}

static void what_the_host_hands_out_comes_last(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 70; random++) {
		struct port_order order = order_of(1990, 2049, false, random);
		assert_int_equal(order.count, 60);
		assert_int_equal(order.counts[PORT_BAND_OUTSIDE], 28);
		assert_int_equal(order.counts[PORT_BAND_LATE], 16);
		assert_int_equal(order.counts[PORT_BAND_EARLY], 12);
		assert_int_equal(order.counts[PORT_BAND_RESERVE], 4);
		assert_int_equal(order.automatic_count, 32);
		assert_distinct(&order);
		for (uint32_t i = 0; i < order.count; i++) {
			uint16_t port = order.list[i];
			assert_int_equal(port < 2000 || port > 2031, i < 28);
			if (i >= 28) {
				assert_int_equal(port % 2 != 0, i < 44);
				assert_int_equal((port - 2000) % 8 == 0, i >= 56);
			}
		}
		port_order_finish(&order);
	}
}

static void chance_says_where_each_band_begins(void **state)
{
	(void)state;
	struct port_order order = order_of(1990, 2049, false, 29);
	assert_int_equal(order.list[0], 1991); /* 29 % 28 */
	assert_int_equal(order.list[27], 1990);
	assert_int_equal(order.list[28], 2001 + 2 * 13); /* 29 % 16 */
	port_order_finish(&order);
}

static void reserved_and_listening_ports_are_left_out(void **state)
{
	(void)state;
	port_set_add(&policy.reserved, 1999);
	port_set_add(&policy.reserved, 2001);
	port_set_add(&policy.listening, 1995);
	port_set_add(&policy.listening, 2008);
	struct port_order order = order_of(1990, 2049, false, 0);
	assert_int_equal(order.count, 56);
	assert_int_equal(order.automatic_count, 30);
	for (uint32_t i = 0; i < order.count; i++) {
		assert_false(port_set_has(&policy.reserved, order.list[i]));
		assert_false(port_set_has(&policy.listening, order.list[i]));
	}
	port_order_finish(&order);
}

static void given_ports_keep_their_order(void **state)
{
	(void)state;
	port_set_add(&policy.reserved, 2003);
	port_set_add(&policy.listening, 2004);
	struct port_order order = order_of(1998, 2006, true, 5);
	const uint16_t expected[] = {1998, 1999, 2000, 2001, 2002, 2004, 2005, 2006};
	assert_int_equal(order.count, 8);
	assert_int_equal(order.counts[PORT_BAND_OUTSIDE], 8);
	assert_memory_equal(order.list, expected, sizeof(expected));
	port_order_finish(&order);
}

static void a_given_range_that_is_all_reserved_was_reserved_for_it(void **state)
{
	(void)state;
	for (uint16_t port = 2003; port <= 2010; port++) {
		port_set_add(&policy.reserved, port);
	}
	struct port_order order = order_of(2003, 2010, true, 0);
	assert_int_equal(order.count, 8);
	port_order_finish(&order);
	order = order_of(2003, 2011, true, 0);
	assert_int_equal(order.count, 1);
	port_order_finish(&order);
}

static void where_the_range_is_not_known_all_are_alike(void **state)
{
	(void)state;
	policy = (struct ports_policy){0};
	struct port_order order = order_of(1990, 2049, false, 0);
	assert_int_equal(order.counts[PORT_BAND_OUTSIDE], 60);
	assert_int_equal(order.automatic_count, 0);
	port_order_finish(&order);
}

static void nothing_may_be_left(void **state)
{
	(void)state;
	memset(&policy.listening, 0xff, sizeof(policy.listening));
	struct port_order order = order_of(1990, 2049, false, 3);
	assert_int_equal(order.count, 0);
	struct port_order copy;
	assert_int_equal(port_order_copy(&copy, &order), 0);
	port_order_finish(&copy);
	port_order_finish(&order);
}

static const uint32_t one_set[1];

/* All of a band on every source, then the next band: as few ports of the host as can be. */
static void sources_share_the_ports_of_a_band(void **state)
{
	(void)state;
	struct address target;
	struct source_range range = {.count = 3};
	assert_int_equal(address_parse_literal("10.0.0.9", 1992, &target), 0);
	assert_int_equal(address_parse_literal("10.0.0.1", 0, &range.first), 0);
	const struct targets targets = {.list = &target, .count = 1};
	const struct source_set set = {.ranges = &range, .range_count = 1};
	struct port_order order = order_of(1990, 2049, false, 11);
	const struct tuples_params params = {.targets = &targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	assert_int_equal(tuples_capacity(&tuples), 3 * 59);
	struct port_set taken = {0};
	uint32_t count = 0;
	for (uint64_t i = 0; i < 3 * 59; i++) {
		struct tuple tuple = tuples_at(&tuples, i);
		uint16_t port = address_port(&tuple.source);
		assert_int_not_equal(port, 1992);
		assert_int_equal(port >= 2000 && port <= 2031, i >= 3 * 27);
		count += port >= 2000 && port <= 2031 && !port_set_has(&taken, port);
		port_set_add(&taken, port);
		assert_int_equal(tuples_automatic_ports(&tuples, i + 1), count);
	}
	assert_int_equal(tuples_automatic_ports(&tuples, UINT64_MAX), 32);
	tuples_finish(&tuples);
	port_order_finish(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_the_host_hands_out_comes_last, setup),
		cmocka_unit_test_setup(chance_says_where_each_band_begins, setup),
		cmocka_unit_test_setup(reserved_and_listening_ports_are_left_out, setup),
		cmocka_unit_test_setup(given_ports_keep_their_order, setup),
		cmocka_unit_test_setup(
			a_given_range_that_is_all_reserved_was_reserved_for_it, setup),
		cmocka_unit_test_setup(where_the_range_is_not_known_all_are_alike, setup),
		cmocka_unit_test_setup(nothing_may_be_left, setup),
		cmocka_unit_test_setup(sources_share_the_ports_of_a_band, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
