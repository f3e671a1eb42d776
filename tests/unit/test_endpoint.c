/* SPDX-License-Identifier: MIT */
#include "cli/endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_host_alone_is_left_to_others(void **state)
{
	(void)state;
	static const char *const hosts[] = {"", "localhost", "127.0.0.1", "::1", "[::1]",
		"fe80::1%eth0", "[fe80::1%25eth0]", "::1:8080", "2001:db8::1", "a_b.example.",
		":80", "://", "http://", "m\u00fcller.example", "a b"};
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct error error = ERROR_INIT;
		if (endpoint_refuse("run", hosts[i], NULL, &error) != 0) {
			fail_msg("'%s': %s", hosts[i], error.text);
		}
		assert_string_equal(error.text, "");
	}
}

static void what_is_more_is_told_the_right_call(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *port;
		const char *kind;
		const char *call;
	} rows[] = {
		{"localhost:8080", NULL, "is a host with its port", "'tcpgoon run localhost 8080'"},
		{"localhost:8080", "9090", "is a host with", "'tcpgoon run localhost 9090'"},
		{"[::1]:8080", NULL, "is a host with its port", "'tcpgoon run ::1 8080'"},
		{"h:80", "80", "is a host with its port", "'tcpgoon run h 80'"},
		{"h:http", NULL, "is a host with its port", "'tcpgoon run h http'"},
		{"h:", NULL, "is more than a host", "'tcpgoon run h <port>'"},
		{"http://localhost", NULL, "is a URL", "'tcpgoon run localhost 80'"},
		{"[fe80::1%eth0]:81", NULL, "is a host with", "'tcpgoon run fe80::1%eth0 81'"},
		{"HTTPS://h", NULL, "is a URL", "'tcpgoon run h 443'"},
		{"https://h", NULL, "is a URL", "'tcpgoon run h 443'"},
		{"https://h/", "8443", "is a URL", "'tcpgoon run h 8443'"},
		{"http://h:81/path?q#f", NULL, "is a URL", "'tcpgoon run h 81'"},
		{"http://h?q", NULL, "is a URL", "'tcpgoon run h 80'"},
		{"tcp://[fe80::1%25eth0]:81", NULL, "is a URL", "'tcpgoon run fe80::1%eth0 81'"},
		{"ssh://user:word@h:22", NULL, "is a URL", "'tcpgoon run h 22'"},
		{"x-y://h", NULL, "is a URL", "'tcpgoon run h <port>'"},
		{"user@h", NULL, "is more than a host", "'tcpgoon run h <port>'"},
		{"h/path", "80", "is more than a host", "'tcpgoon run h 80'"},
		{"10.0.0.0/24", "80", "is more than a host", "'tcpgoon run 10.0.0.0 80'"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error error = ERROR_INIT;
		assert_int_equal(
			endpoint_refuse("run", rows[i].text, rows[i].port, &error), -EINVAL);
		if (strstr(error.text, rows[i].kind) == NULL ||
			strstr(error.text, rows[i].call) == NULL) {
			fail_msg("'%s': %s", rows[i].text, error.text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_alone_is_left_to_others),
		cmocka_unit_test(what_is_more_is_told_the_right_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
