/* SPDX-License-Identifier: MIT */
#include "net/hostname.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_63 "a23456789b123456789c123456789d123456789e123456789f123456789g123"

static void names_are_looked_up_in_ascii(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		const char *ascii;
	} rows[] = {
		{"localhost", "localhost"}, {"Example.ORG", "Example.ORG"},
		{"_service.a-b.example.", "_service.a-b.example."}, {"1a.2b", "1a.2b"},
		{LABEL_63, LABEL_63}, {"m\u00fcller.example", "xn--mller-kva.example"},
		{"M\u00dcLLER.example", "xn--mller-kva.example"},
		{"mu\u0308ller.example", "xn--mller-kva.example"}, /* in two characters */
		{"fa\u00df.de", "xn--fa-hia.de"}, {"\u4f8b\u3048.jp", "xn--r8jz45g.jp"},
		{"xn--mller-kva.example", "xn--mller-kva.example"},
		{"m\xfcller.example", "m\xfcller.example"}, /* no UTF-8 */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char ascii[HOSTNAME_MAX];
		struct error error = ERROR_INIT;
		assert_int_equal(hostname_to_ascii(rows[i].host, ascii, &error), 0);
		assert_string_equal(ascii, rows[i].ascii);
	}
}

static void what_is_no_name_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		const char *words;
	} rows[] = {
		{"", "the host is empty"},
		{"a b", "host 'a b' contains a blank"},
		{"localhost ", "contains a blank"},
		{"local\nhost", "host 'local\\nhost' is not a name: names have no '\\n'"},
		{"a\x1b[2J", "is not a name: names have no '\\x1b'"},
		{"a;b", "names have no ';'"},
		{"1:2:3", "is not an IPv6 address, and names have no ':'"},
		{"eth0%1", "only link-local IPv6 addresses take an interface"},
		{"[localhost]", "nothing else may be in brackets"},
		{"a..b", "it has nothing before one of its dots"},
		{".a", "it has nothing before one of its dots"},
		{".", "it has nothing before one of its dots"},
		{"256.1.1.1", "is not an IPv4 address"},
		{"1.2.3.4.5", "is not an IPv4 address"},
		{"127.0.0.1.", "is not an IPv4 address"},
		{LABEL_63 "4.example", "has 64 characters; a part has at most 63"},
		{LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63,
			"has 255 characters; a name has at most 253"},
		{"a\u202eb", "host 'a\\u202eb' is not an international name"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char ascii[HOSTNAME_MAX] = "untouched";
		struct error error = ERROR_INIT;
		assert_int_equal(hostname_to_ascii(rows[i].host, ascii, &error), -EINVAL);
		assert_string_equal(ascii, "untouched");
		if (strstr(error.text, rows[i].words) == NULL) {
			fail_msg("'%s': %s", rows[i].host, error.text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_looked_up_in_ascii),
		cmocka_unit_test(what_is_no_name_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
