/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct address parse(const char *text, uint16_t port)
{
	struct address address;
	memset(&address, 0xee, sizeof(address));
	assert_int_equal(address_parse_literal(text, port, &address), 0);
	return address;
}

static void assert_host(const struct address *address, const char *expected)
{
	char buffer[ADDRESS_TEXT_MAX];
	assert_ptr_equal(address_format_host(address, buffer), buffer);
	assert_string_equal(buffer, expected);
}

static void literals_are_read_and_printed(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *host;
		const char *with_port;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:8080"},
		{"0.0.0.0", "0.0.0.0", "0.0.0.0:8080"},
		{"255.255.255.255", "255.255.255.255", "255.255.255.255:8080"},
		{"::1", "::1", "[::1]:8080"},
		{"[::1]", "::1", "[::1]:8080"},
		{"::", "::", "[::]:8080"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "[2001:db8::1]:8080"},
		{"[2001:db8::1]", "2001:db8::1", "[2001:db8::1]:8080"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:8080"},
		{"1111:2222:3333:4444:5555:6666:7777:8888",
			"1111:2222:3333:4444:5555:6666:7777:8888",
			"[1111:2222:3333:4444:5555:6666:7777:8888]:8080"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address = parse(rows[i].text, 8080);
		assert_int_equal(address_port(&address), 8080);
		assert_host(&address, rows[i].host);
		char buffer[ADDRESS_TEXT_MAX];
		assert_ptr_equal(address_format(&address, buffer), buffer);
		assert_string_equal(buffer, rows[i].with_port);
	}
}

static void what_is_no_literal_is_refused(void **state)
{
	(void)state;
	char longer[2 * ADDRESS_TEXT_MAX];
	memset(longer, ':', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	const char *const bads[] = {
		"",
		"[]",
		"[",
		"]",
		"[::1",
		"::1]",
		"[[::1]]",
		"[127.0.0.1]",
		"localhost",
		"127.1",
		"127.0.0.256",
		"127.0.0.1:80",
		" 127.0.0.1",
		"127.0.0.1 ",
		"0x7f000001",
		"1:2:3",
		":::1",
		"[::1]:80",
		"127.0.0.1%lo",
		longer,
	};
	for (size_t i = 0; i < COUNT_OF(bads); i++) {
		struct address address;
		struct address before;
		memset(&address, 0xee, sizeof(address));
		before = address;
		assert_int_equal(address_parse_literal(bads[i], 80, &address), -EINVAL);
		assert_memory_equal(&address, &before, sizeof(address));
	}
}

static void what_is_wrong_with_a_zone_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		const char *words;
	} rows[] = {
		{"::1%", -EDOM,
			"only a link-local address (fe80::/10) takes an interface: give ::1"},
		{"::1%lo", -EDOM, "give ::1"}, /* it would be ignored there */
		{"[2001:db8::1%25lo]", -EDOM, "give 2001:db8::1"},
		{"fe80::1%", -ENODEV, "no interface ''"},
		{"fe80::1%0", -ENODEV, "no interface '0'"},
		{"fe80::1%no-such-link", -ENODEV, "no interface 'no-such-link'; it has "},
		{"[fe80::1%no-such-link]", -ENODEV, "no interface 'no-such-link'; it has "},
		{"fe80::1%251", -ENODEV, "no interface '251'"}, /* no brackets: no URL */
		{"fe80::1%4000000000", -ENODEV, "no interface '4000000000'"},
		{"fe80::1%4294967296", -ENODEV, "no interface '4294967296'"},
		{"fe80::1%18446744073709551617", -ENODEV, "no interface"}, /* 2^64 + 1 */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address;
		struct error error = ERROR_INIT;
		assert_int_equal(address_parse_literal(rows[i].text, 80, &address), rows[i].code);
		assert_int_equal(
			address_explain_literal(rows[i].code, rows[i].text, &error), rows[i].code);
		assert_non_null(strstr(error.text, rows[i].words));
	}
	struct error error = ERROR_INIT;
	struct address lacking = parse("fe80::1", 80);
	assert_true(address_lacks_zone(&lacking));
	address_explain_literal(-EADDRNOTAVAIL, "[fe80::1]", &error);
	assert_non_null(strstr(error.text, "name its interface, as in fe80::1%"));
}

static void mapped_ipv4_is_ipv4(void **state)
{
	(void)state;
	struct address address = parse("::ffff:192.0.2.9", 443);
	struct address same = parse("192.0.2.9", 443);
	address_unmap(&address);
	assert_true(address_same_host(&address, &same));
	assert_int_equal(address_port(&address), 443);
	struct address other = parse("::192.0.2.9", 443);
	address_unmap(&other);
	assert_int_equal(other.any.sa_family, AF_INET6);
	address_unmap(&same);
	assert_host(&same, "192.0.2.9");
}

static void zones_are_links_of_this_host(void **state)
{
	(void)state;
	struct address plain = parse("fe80::1", 80);
	assert_int_equal(plain.v6.sin6_scope_id, 0);
	assert_host(&plain, "fe80::1");

	/* By the number of a link that this host need not have. */
	struct address numbered = plain;
	numbered.v6.sin6_scope_id = UINT32_C(4000000000);
	assert_int_equal(numbered.v6.sin6_scope_id, UINT32_C(4000000000));
	assert_host(&numbered, "fe80::1%4000000000");
	assert_false(address_same_host(&plain, &numbered));

	/* Loopback is link 1 in every network namespace; its name is the kernel's to tell. */
	char name[IF_NAMESIZE];
	assert_non_null(if_indextoname(1, name));
	char text[ADDRESS_TEXT_MAX];
	snprintf(text, sizeof(text), "[fe80::1%%%s]", name);
	struct address named = parse(text, 80);
	assert_int_equal(named.v6.sin6_scope_id, 1);
	char expected[ADDRESS_TEXT_MAX];
	snprintf(expected, sizeof(expected), "[fe80::1%%%s]:80", name);
	assert_string_equal(address_format(&named, text), expected);

	struct address url = parse("[fe80::1%251]", 80); /* RFC 6874 */
	assert_int_equal(url.v6.sin6_scope_id, 1);
	snprintf(text, sizeof(text), "[fe80::1%%25%s]", name);
	url = parse(text, 80);
	assert_int_equal(url.v6.sin6_scope_id, 1);
	assert_false(address_lacks_zone(&url));

	struct address multicast = parse("ff02::1%1", 80);
	assert_int_equal(multicast.v6.sin6_scope_id, 1);
}

static void the_longest_text_fits(void **state)
{
	(void)state;
	/* The longest text inet_ntop has for a link-local address, with the longest number. */
	struct address address = parse("fe80:1111:2222:3333:4444:5555:6666:7777", 65535);
	address.v6.sin6_scope_id = UINT32_MAX;
	char buffer[ADDRESS_TEXT_MAX];
	assert_string_equal(address_format(&address, buffer),
		"[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535");
}

static void sockaddrs_are_taken_over(void **state)
{
	(void)state;
	struct address address;
	struct sockaddr_storage storage = {0};

	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(443)};
	v4.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(&storage, &v4, sizeof(v4));
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&storage, &address), 0);
	assert_int_equal(address_length(&address), sizeof(struct sockaddr_in));
	assert_int_equal(address_port(&address), 443);
	assert_host(&address, "192.0.2.1");

	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	v6.sin6_addr = in6addr_loopback;
	v6.sin6_flowinfo = htonl(5);
	memcpy(&storage, &v6, sizeof(v6));
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&storage, &address), 0);
	assert_int_equal(address_length(&address), sizeof(struct sockaddr_in6));
	assert_int_equal(address_port(&address), 80);
	assert_host(&address, "::1");
	assert_memory_equal(&address.v6, &v6, sizeof(v6));

	struct address before = address;
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	assert_int_equal(address_from_sockaddr((struct sockaddr *)&local, &address), -EAFNOSUPPORT);
	assert_memory_equal(&address, &before, sizeof(address));
}

static void ports_are_set_in_network_order(void **state)
{
	(void)state;
	static const char *const hosts[] = {"192.0.2.1", "2001:db8::1"};
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct address address = parse(hosts[i], 0x1234);
		/* The same place in both families. */
		assert_int_equal(ntohs(address.v4.sin_port), 0x1234);
		address_set_port(&address, 65535);
		assert_int_equal(address_port(&address), 65535);
		address_set_port(&address, 0);
		assert_int_equal(address_port(&address), 0);
		assert_host(&address, hosts[i]);
	}
}

static void loopback_and_any_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool loopback;
		bool any;
	} rows[] = {
		{"127.0.0.1", true, false},
		{"127.255.255.254", true, false},
		{"126.255.255.255", false, false},
		{"128.0.0.1", false, false},
		{"1.0.0.127", false, false},
		{"0.0.0.0", false, true},
		{"0.0.0.1", false, false},
		{"::1", true, false},
		{"::2", false, false},
		{"::", false, true},
		{"::ffff:127.0.0.9", true, false},
		{"::ffff:10.0.0.1", false, false},
		{"2001:db8::7f00:1", false, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address = parse(rows[i].text, 80);
		assert_int_equal(address_is_loopback(&address), rows[i].loopback);
		assert_int_equal(address_is_any(&address), rows[i].any);
	}
}

static void what_no_host_has_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool multicast;
		bool broadcast;
	} rows[] = {
		{"223.255.255.255", false, false},
		{"224.0.0.0", true, false},
		{"239.255.255.255", true, false},
		{"240.0.0.0", false, false},
		{"255.255.255.254", false, false},
		{"255.255.255.255", false, true},
		{"ff02::1", true, false},
		{"fe80::1", false, false},
		{"::ffff:224.0.0.1", false, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address = parse(rows[i].text, 80);
		assert_int_equal(address_is_multicast(&address), rows[i].multicast);
		assert_int_equal(address_is_limited_broadcast(&address), rows[i].broadcast);
	}
}

static void hosts_are_compared_without_port(void **state)
{
	(void)state;
	struct address a = parse("192.0.2.1", 80);
	struct address same = parse("192.0.2.1", 443);
	struct address other = parse("192.0.2.2", 80);
	struct address v6 = parse("2001:db8::1", 80);
	struct address same_v6 = parse("2001:db8::1", 1);
	struct address other_v6 = parse("2001:db8::2", 80);
	struct address mapped = parse("::ffff:192.0.2.1", 80);
	assert_true(address_same_host(&a, &same));
	assert_false(address_same_host(&a, &other));
	assert_false(address_same_host(&a, &v6));
	assert_false(address_same_host(&v6, &a));
	assert_false(address_same_host(&a, &mapped));
	assert_true(address_same_host(&v6, &same_v6));
	assert_false(address_same_host(&v6, &other_v6));
}

static void offsets_carry(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t offset;
		const char *sum;
	} rows[] = {
		{"127.0.0.1", 0, "127.0.0.1"},
		{"127.0.0.1", 1, "127.0.0.2"},
		{"127.0.0.255", 1, "127.0.1.0"},
		{"127.0.0.0", 0xfffffe, "127.255.255.254"},
		{"10.255.255.255", 1, "11.0.0.0"},
		{"255.255.255.255", 1, "0.0.0.0"},
		{"10.0.0.1", UINT64_C(1) << 32, "10.0.0.1"},
		{"2001:db8::1", 0, "2001:db8::1"},
		{"2001:db8::ff", 1, "2001:db8::100"},
		{"2001:db8::ffff:ffff", 1, "2001:db8::1:0:0"},
		{"2001:db8::1", 0x1234567890, "2001:db8::12:3456:7891"},
		{"2001:db8::ffff:ffff:ffff:ffff", 1, "2001:db8::"},
		{"2001:db8::1", UINT64_MAX, "2001:db8::"},
		{"2001:db8::ffff:ffff:ffff:ffff", UINT64_MAX, "2001:db8::ffff:ffff:ffff:fffe"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address = parse(rows[i].text, 77);
		struct address sum = address_plus(&address, rows[i].offset);
		assert_host(&sum, rows[i].sum);
		assert_int_equal(address_port(&sum), 77);
		assert_host(&address, rows[i].text);
	}
}

static void distances_undo_offsets(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
		uint64_t distance;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", 0},
		{"127.0.0.1", "127.0.1.0", 255},
		{"0.0.0.0", "255.255.255.255", UINT32_MAX},
		{"127.0.0.2", "127.0.0.1", UINT64_MAX},
		{"127.0.0.1", "::1", UINT64_MAX},
		{"::1", "127.0.0.1", UINT64_MAX},
		{"2001:db8::1", "2001:db8::1", 0},
		{"2001:db8::ff", "2001:db8::1:0:0:100", 0x1000000000001},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", UINT64_MAX - 1},
		{"2001:db8::2", "2001:db8::1", UINT64_MAX},
		{"2001:db8::1", "2001:db8:0:1::1", UINT64_MAX},
		{"fe80::1%1", "fe80::3%1", 2},
		{"fe80::1%1", "fe80::3%2", UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address from = parse(rows[i].from, 1);
		struct address to = parse(rows[i].to, 2);
		uint64_t distance = address_distance(&from, &to);
		assert_true(distance == rows[i].distance);
		if (distance != UINT64_MAX) {
			struct address sum = address_plus(&from, distance);
			assert_true(address_same_host(&sum, &to));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_read_and_printed),
		cmocka_unit_test(what_is_no_literal_is_refused),
		cmocka_unit_test(what_is_wrong_with_a_zone_is_told),
		cmocka_unit_test(mapped_ipv4_is_ipv4),
		cmocka_unit_test(zones_are_links_of_this_host),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(sockaddrs_are_taken_over),
		cmocka_unit_test(ports_are_set_in_network_order),
		cmocka_unit_test(loopback_and_any_are_told),
		cmocka_unit_test(what_no_host_has_is_told),
		cmocka_unit_test(hosts_are_compared_without_port),
		cmocka_unit_test(offsets_carry),
		cmocka_unit_test(distances_undo_offsets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
