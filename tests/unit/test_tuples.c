/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tcpgoon/plan/tuples.h"

/* Every target uses the first set. */
static const uint32_t one_set[4];

static struct address parse(const char *text, uint16_t port)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

/* From `first` to `high`, and on from `low`, all in one band. */
static struct port_order make_order(uint16_t low, uint16_t high, uint16_t first)
{
	uint32_t count = (uint32_t)high - low + 1;
	struct port_order order = {
		.list = calloc(count, sizeof(*order.list)),
		.counts = {[PORT_BAND_OUTSIDE] = count},
		.count = count,
	};
	assert_non_null(order.list);
	for (uint32_t i = 0; i < count; i++) {
		order.list[i] = (uint16_t)(low + ((uint32_t)first - low + i) % count);
	}
	return order;
}

static void assert_address(const struct address *address, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];
	assert_string_equal(address_format(address, text), expected);
}

static void targets_then_ports_then_sources_take_turns(void **state)
{
	(void)state;
	struct address list[] = {parse("10.0.0.9", 80), parse("10.0.0.9", 81)};
	const struct targets targets = {.list = list, .count = 2};
	const struct source_range sources[] = {
		{.first = parse("10.0.0.1", 0), .count = 2},
		{.first = parse("10.0.1.1", 0), .count = 1},
	};
	const struct source_set set = {.ranges = sources, .range_count = 2};
	struct port_order order = make_order(5000, 5002, 5001);
	const struct tuples_params params = {
		.targets = &targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order,
	};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	assert_int_equal(tuples_capacity(&tuples), 3 * 3 * 2);

	const struct {
		uint64_t ordinal;
		const char *source;
		const char *target;
	} expected[] = {
		{0, "10.0.0.1:5001", "10.0.0.9:80"},
		{1, "10.0.0.1:5001", "10.0.0.9:81"},
		{2, "10.0.0.1:5002", "10.0.0.9:80"},
		{4, "10.0.0.1:5000", "10.0.0.9:80"},
		{6, "10.0.0.2:5001", "10.0.0.9:80"},
		{12, "10.0.1.1:5001", "10.0.0.9:80"},
		{17, "10.0.1.1:5000", "10.0.0.9:81"},
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct tuple tuple = tuples_at(&tuples, expected[i].ordinal);
		assert_address(&tuple.source, expected[i].source);
		assert_address(tuple.target, expected[i].target);
	}
	tuples_finish(&tuples);
	port_order_finish(&order);
}

static bool is_same(const struct tuple *a, const struct tuple *b)
{
	return a->target == b->target && address_same_host(&a->source, &b->source) &&
		address_port(&a->source) == address_port(&b->source);
}

/* Every ordinal gives another tuple, and none connects a port to itself. */
static void assert_distinct(const struct tuples *tuples)
{
	uint64_t capacity = tuples_capacity(tuples);
	for (uint64_t i = 0; i < capacity; i++) {
		struct tuple tuple = tuples_at(tuples, i);
		uint16_t port = address_port(&tuple.source);
		assert_int_not_equal(port, 0);
		assert_int_not_equal(port, address_port(tuple.target));
		for (uint64_t j = 0; j < i; j++) {
			struct tuple earlier = tuples_at(tuples, j);
			assert_false(is_same(&tuple, &earlier));
		}
	}
}

static void every_ordinal_has_a_tuple_of_its_own(void **state)
{
	(void)state;
	struct address list[] = {parse("127.0.0.1", 1030), parse("127.0.0.1", 1024),
		parse("127.0.0.1", 9999), parse("127.0.0.1", 1039)};
	const struct source_range sources[] = {
		{.first = parse("127.0.0.1", 0), .count = 3},
		{.first = parse("127.0.9.1", 0), .count = 2},
	};
	for (uint16_t first = 1024; first <= 1039; first++) {
		for (size_t count = 1; count <= 4; count++) {
			const struct targets targets = {.list = list, .count = count};
			const struct source_set set = {.ranges = sources, .range_count = 2};
			struct port_order order = make_order(1024, 1039, first);
			const struct tuples_params params = {
				.targets = &targets,
				.sets = &set,
				.set_count = 1,
				.set_of_target = one_set,
				.order = &order,
			};
			struct tuples tuples;
			assert_int_equal(tuples_init(&tuples, &params), 0);
			assert_int_equal(tuples_capacity(&tuples), 5 * 15 * count);
			assert_distinct(&tuples);
			tuples_finish(&tuples);
			port_order_finish(&order);
		}
	}
}

static void ipv6_sources_count_up_too(void **state)
{
	(void)state;
	struct address list[] = {parse("::1", 80)};
	const struct targets targets = {.list = list, .count = 1};
	const struct source_range source = {.first = parse("2001:db8::fffe", 0), .count = 4};
	const struct source_set set = {.ranges = &source, .range_count = 1};
	struct port_order order = make_order(2000, 2000, 2000);
	const struct tuples_params params = {
		.targets = &targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order,
	};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	struct tuple tuple = tuples_at(&tuples, 2);
	assert_address(&tuple.source, "[2001:db8::1:0]:2000");
	assert_distinct(&tuples);
	tuples_finish(&tuples);
	port_order_finish(&order);
}

static void the_kernel_may_choose_the_port(void **state)
{
	(void)state;
	struct address list[] = {parse("10.0.0.9", 80)};
	const struct targets targets = {.list = list, .count = 1};
	const struct source_range source = {.first = parse("10.0.0.1", 0), .count = 2};
	const struct source_set set = {.ranges = &source, .range_count = 1};
	struct port_order order = make_order(1024, 65535, 1024);
	const struct tuples_params params = {
		.targets = &targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order,
		.port_auto = true,
	};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	assert_true(tuples_capacity(&tuples) == UINT64_MAX);
	struct tuple tuple = tuples_at(&tuples, 3);
	assert_address(&tuple.source, "10.0.0.2:0");
	tuples_finish(&tuples);
	port_order_finish(&order);
}

static void each_target_uses_the_sources_that_reach_it(void **state)
{
	(void)state;
	struct address list[] = {parse("::1", 80), parse("127.0.0.1", 80)};
	const struct targets targets = {.list = list, .count = 2};
	const struct source_range v6 = {.first = parse("::1", 0), .count = 1};
	const struct source_range v4 = {.first = parse("127.0.0.1", 0), .count = 9};
	const struct source_set sets[] = {
		{.ranges = &v6, .range_count = 1},
		{.ranges = &v4, .range_count = 1},
	};
	const uint32_t set_of_target[] = {0, 1};
	struct port_order order = make_order(2000, 2003, 2000);
	const struct tuples_params params = {
		.targets = &targets,
		.sets = sets,
		.set_count = 2,
		.set_of_target = set_of_target,
		.order = &order,
	};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	assert_int_equal(tuples_capacity(&tuples), 2 * 4);
	struct tuple first = tuples_at(&tuples, 0);
	struct tuple second = tuples_at(&tuples, 1);
	assert_address(&first.source, "[::1]:2000");
	assert_address(&second.source, "127.0.0.1:2000");
	assert_distinct(&tuples);
	tuples_finish(&tuples);
	port_order_finish(&order);
}

static void without_a_route_nothing_is_bound(void **state)
{
	(void)state;
	struct address list[] = {parse("10.0.0.9", 80)};
	const struct targets targets = {.list = list, .count = 1};
	const struct source_set set = {.range_count = 0};
	struct port_order order = make_order(2000, 2003, 2000);
	const struct tuples_params params = {
		.targets = &targets,
		.sets = &set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order,
	};
	struct tuples tuples;
	assert_int_equal(tuples_init(&tuples, &params), 0);
	assert_true(tuples_capacity(&tuples) == UINT64_MAX);
	struct tuple tuple = tuples_at(&tuples, 77);
	assert_int_equal(tuple.source.any.sa_family, AF_UNSPEC);
	assert_address(tuple.target, "10.0.0.9:80");
	tuples_finish(&tuples);
	port_order_finish(&order);
}

/* The arithmetic agrees with counting, for each source and up to each ordinal. */
static void assert_counts_sources(
	const struct tuples *tuples, const struct address *source, uint64_t most)
{
	uint64_t counted = 0;
	for (uint64_t below = 0; below <= most; below++) {
		assert_int_equal(tuples_count_source(tuples, source, below), counted);
		struct tuple tuple = tuples_at(tuples, below == most ? 0 : below);
		counted += address_same_host(&tuple.source, source);
	}
}

static void sources_are_counted_by_arithmetic(void **state)
{
	(void)state;
	struct address list[] = {parse("10.0.0.9", 80), parse("10.0.0.9", 5001), parse("::1", 80)};
	const struct targets targets = {.list = list, .count = 3};
	const struct source_range v4[] = {
		{.first = parse("10.0.0.1", 0), .count = 2},
		{.first = parse("10.0.1.1", 0), .count = 2},
	};
	const struct source_range v6 = {.first = parse("fd00::1", 0), .count = 3};
	const struct source_set sets[] = {
		{.ranges = v4, .range_count = 2}, {.ranges = &v6, .range_count = 1}};
	static const uint32_t set_of_target[] = {0, 0, 1};
	static const char *const sources[] = {
		"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "fd00::1", "fd00::3", "10.0.0.3"};
	struct port_order order = make_order(5000, 5006, 5002);
	order.counts[PORT_BAND_OUTSIDE] = 2;
	order.counts[PORT_BAND_EARLY] = 4;
	order.counts[PORT_BAND_RESERVE] = 1;
	for (unsigned port_auto = 0; port_auto < 2; port_auto++) {
		const struct tuples_params params = {
			.targets = &targets,
			.sets = sets,
			.set_count = 2,
			.set_of_target = set_of_target,
			.order = &order,
			.port_auto = port_auto != 0,
		};
		struct tuples tuples;
		assert_int_equal(tuples_init(&tuples, &params), 0);
		uint64_t most = port_auto != 0 ? 50 : tuples_capacity(&tuples);
		for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
			const struct address source = parse(sources[i], 0);
			assert_counts_sources(&tuples, &source, most);
		}
		tuples_finish(&tuples);
	}
	port_order_finish(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_then_ports_then_sources_take_turns),
		cmocka_unit_test(every_ordinal_has_a_tuple_of_its_own),
		cmocka_unit_test(ipv6_sources_count_up_too),
		cmocka_unit_test(the_kernel_may_choose_the_port),
		cmocka_unit_test(each_target_uses_the_sources_that_reach_it),
		cmocka_unit_test(without_a_route_nothing_is_bound),
		cmocka_unit_test(sources_are_counted_by_arithmetic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
