/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/plan/source_range.h"

static void assert_range(const char *text, const char *first, uint64_t count)
{
	struct source_range range;
	char buffer[ADDRESS_TEXT_MAX];
	assert_int_equal(source_range_parse(text, &range, NULL), 0);
	assert_string_equal(address_format_host(&range.first, buffer), first);
	assert_int_equal(range.count, count);
}

static void one_address(void **state)
{
	(void)state;
	assert_range("10.0.0.1", "10.0.0.1", 1);
	assert_range("2001:db8::1", "2001:db8::1", 1);
}

static void networks(void **state)
{
	(void)state;
	assert_range("10.0.0.77/24", "10.0.0.1", 254);
	assert_range("127.0.0.0/27", "127.0.0.1", 30);
	assert_range("10.0.0.4/30", "10.0.0.5", 2);
	assert_range("10.0.0.5/31", "10.0.0.4", 2);
	assert_range("10.0.0.5/32", "10.0.0.5", 1);
	assert_range("127.0.0.0/8", "127.0.0.1", (1U << 24) - 2);
	assert_range("2001:db8::ff/120", "2001:db8::", 256);
	assert_range("2001:db8::1/128", "2001:db8::1", 1);
}

static void spans(void **state)
{
	(void)state;
	assert_range("10.0.0.1-10.0.0.9", "10.0.0.1", 9);
	assert_range("10.0.0.250-10.0.1.5", "10.0.0.250", 12);
	assert_range("10.0.0.1-10.0.0.1", "10.0.0.1", 1);
	assert_range("2001:db8::fffe-2001:db8::1:1", "2001:db8::fffe", 4);
}

static void the_whole_comes_before_its_separators(void **state)
{
	(void)state;
	/* Loopback is link 1; no interface is called br-lan0 for sure, so the numbers stand here. */
	assert_range("fe80::1%1", "fe80::1%lo", 1);
	assert_range("fe80::1%1-fe80::5%1", "fe80::1%lo", 5);
	assert_range("[fe80::1%251]", "fe80::1%lo", 1);
	assert_range("fe80::%1/120", "fe80::%lo", 256);
	assert_range("::ffff:10.0.0.1", "10.0.0.1", 1);
	assert_range("::ffff:10.0.0.1-::ffff:10.0.0.3", "10.0.0.1", 3);
	assert_range("::ffff:10.0.0.0/120", "10.0.0.1", 254);

	const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{"fe80::1%br-none0", "'fe80::1%br-none0': this host has no interface 'br-none0'"},
		{"fe80::1%br-none0-fe80::9%br-none0", "'fe80::1%br-none0': this host has no"},
		{"fe80::1%1-fe80::9%no-ne0", "'fe80::9%no-ne0': this host has no"},
		{"fe80::%no-ne0/120", "'fe80::%no-ne0': this host has no"},
		{"fe80::1", "name its interface"},
		{"fe80::1-fe80::9", "'fe80::1' is a link-local address"},
		{"fe80::/120", "'fe80::' is a link-local address"},
		{"10.0.0.1,10.0.0.2", "give --source once for each"},
		{"fe80::1%1,fe80::2%1", "give --source once for each"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source_range range;
		struct error error = ERROR_INIT;
		assert_int_equal(source_range_parse(cases[i].text, &range, &error), -EINVAL);
		if (strstr(error.text, cases[i].words) == NULL) {
			fail_msg("%s: %s", cases[i].text, error.text);
		}
	}
}

static void wrong_ones_are_named_and_leave_the_output_alone(void **state)
{
	(void)state;
	const char *wrong[] = {"", "x", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/x",
		"10.0.0.0/24x", "/24", "10.0.0.9-10.0.0.1", "10.0.0.1-", "-10.0.0.1",
		"10.0.0.1-2001:db8::1", "2001:db8::/64", "10.0.0.0/7", "0.0.0.0-255.255.255.255",
		"10.0.0.1-10.0.0.2-10.0.0.3"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct source_range range = {.count = 42};
		struct error error = ERROR_INIT;
		char quoted[80] = "'";
		assert_int_equal(source_range_parse(wrong[i], &range, &error), -EINVAL);
		assert_int_equal(range.count, 42);
		strcat(strcat(quoted, wrong[i]), "'");
		assert_non_null(strstr(error.text, quoted));
	}
}

static void what_keeps_two_ends_from_a_range_is_said(void **state)
{
	(void)state;
	const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{"127.0.0.1-::1", "one end is an IPv4 address, the other an IPv6 one"},
		{"::1-127.0.0.1", "one end is an IPv4 address, the other an IPv6 one"},
		{"10.0.0.9-10.0.0.1", "is not ascending"},
		{"2001:db8::9-2001:db8::1", "is not ascending"},
		{"2001:db8::1-2001:db9::1", "in different /64 networks"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source_range range;
		struct error error = ERROR_INIT;
		assert_int_equal(source_range_parse(cases[i].text, &range, &error), -EINVAL);
		assert_non_null(strstr(error.text, cases[i].words));
	}
}

static void overlaps_are_seen_from_both_sides(void **state)
{
	(void)state;
	const struct {
		const char *a;
		const char *b;
		bool overlap;
	} cases[] = {
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"10.0.0.0/24", "10.0.0.254-10.0.1.9", true},
		{"10.0.0.0/24", "10.0.0.255-10.0.1.9", false},
		{"10.0.0.1-10.0.0.9", "10.0.0.3-10.0.0.4", true},
		{"2001:db8::/120", "2001:db8::ff", true},
		{"2001:db8::/120", "2001:db8::100", false},
		{"10.0.0.1", "::10.0.0.1", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source_range a;
		struct source_range b;
		assert_int_equal(source_range_parse(cases[i].a, &a, NULL), 0);
		assert_int_equal(source_range_parse(cases[i].b, &b, NULL), 0);
		assert_int_equal(source_range_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(source_range_overlaps(&b, &a), cases[i].overlap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address),
		cmocka_unit_test(networks),
		cmocka_unit_test(spans),
		cmocka_unit_test(the_whole_comes_before_its_separators),
		cmocka_unit_test(wrong_ones_are_named_and_leave_the_output_alone),
		cmocka_unit_test(what_keeps_two_ends_from_a_range_is_said),
		cmocka_unit_test(overlaps_are_seen_from_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
