/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/net/netstat.h"

static const char snmp[] =
	"Ip: Forwarding DefaultTTL InReceives InDiscards OutDiscards OutNoRoutes\n"
	"Ip: 2 64 4396 4 5 6\n"
	"Icmp: InMsgs OutRsts\n"
	"Icmp: 1 999\n"
	"Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets RetransSegs "
	"InErrs OutRsts InCsumErrors\n"
	"Tcp: 1 -1 105 2 7 8 9 10 11 12\n"
	"Udp: InErrors\n"
	"Udp: 1\n";

static const char netstat_text[] =
	"TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans "
	"TCPReqQFullDrop\n"
	"TcpExt: 0 21 22 23 18446744073709551614 24\n"
	"IpExt: InNoRoutes ListenDrops\n"
	"IpExt: 0 77\n";

static void each_counter_is_read_from_its_group(void **state)
{
	(void)state;
	struct netstat netstat;
	netstat_init(&netstat);
	netstat_parse(&netstat, snmp);
	netstat_parse(&netstat, netstat_text);
	const struct {
		enum netstat_counter counter;
		uint64_t value;
	} expected[] = {
		{NETSTAT_IP_NO_ROUTES, 6},
		{NETSTAT_ACTIVE_OPENS, 105},
		{NETSTAT_PASSIVE_OPENS, 2},
		{NETSTAT_RESETS_SENT, 11}, /* not Icmp's */
		{NETSTAT_CHECKSUM_ERRORS, 12},
		{NETSTAT_SYNCOOKIES_SENT, 0},
		{NETSTAT_LISTEN_OVERFLOWS, 21},
		{NETSTAT_LISTEN_DROPS, 22}, /* not IpExt's */
		{NETSTAT_SYN_RETRANSMITS, UINT64_MAX - 1},
		{NETSTAT_REQUEST_QUEUE_DROPS, 24},
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(netstat.values[expected[i].counter], expected[i].value);
	}
}

static void what_the_kernel_lacks_is_absent(void **state)
{
	(void)state;
	struct netstat netstat;
	netstat_init(&netstat);
	netstat_parse(&netstat, snmp);
	assert_true(netstat.values[NETSTAT_LISTEN_OVERFLOWS] == NETSTAT_ABSENT);
	assert_true(netstat.values[NETSTAT_SYN_CHALLENGES] == NETSTAT_ABSENT);
	assert_true(netstat.values[NETSTAT_ACTIVE_OPENS] == 105);
}

static void damaged_text_is_passed_over(void **state)
{
	(void)state;
	const struct {
		const char *text;
		uint64_t drops; /* ListenDrops */
	} cases[] = {
		{"", NETSTAT_ABSENT},
		{"\n\n\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops\nTcpExt:\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops\nTcpExt: x\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops\nTcpExt: -1\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrops\nOther: 3\n", NETSTAT_ABSENT},
		{"TcpExt ListenDrops\nTcpExt 3\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDropsToo\nTcpExt: 3\n", NETSTAT_ABSENT},
		{"TcpExt: ListenDrop\nTcpExt: 3\n", NETSTAT_ABSENT},
		{"TcpExt: A ListenDrops B\nTcpExt: 1 3\n", 3},
		{"TcpExt: ListenDrops\nTcpExt: 3", 3},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netstat netstat;
		netstat_init(&netstat);
		netstat_parse(&netstat, cases[i].text);
		assert_true(netstat.values[NETSTAT_LISTEN_DROPS] == cases[i].drops);
	}
}

static void the_difference_is_what_was_added(void **state)
{
	(void)state;
	struct netstat before;
	struct netstat after;
	netstat_init(&before);
	netstat_init(&after);
	before.values[NETSTAT_LISTEN_DROPS] = 10;
	after.values[NETSTAT_LISTEN_DROPS] = 25;
	before.values[NETSTAT_RESETS_SENT] = 3;
	after.values[NETSTAT_RESETS_SENT] = 3;
	before.values[NETSTAT_SYN_RETRANSMITS] = 9;
	after.values[NETSTAT_SYN_RETRANSMITS] = 1; /* another namespace */
	after.values[NETSTAT_ACTIVE_OPENS] = 5; /* absent before */
	before.values[NETSTAT_PASSIVE_OPENS] = 5; /* absent after */
	struct netstat difference = netstat_difference(&before, &after);
	assert_int_equal(difference.values[NETSTAT_LISTEN_DROPS], 15);
	assert_int_equal(difference.values[NETSTAT_RESETS_SENT], 0);
	assert_int_equal(difference.values[NETSTAT_SYN_RETRANSMITS], 0);
	assert_true(difference.values[NETSTAT_ACTIVE_OPENS] == NETSTAT_ABSENT);
	assert_true(difference.values[NETSTAT_PASSIVE_OPENS] == NETSTAT_ABSENT);
	assert_true(difference.values[NETSTAT_LISTEN_OVERFLOWS] == NETSTAT_ABSENT);
}

static void each_counter_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < NETSTAT_MAX; i++) {
		const char *name = netstat_name((enum netstat_counter)i);
		assert_non_null(name);
		assert_non_null(strchr(name, '.'));
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(name, netstat_name((enum netstat_counter)j));
		}
	}
	assert_string_equal(netstat_name(NETSTAT_LISTEN_OVERFLOWS), "TcpExt.ListenOverflows");
}

static void ipv6_has_a_name_and_a_value_on_each_line(void **state)
{
	(void)state;
	struct netstat netstat;
	netstat_init(&netstat);
	netstat_parse_snmp6(&netstat,
		"Ip6InReceives                   \t17\n"
		"Ip6OutRequests                  \t18\n"
		"Ip6OutNoRoutes                  \t19\n"
		"Icmp6OutMsgs                    \t99\n"
		"Ip6OutTransmits                 \t20\n");
	netstat_parse_snmp6_lo(&netstat, "ifIndex\t1\nIp6OutRequests\t8\nIp6OutTransmits\t7\n");
	netstat_parse_devices(&netstat,
		"Inter-|   Receive  | Transmit\n face |bytes packets errs |bytes packets\n"
		"    lo: 1000 12 0 0 2000 24 0\n  eth0: 9 8 0 0 7 6 0\n");
	netstat_parse_xfrm(&netstat, "XfrmInError\t1\nXfrmOutNoStates         \t43\n");
	assert_int_equal(netstat.values[NETSTAT_XFRM_NO_STATES], 43);
	assert_int_equal(netstat.values[NETSTAT_IP6_REQUESTS], 18);
	assert_int_equal(netstat.values[NETSTAT_IP6_NO_ROUTES], 19);
	assert_int_equal(netstat.values[NETSTAT_IP6_TRANSMITS], 20);
	assert_int_equal(netstat.values[NETSTAT_LO_IP6_REQUESTS], 8);
	assert_int_equal(netstat.values[NETSTAT_LO_IP6_TRANSMITS], 7);
	assert_int_equal(netstat.values[NETSTAT_LO_PACKETS], 12);
	assert_int_equal(netstat.values[NETSTAT_IP_REQUESTS], NETSTAT_ABSENT);
}

static void processors_of_the_tracker_are_added_up(void **state)
{
	(void)state;
	struct netstat netstat;
	netstat_init(&netstat);
	netstat_parse_conntrack(&netstat,
		"entries  clashres found insert_failed drop early_drop icmp_error\n"
		"00000003 00000000 00000000 00000001 0000000a 00000002 00000000\n"
		"00000003 00000000 00000000 00000000 00000010 00000001 00000000\n");
	assert_int_equal(netstat.values[NETSTAT_CONNTRACK_DROPS], 26);
	assert_int_equal(netstat.values[NETSTAT_CONNTRACK_EARLY_DROPS], 3);
	netstat_init(&netstat);
	netstat_parse_conntrack(&netstat, "entries drop early_drop\n");
	assert_int_equal(netstat.values[NETSTAT_CONNTRACK_DROPS], NETSTAT_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_is_read_from_its_group),
		cmocka_unit_test(what_the_kernel_lacks_is_absent),
		cmocka_unit_test(damaged_text_is_passed_over),
		cmocka_unit_test(the_difference_is_what_was_added),
		cmocka_unit_test(each_counter_has_its_own_name),
		cmocka_unit_test(ipv6_has_a_name_and_a_value_on_each_line),
		cmocka_unit_test(processors_of_the_tracker_are_added_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
