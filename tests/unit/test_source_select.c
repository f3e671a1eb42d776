/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/source_select.h"

static void ports_are_one_or_a_range(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint16_t low;
		uint16_t high;
	} cases[] = {{"1-65535", 1, 65535}, {"40000", 40000, 40000}, {"1024-1024", 1024, 1024},
		{"65535", 65535, 65535}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t low;
		uint16_t high;
		assert_int_equal(source_select_parse_ports(cases[i].text, &low, &high, NULL), 0);
		assert_int_equal(low, cases[i].low);
		assert_int_equal(high, cases[i].high);
	}
}

static void what_is_no_range_is_named_and_leaves_the_outputs(void **state)
{
	(void)state;
	const char *const wrong[] = {"", "0", "0-10", "65536", "1-65536", "20-10", "-10", "10-",
		"10--20", "10-+20", "10-20-30", "10,20", " 10", "10 ", "+10", "ten", "0x10",
		"99999999999999999999", "1-99999999999999999999"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint16_t low = 7;
		uint16_t high = 8;
		struct error error = ERROR_INIT;
		assert_int_equal(source_select_parse_ports(wrong[i], &low, &high, &error), -EINVAL);
		assert_int_equal(low, 7);
		assert_int_equal(high, 8);
		assert_non_null(strstr(error.text, wrong[i]));
	}
}

static void ports_that_count_downwards_are_told_so(void **state)
{
	(void)state;
	uint16_t low;
	uint16_t high;
	struct error error = ERROR_INIT;
	assert_int_equal(source_select_parse_ports("5-1", &low, &high, &error), -EINVAL);
	assert_non_null(strstr(error.text, "'5-1' is not ascending"));
	assert_int_equal(source_select_parse_ports("5-0", &low, &high, &error), -EINVAL);
	assert_non_null(strstr(error.text, "is not a range"));
}

/* Lays out tuples from these sources to the target, which is refused with these words. */
static void assert_refused(struct text_list sources, const char *target, const char *words)
{
	struct targets targets;
	struct address host;
	assert_int_equal(address_parse_literal(target, 0, &host), 0);
	assert_int_equal(targets_init(&targets, &host, 1, "80", NULL), 0);
	struct settings settings = {.connections = 10, .sources = sources};
	struct tuples tuples;
	struct error error = ERROR_INIT;
	assert_int_equal(source_select_lay_out(&tuples, &settings, &targets, &error), -EINVAL);
	assert_non_null(strstr(error.text, words));
	targets_finish(&targets);
}

static void given_sources_must_suit_the_target(void **state)
{
	(void)state;
	assert_refused((struct text_list){.items = {"::1"}, .count = 1}, "127.0.0.1", "IPv4");
}

static void no_source_is_given_twice(void **state)
{
	(void)state;
	assert_refused((struct text_list){.items = {"127.0.0.1", "127.0.0.1"}, .count = 2},
		"127.0.0.1", "'127.0.0.1' and '127.0.0.1' overlap");
	assert_refused((struct text_list){.items = {"127.0.1.1", "::1", "127.0.0.0/24",
						  "127.0.0.9-127.0.0.12"},
			       .count = 4},
		"127.0.0.1", "'127.0.0.0/24' and '127.0.0.9-127.0.0.12' overlap");
}

static void only_unicast_addresses_are_sources(void **state)
{
	(void)state;
	const struct {
		const char *source;
		const char *target;
		const char *words;
	} cases[] = {
		{"0.0.0.0", "127.0.0.1", "0.0.0.0 cannot be a source: it is the unspecified"},
		{"0.0.0.0/31", "127.0.0.1", "0.0.0.0 cannot be a source: it is the unspecified"},
		{"::", "::1", ":: cannot be a source: it is the unspecified"},
		{"224.0.0.1", "127.0.0.1", "224.0.0.1 cannot be a source: it is a multicast"},
		{"239.255.255.255", "127.0.0.1", "it is a multicast"},
		{"ff02::1", "::1", "ff02::1 cannot be a source: it is a multicast"},
		{"255.255.255.255", "127.0.0.1", "255.255.255.255 cannot be a source: it is the b"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused((struct text_list){.items = {cases[i].source}, .count = 1},
			cases[i].target, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_one_or_a_range),
		cmocka_unit_test(what_is_no_range_is_named_and_leaves_the_outputs),
		cmocka_unit_test(ports_that_count_downwards_are_told_so),
		cmocka_unit_test(given_sources_must_suit_the_target),
		cmocka_unit_test(no_source_is_given_twice),
		cmocka_unit_test(only_unicast_addresses_are_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
