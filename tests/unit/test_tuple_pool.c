/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/tuple_pool.h"

#define SLOTS 4
#define PORTS 3 /* of each of two sources */

struct fixture {
	struct plan plan;
	struct tuple_pool pool;
};

static struct address parse(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

/* Two targets, two sources, three ports: 12 tuples, of which the slots have the first four. */
static int setup(void **state)
{
	static struct fixture fixture;
	static struct address targets[2];
	static const uint32_t set_of_target[2];
	static uint16_t ports[] = {2000, 2001, 2002};
	const struct port_order order = {.list = ports, .counts = {PORTS}, .count = PORTS};
	struct plan *plan = &fixture.plan;
	targets[0] = parse("10.0.0.9", 80);
	targets[1] = parse("10.0.0.9", 81);
	const struct source_range range = {.first = parse("10.0.0.1", 0), .count = 2};
	const struct source_set set = {.ranges = &range, .range_count = 1};
	*plan = (struct plan){
		.settings = {.connections = SLOTS},
		.targets = {.list = targets, .count = 2},
	};
	const struct tuples_params params = {
		.targets = &plan->targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = set_of_target,
		.order = &order,
	};
	assert_int_equal(tuples_init(&plan->tuples, &params), 0);
	assert_int_equal(tuples_capacity(&plan->tuples), 12);
	assert_int_equal(tuple_pool_init(&fixture.pool, plan), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	tuple_pool_finish(&fixture->pool);
	tuples_finish(&fixture->plan.tuples);
	return 0;
}

static bool same_tuple(struct tuple a, struct tuple b)
{
	return address_same_host(&a.source, &b.source) &&
		address_port(&a.source) == address_port(&b.source) && a.target == b.target;
}

static void assert_is(const struct fixture *fixture, uint32_t slot, uint64_t ordinal)
{
	assert_true(same_tuple(
		tuple_pool_of(&fixture->pool, slot), tuples_at(&fixture->plan.tuples, ordinal)));
}

static void a_slot_has_the_tuple_with_its_number(void **state)
{
	const struct fixture *fixture = *state;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		assert_is(fixture, slot, slot);
	}
	assert_int_equal(tuple_pool_used(&fixture->pool, 3), 3);
}

static void spare_tuples_keep_the_target_and_follow_the_planned(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t expected[] = {5, 7, 9, 11};
	uint64_t ordinal = 1;
	for (size_t i = 0; i < 4; i++) {
		assert_true(tuple_pool_has_spare(&fixture->pool, 1));
		assert_true(tuple_pool_take_spare(&fixture->pool, &ordinal));
		assert_int_equal(ordinal, expected[i]);
	}
	assert_false(tuple_pool_has_spare(&fixture->pool, 1));
	assert_false(tuple_pool_take_spare(&fixture->pool, &ordinal));
	assert_int_equal(ordinal, 11);
	/* Those of the other target are all there. */
	assert_true(tuple_pool_has_spare(&fixture->pool, 2));
}

static void a_slot_that_was_given_another_tuple_has_that(void **state)
{
	struct fixture *fixture = *state;
	tuple_pool_assign(&fixture->pool, 2, 6);
	assert_is(fixture, 2, 6);
	tuple_pool_assign(&fixture->pool, 2, 8);
	assert_is(fixture, 2, 8);
	assert_is(fixture, 0, 0);
	assert_is(fixture, 3, 3);
}

static void a_slot_that_keeps_its_own_is_not_kept(void **state)
{
	struct fixture *fixture = *state;
	tuple_pool_assign(&fixture->pool, 2, 2);
	assert_null(fixture->pool.displaced);
	assert_is(fixture, 2, 2);
}

static void what_was_used_reaches_to_the_last_spare_tuple(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ordinal = 0;
	assert_true(tuple_pool_take_spare(&fixture->pool, &ordinal));
	assert_int_equal(ordinal, 4);
	assert_int_equal(tuple_pool_used(&fixture->pool, SLOTS), 5);
	assert_true(tuple_pool_take_spare(&fixture->pool, &ordinal));
	assert_int_equal(tuple_pool_used(&fixture->pool, SLOTS), 7);
}

static void sources_are_counted_as_they_were_dialled(void **state)
{
	struct fixture *fixture = *state;
	const struct address first = tuples_at(&fixture->plan.tuples, 0).source;
	uint64_t other = 0;
	struct tuple tuple = tuples_at(&fixture->plan.tuples, other);
	while (address_same_host(&tuple.source, &first)) {
		tuple = tuples_at(&fixture->plan.tuples, ++other);
	}
	uint64_t planned = tuples_count_source(&fixture->plan.tuples, &first, SLOTS);
	assert_int_equal(tuple_pool_count_source(&fixture->pool, &first, SLOTS), planned);
	tuple_pool_assign(&fixture->pool, 0, other);
	assert_int_equal(tuple_pool_count_source(&fixture->pool, &first, SLOTS), planned - 1);
	assert_int_equal(tuple_pool_count_source(&fixture->pool, &first, 0), 0);
}

static void a_run_that_was_forced_has_slots_without_tuples(void **state)
{
	const struct fixture *fixture = *state;
	assert_true(tuple_pool_has(&fixture->pool, 11));
	assert_false(tuple_pool_has(&fixture->pool, 12));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slot_has_the_tuple_with_its_number),
		TEST(spare_tuples_keep_the_target_and_follow_the_planned),
		TEST(a_slot_that_was_given_another_tuple_has_that),
		TEST(a_slot_that_keeps_its_own_is_not_kept),
		TEST(what_was_used_reaches_to_the_last_spare_tuple),
		TEST(sources_are_counted_as_they_were_dialled),
		TEST(a_run_that_was_forced_has_slots_without_tuples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
