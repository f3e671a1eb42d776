/* SPDX-License-Identifier: MIT */
/* Messages of rtnetlink as the kernel makes them, taken apart: rules, devices, neighbours. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/net/link.h"
#include "tcpgoon/net/route.h"

static struct address literal(const char *text)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, 80, &address), 0);
	return address;
}

static void a_prefix_has_what_shares_its_bits(void **state)
{
	(void)state;
	static const struct {
		const char *network;
		unsigned length;
		const char *host;
		bool has;
	} rows[] = {
		{"192.0.2.0", 24, "192.0.2.255", true},
		{"192.0.2.0", 24, "192.0.3.0", false},
		{"192.0.2.128", 25, "192.0.2.127", false},
		{"192.0.2.128", 25, "192.0.2.129", true},
		{"192.0.2.1", 32, "192.0.2.1", true},
		{"192.0.2.1", 32, "192.0.2.0", false},
		{"0.0.0.0", 0, "203.0.113.9", true},
		{"192.0.2.0", 33, "192.0.2.0", false},
		{"192.0.2.0", 24, "2001:db8::1", false},
		{"2001:db8::", 32, "2001:db8:ffff::1", true},
		{"2001:db8::", 33, "2001:db8:8000::1", false},
		{"2001:db8::1", 128, "2001:db8::1", true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct address network = literal(rows[i].network);
		struct address host = literal(rows[i].host);
		assert_int_equal(route_prefix_has(&network, rows[i].length, &host), rows[i].has);
	}
}

static void begin_rule(
	struct rtnetlink_request *message, sa_family_t family, uint8_t action, uint32_t priority)
{
	rtnetlink_begin(message, RTM_NEWRULE, sizeof(message->rule), family);
	message->rule.action = action;
	rtnetlink_put(message, FRA_PRIORITY, &priority, sizeof(priority));
}

static void a_rule_refuses_what_it_selects(void **state)
{
	(void)state;
	struct address target = literal("192.0.2.9");
	struct address source = literal("198.51.100.7");
	struct address network = literal("192.0.2.0");
	const struct route_packet packet = {.source = &source, .target = &target, .uid = 1000};
	struct route_packet unbound = packet;
	unbound.source = NULL;
	const struct fib_rule_port_range web = {.start = 80, .end = 88};
	const struct fib_rule_port_range mail = {.start = 25, .end = 25};
	const struct fib_rule_uid_range root = {.start = 0, .end = 0};
	const uint32_t mark = 7;
	struct rtnetlink_request message;
	struct route_rule rule;

	begin_rule(&message, AF_INET, FR_ACT_PROHIBIT, 5);
	message.rule.dst_len = 24;
	rtnetlink_put_host(&message, FRA_DST, &network);
	rtnetlink_put(&message, FRA_DPORT_RANGE, &web, sizeof(web));
	assert_true(route_read_rule(&message.header, &packet, &rule));
	assert_int_equal(rule.priority, 5);
	assert_int_equal(rule.error_number, EACCES);
	assert_string_equal(rule.text, "rule 5: from all to 192.0.2.0/24 dport 80-88 prohibit");

	message.rule.flags = FIB_RULE_INVERT;
	assert_false(route_read_rule(&message.header, &packet, &rule));

	begin_rule(&message, AF_INET, FR_ACT_BLACKHOLE, 6);
	message.rule.src_len = 32;
	rtnetlink_put_host(&message, FRA_SRC, &source);
	assert_true(route_read_rule(&message.header, &packet, &rule));
	assert_int_equal(rule.error_number, EINVAL);
	assert_string_equal(rule.text, "rule 6: from 198.51.100.7 blackhole");
	assert_false(route_read_rule(&message.header, &unbound, &rule));

	begin_rule(&message, AF_INET, FR_ACT_UNREACHABLE, 7);
	assert_true(route_read_rule(&message.header, &unbound, &rule));
	assert_int_equal(rule.error_number, ENETUNREACH);
	rtnetlink_put(&message, FRA_DPORT_RANGE, &mail, sizeof(mail));
	assert_false(route_read_rule(&message.header, &packet, &rule));

	begin_rule(&message, AF_INET, FR_ACT_PROHIBIT, 8);
	rtnetlink_put(&message, FRA_UID_RANGE, &root, sizeof(root));
	assert_false(route_read_rule(&message.header, &packet, &rule));
	begin_rule(&message, AF_INET, FR_ACT_PROHIBIT, 8);
	rtnetlink_put(&message, FRA_FWMARK, &mark, sizeof(mark));
	assert_false(route_read_rule(&message.header, &packet, &rule));
	begin_rule(&message, AF_INET, FR_ACT_PROHIBIT, 8);
	rtnetlink_put(&message, FRA_IIFNAME, "eth0", 5);
	assert_false(route_read_rule(&message.header, &packet, &rule));

	/* One that only names a table refuses nothing; nor does what is no rule, or is cut off. */
	begin_rule(&message, AF_INET, FR_ACT_TO_TBL, 9);
	assert_false(route_read_rule(&message.header, &packet, &rule));
	begin_rule(&message, AF_INET, FR_ACT_PROHIBIT, 9);
	message.header.nlmsg_len = NLMSG_LENGTH(4);
	assert_false(route_read_rule(&message.header, &packet, &rule));
	message.header.nlmsg_type = RTM_NEWROUTE;
	assert_false(route_read_rule(&message.header, &packet, &rule));
}

static void a_device_is_up_with_a_carrier(void **state)
{
	(void)state;
	static const struct {
		unsigned flags;
		int carrier; /* -1: not told */
		int operational;
		enum link_state link;
	} rows[] = {
		{IFF_UP, 1, 6, LINK_UP}, {IFF_UP, -1, 0, LINK_UP}, /* unknown, as lo is */
		{0, 0, 2, LINK_DOWN}, {IFF_UP, 0, 2, LINK_NO_CARRIER},
		{IFF_UP, 1, 3, LINK_NO_CARRIER}, /* the lower layer is down */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rtnetlink_request message;
		struct link_view link;
		uint8_t carrier = (uint8_t)rows[i].carrier;
		uint8_t operational = (uint8_t)rows[i].operational;
		rtnetlink_begin(&message, RTM_NEWLINK, sizeof(message.link), AF_UNSPEC);
		message.link.ifi_flags = rows[i].flags;
		assert_false(link_parse(&message.header, &link)); /* without a name */
		rtnetlink_put(&message, IFLA_IFNAME, "eth0", 5);
		if (rows[i].carrier >= 0) {
			rtnetlink_put(&message, IFLA_CARRIER, &carrier, 1);
		}
		rtnetlink_put(&message, IFLA_OPERSTATE, &operational, 1);
		assert_true(link_parse(&message.header, &link));
		assert_string_equal(link.name, "eth0");
		assert_int_equal(link.state, rows[i].link);
	}
}

static void a_neighbour_that_was_asked_in_vain_is_silent(void **state)
{
	(void)state;
	assert_int_equal(link_neighbour_from(NUD_INCOMPLETE), NEIGHBOUR_SILENT);
	assert_int_equal(link_neighbour_from(NUD_FAILED), NEIGHBOUR_SILENT);
	assert_int_equal(link_neighbour_from(NUD_REACHABLE), NEIGHBOUR_KNOWN);
	assert_int_equal(link_neighbour_from(NUD_STALE), NEIGHBOUR_KNOWN);
	assert_int_equal(link_neighbour_from(NUD_PERMANENT), NEIGHBOUR_KNOWN);
	assert_int_equal(link_neighbour_from(NUD_NOARP), NEIGHBOUR_UNKNOWN);
	assert_int_equal(link_neighbour_from(NUD_NONE), NEIGHBOUR_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_has_what_shares_its_bits),
		cmocka_unit_test(a_rule_refuses_what_it_selects),
		cmocka_unit_test(a_device_is_up_with_a_carrier),
		cmocka_unit_test(a_neighbour_that_was_asked_in_vain_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
