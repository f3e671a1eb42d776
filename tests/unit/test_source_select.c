/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/source_select.h"
#include "scripted_run.h"

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

static int bind_all(void *context, const struct address *address)
{
	(void)context;
	(void)address;
	return 0;
}

/* On a host that has all addresses. */
static int setup(void **state)
{
	scripted_run_setup(state);
	struct scripted_run *run = *state;
	run->host->may_bind = bind_all;
	return 0;
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

/* What is found where nothing is given. */
struct layout {
	struct scripted_run *run;
	struct targets targets;
	struct settings settings;
	struct tuples tuples;
};

static void lay_out(
	struct layout *layout, void **state, const char *const *hosts, const char *ports)
{
	struct address list[4];
	size_t count = 0;
	for (; hosts[count] != NULL; count++) {
		assert_int_equal(address_parse_literal(hosts[count], 0, &list[count]), 0);
	}
	layout->run = *state;
	assert_int_equal(targets_init(&layout->targets, list, count, ports, NULL), 0);
	if (source_select_lay_out(&layout->tuples, &layout->settings, &layout->targets,
		    &layout->run->error) < 0) {
		fail_msg("%s", layout->run->error.text);
	}
}

static void finish(struct layout *layout)
{
	tuples_finish(&layout->tuples);
	targets_finish(&layout->targets);
}

#define HOSTS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void each_host_is_dialled_from_what_its_route_prefers(void **state)
{
	struct layout layout = {.settings = {.connections = 10}};
	lay_out(&layout, state, HOSTS("192.0.2.9", "198.51.100.9"), "80,81");
	assert_int_equal(layout.tuples.source_count, 1);
	for (size_t i = 0; i < 4; i++) {
		struct address source;
		assert_true(tuples_first_source(&layout.tuples, i, &source));
		assert_true(address_same_host(&source, &layout.targets.list[i]));
	}
	finish(&layout);
}

static void loopback_has_as_many_sources_as_the_run_needs(void **state)
{
	struct layout layout = {.settings = {.connections = 100}};
	lay_out(&layout, state, HOSTS("127.0.0.1"), "80");
	uint64_t few = layout.tuples.source_count;
	assert_int_equal(few, 2); /* one to spare, for ports in use */
	assert_true(tuples_capacity(&layout.tuples) >= 100);
	finish(&layout);
	layout.settings.connections = 1000000;
	lay_out(&layout, state, HOSTS("127.0.0.1"), "80");
	assert_in_range(layout.tuples.source_count, 1000000 / 64511, 1000000 / 64511 + 2);
	assert_true(tuples_capacity(&layout.tuples) >= 1000000);
	finish(&layout);
	/* Of IPv6 there is but one loopback address. */
	lay_out(&layout, state, HOSTS("::1"), "80");
	assert_int_equal(layout.tuples.source_count, 1);
	finish(&layout);
}

/* The run does with those that nobody misses; where they are few, with those tried last. */
static void ports_that_this_host_hands_out_cost_more_sources(void **state)
{
	static struct ports_policy usual = {.automatic_low = 32768, .automatic_high = 60999};
	static struct ports_policy all = {.automatic_low = 1024, .automatic_high = 65535};
	struct scripted_run *run = *state;
	struct layout layout = {.settings = {.connections = 1000000}};
	run->host->ports = &usual;
	lay_out(&layout, state, HOSTS("127.0.0.1"), "80");
	uint64_t outside = 65535 - 1024 + 1 - (60999 - 32768 + 1);
	assert_int_equal(layout.tuples.source_count, 1000000 / (outside - 1) + 2);
	finish(&layout);
	run->host->ports = &all;
	lay_out(&layout, state, HOSTS("127.0.0.1"), "80");
	assert_true(layout.tuples.source_count > 1000000 / 65536);
	assert_true(tuples_capacity(&layout.tuples) >= 1000000);
	finish(&layout);
}

static void without_a_route_nothing_is_bound(void **state)
{
	struct scripted_run *run = *state;
	struct layout layout = {.settings = {.connections = 10}};
	run->host->preferred_code = -ENETUNREACH;
	lay_out(&layout, state, HOSTS("192.0.2.9"), "80");
	assert_int_equal(layout.tuples.source_count, 0);
	finish(&layout);
}

static void given_sources_and_ports_are_used_in_their_order(void **state)
{
	struct layout layout = {.settings = {.connections = 10,
					.sources = {{"192.0.2.1-192.0.2.2", "2001:db8::1"}, 2},
					.source_port = "5000-5001"}};
	lay_out(&layout, state, HOSTS("192.0.2.9"), "80");
	assert_int_equal(layout.tuples.source_count, 2);
	assert_int_equal(tuples_capacity(&layout.tuples), 4);
	const char *const expected[] = {
		"192.0.2.1:5000", "192.0.2.1:5001", "192.0.2.2:5000", "192.0.2.2:5001"};
	for (size_t i = 0; i < 4; i++) {
		char text[ADDRESS_TEXT_MAX];
		struct tuple tuple = tuples_at(&layout.tuples, i);
		assert_string_equal(address_format(&tuple.source, text), expected[i]);
	}
	finish(&layout);
}

/* So the one of the other family is no limit of theirs. */
static void sources_that_no_target_uses_do_not_count(void **state)
{
	struct layout layout = {.settings = {.connections = 10,
					.sources = {{"192.0.2.0/24", "2001:db8::1"}, 2},
					.source_port = "5000"}};
	lay_out(&layout, state, HOSTS("192.0.2.9"), "80");
	assert_int_equal(layout.tuples.source_count, 254);
	finish(&layout);
	lay_out(&layout, state, HOSTS("192.0.2.9", "2001:db8::9"), "80");
	assert_int_equal(layout.tuples.source_count, 1);
	finish(&layout);
}

static void the_kernel_may_choose_the_ports(void **state)
{
	struct layout layout = {.settings = {.connections = 10, .source_port = "auto"}};
	lay_out(&layout, state, HOSTS("192.0.2.9"), "80");
	assert_true(layout.tuples.port_auto);
	assert_true(tuples_capacity(&layout.tuples) == UINT64_MAX);
	finish(&layout);
}

static void assert_settings_refused(
	struct scripted_run *run, const struct settings *settings, const char *words)
{
	struct targets targets;
	struct address host;
	struct tuples tuples;
	assert_int_equal(address_parse_literal("192.0.2.9", 0, &host), 0);
	assert_int_equal(targets_init(&targets, &host, 1, "80", NULL), 0);
	assert_int_equal(source_select_lay_out(&tuples, settings, &targets, &run->error), -EINVAL);
	assert_non_null(strstr(run->error.text, words));
	targets_finish(&targets);
}

static void what_is_given_wrong_is_named_with_its_option(void **state)
{
	struct scripted_run *run = *state;
	const struct settings ports = {.connections = 10, .source_port = "ten"};
	assert_settings_refused(run, &ports, "--source-port: 'ten'");
	const struct settings sources = {.connections = 10, .sources = {{"nowhere"}, 1}};
	assert_settings_refused(run, &sources, "--source: ");
	run->host->may_bind = NULL; /* it has none of them */
	const struct settings elsewhere = {.connections = 10, .sources = {{"192.0.2.1"}, 1}};
	assert_settings_refused(run, &elsewhere,
		"--source: '192.0.2.1': 192.0.2.1 cannot be a source on this host: Cannot assign");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, scripted_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ports_are_one_or_a_range),
		CASE(what_is_no_range_is_named_and_leaves_the_outputs),
		CASE(ports_that_count_downwards_are_told_so),
		CASE(given_sources_must_suit_the_target),
		CASE(no_source_is_given_twice),
		CASE(only_unicast_addresses_are_sources),
		CASE(each_host_is_dialled_from_what_its_route_prefers),
		CASE(loopback_has_as_many_sources_as_the_run_needs),
		CASE(ports_that_this_host_hands_out_cost_more_sources),
		CASE(without_a_route_nothing_is_bound),
		CASE(given_sources_and_ports_are_used_in_their_order),
		CASE(sources_that_no_target_uses_do_not_count),
		CASE(the_kernel_may_choose_the_ports),
		CASE(what_is_given_wrong_is_named_with_its_option),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
