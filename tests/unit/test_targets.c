/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/plan/targets.h"

static struct address parse(const char *host)
{
	struct address address;
	assert_int_equal(address_parse_literal(host, 0, &address), 0);
	return address;
}

static void assert_targets(const char *host, const char *ports, const char *expected)
{
	struct targets targets;
	struct error error = ERROR_INIT;
	char all[512] = "";
	struct address address = parse(host);
	assert_int_equal(targets_init(&targets, &address, 1, ports, &error), 0);
	for (size_t i = 0; i < targets.count; i++) {
		char text[ADDRESS_TEXT_MAX];
		strcat(all, i > 0 ? " " : "");
		strcat(all, address_format(&targets.list[i], text));
	}
	assert_string_equal(all, expected);
	targets_finish(&targets);
}

static void one_port(void **state)
{
	(void)state;
	assert_targets("127.0.0.1", "80", "127.0.0.1:80");
	assert_targets("::1", "65535", "[::1]:65535");
	assert_targets("[::1]", "1", "[::1]:1");
}

static void ranges_and_lists(void **state)
{
	(void)state;
	assert_targets("127.0.0.1", "8000-8002", "127.0.0.1:8000 127.0.0.1:8001 127.0.0.1:8002");
	assert_targets("127.0.0.1", "8001,8000", "127.0.0.1:8000 127.0.0.1:8001");
	assert_targets("127.0.0.1", "1-2,5", "127.0.0.1:1 127.0.0.1:2 127.0.0.1:5");
}

static void a_port_given_twice_is_dialled_once(void **state)
{
	(void)state;
	assert_targets("127.0.0.1", "80,80,79-80", "127.0.0.1:79 127.0.0.1:80");
}

static void wrong_ports_are_named(void **state)
{
	(void)state;
	const char *wrong[] = {"", "0", "65536", "-1", "abc", "80x", "80,", ",80", "80-", "90-80",
		"80 ", "80-81-82", "+80", " 80", "0x50", "99999999999999999999"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct targets targets;
		struct error error = ERROR_INIT;
		struct address address = parse("127.0.0.1");
		assert_int_equal(targets_init(&targets, &address, 1, wrong[i], &error), -EINVAL);
		assert_int_equal(targets_check_ports(wrong[i], NULL), -EINVAL);
		char quoted[64] = "'";
		strcat(strcat(quoted, wrong[i]), "'");
		assert_non_null(strstr(error.text, quoted));
		targets_finish(&targets);
	}
}

static void ports_that_count_downwards_are_told_so(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	assert_int_equal(targets_check_ports("80,8003-8000", &error), -EINVAL);
	assert_non_null(strstr(error.text, "8003-8000 is not ascending"));
}

static void each_port_is_on_each_host(void **state)
{
	(void)state;
	const struct address hosts[] = {parse("::1"), parse("127.0.0.1")};
	struct targets targets;
	assert_int_equal(targets_init(&targets, hosts, 2, "1-2", NULL), 0);
	assert_int_equal(targets.count, 4);
	char text[ADDRESS_TEXT_MAX];
	assert_string_equal(address_format(&targets.list[1], text), "127.0.0.1:1");
	assert_string_equal(address_format(&targets.list[2], text), "[::1]:2");
	targets_finish(&targets);
	assert_int_equal(targets_check_ports("1-2,9", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_port),
		cmocka_unit_test(ranges_and_lists),
		cmocka_unit_test(a_port_given_twice_is_dialled_once),
		cmocka_unit_test(each_port_is_on_each_host),
		cmocka_unit_test(wrong_ports_are_named),
		cmocka_unit_test(ports_that_count_downwards_are_told_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
