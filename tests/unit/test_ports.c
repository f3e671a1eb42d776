/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcpgoon/net/ports.h"

static void reserved_ports_are_single_ones_and_ranges(void **state)
{
	(void)state;
	struct port_set set = {0};
	ports_parse_reserved("8080,9148-9150,65535\n", &set);
	unsigned count = 0;
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		count += port_set_has(&set, (uint16_t)port);
	}
	assert_int_equal(count, 5);
	const uint16_t members[] = {8080, 9148, 9149, 9150, 65535};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		assert_true(port_set_has(&set, members[i]));
	}
}

static void what_lists_no_port_reserves_none(void **state)
{
	(void)state;
	const char *const texts[] = {"", "\n", "none", "-5", "99999\n", ",8080\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct port_set set = {0};
		ports_parse_reserved(texts[i], &set);
		for (uint32_t port = 0; port <= UINT16_MAX; port++) {
			assert_false(port_set_has(&set, (uint16_t)port));
		}
	}
}

static void the_automatic_range_has_two_ends(void **state)
{
	(void)state;
	uint16_t low = 7;
	uint16_t high = 8;
	const char *const wrong[] = {"", "32768\n", "0\t60999\n", "60999\t32768\n", "1\t65536\n"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(ports_parse_automatic(wrong[i], &low, &high), -EBADMSG);
	}
	assert_int_equal(low, 7);
	assert_int_equal(high, 8);
	assert_int_equal(ports_parse_automatic("32768\t60999\n", &low, &high), 0);
	assert_int_equal(low, 32768);
	assert_int_equal(high, 60999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_ports_are_single_ones_and_ranges),
		cmocka_unit_test(what_lists_no_port_reserves_none),
		cmocka_unit_test(the_automatic_range_has_two_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
