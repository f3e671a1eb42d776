/* SPDX-License-Identifier: MIT */
/* The rules on what of the dials left this machine. */
#include <errno.h>

#include "diagnose_fixture.h"

static struct address literal(const char *text)
{
	struct address address;
	assert_int_equal(address_parse_literal(text, 80, &address), 0);
	return address;
}

static struct refusal *refuse(struct fixture *fixture, enum cause cause, const char *target)
{
	struct result *result = &fixture->result;
	struct refusal *refusal = &result->refusals[result->refusal_count++];
	*refusal = (struct refusal){.target = literal(target), .cause = cause, .count = 20};
	reject(fixture, cause, 20);
	return refusal;
}

static struct way *lead_to(struct fixture *fixture, const char *target, uint64_t failed)
{
	struct result *result = &fixture->result;
	struct way *way = &result->ways[result->way_count++];
	*way = (struct way){
		.target = literal(target),
		.next_hop = literal(target),
		.failed = failed,
		.device = {.name = "eth0", .state = LINK_UP},
	};
	result->target = literal(target);
	return way;
}

/* So many SYNs were sent again, once each. */
static void retransmit(struct fixture *fixture, uint64_t count)
{
	struct kernel_view *kernel = &fixture->result.kernel;
	kernel->possible = true;
	kernel->syn_retransmits = count;
	kernel->retransmitted = count;
}

static void set(struct fixture *fixture, enum netstat_counter counter, uint64_t value)
{
	fixture->result.network.values[counter] = value;
}

static void expect_local(struct fixture *fixture, const char *name, enum finding_weight weight)
{
	const struct finding *finding = find(fixture, name);
	assert_non_null(finding);
	assert_int_equal(finding->side, CAUSE_SIDE_LOCAL);
	assert_int_equal(finding->weight, weight);
}

static void without_a_route_nobody_else_is_accused(void **state)
{
	struct fixture *fixture = *state;
	refuse(fixture, CAUSE_NO_ROUTE, "2001:db8::1");
	assert_only(fixture, "no_route", 20,
		"This machine has no route to 2001:db8::1: no SYN was sent for 20 of 20 "
		"connections.");
	assert_non_null(strstr(find(fixture, "no_route")->hint, "`ip -6 route get 2001:db8::1`"));
	refuse(fixture, CAUSE_NO_ROUTE, "2001:db8::2");
	strcpy(fixture->result.refusals[0].down, "eth0");
	assert_only(fixture, "no_route", 40,
		"This machine has no route to 2001:db8::1 and to others: no SYN was sent for 40 of "
		"40 connections.");
	assert_string_equal(find(fixture, "no_route")->hint,
		"The device eth0 would lead there, but is down: `ip link set eth0 up`.");
}

static void what_refuses_is_named_with_what_takes_it_away(void **state)
{
	struct fixture *fixture = *state;
	struct refusal *refusal = refuse(fixture, CAUSE_ROUTE_REFUSES, "192.0.2.1");
	assert_only(fixture, "route_refuses", 20,
		"This machine's own routes refuse 20 of 20 connections: no SYN was sent.");
	strcpy(refusal->by, "route blackhole 192.0.2.0/24");
	assert_only(fixture, "route_refuses", 20,
		"This machine's own route blackhole 192.0.2.0/24 refuses 20 of 20 connections, to "
		"192.0.2.1: no SYN was sent.");
	assert_non_null(strstr(
		find(fixture, "route_refuses")->hint, "`ip route del blackhole 192.0.2.0/24`"));
	strcpy(refusal->by, "rule 77: from all to 192.0.2.1 prohibit");
	assert_non_null(strstr(find(fixture, "route_refuses")->hint, "`ip rule del priority 77`"));
}

static void the_longest_names_leave_a_whole_sentence(void **state)
{
	struct fixture *fixture = *state;
	struct refusal *refusal =
		refuse(fixture, CAUSE_ROUTE_REFUSES, "2001:db8:1111:2222:3333:4444:5555:6666");
	memset(refusal->by, 'x', sizeof(refusal->by) - 1);
	memcpy(refusal->by, "route ", 6);
	const struct finding *finding = find(fixture, "route_refuses");
	if (finding == NULL) {
		fail_msg("no route_refuses");
		return;
	}
	assert_int_equal(finding->evidence[strlen(finding->evidence) - 1], '.');
	assert_int_equal(finding->hint[strlen(finding->hint) - 1], '.');
}

static void a_security_module_is_no_firewall(void **state)
{
	struct fixture *fixture = *state;
	struct refusal *refusal = refuse(fixture, CAUSE_NOT_PERMITTED, "192.0.2.1");
	refusal->error_number = EACCES;
	strcpy(refusal->by, "landlock,selinux");
	assert_string_equal(find(fixture, "local_not_permitted")->hint,
		"connect said EACCES, and no packet was sent: check the rules of a security module "
		"(Landlock, SELinux, AppArmor; this kernel has landlock,selinux).");
	refusal->error_number = EPERM;
	assert_string_equal(find(fixture, "local_not_permitted")->hint,
		"connect said EPERM, and no packet was sent: check the programs of the "
		"cgroup (connect4, connect6), IPsec policies that block (`ip xfrm "
		"policy`) and the container's profile.");
}

static void a_device_without_carrier_is_ours(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_HOST_UNREACHABLE, 20);
	struct way *way = lead_to(fixture, "192.0.2.1", 20);
	way->neighbour = NEIGHBOUR_SILENT;
	way->device.state = LINK_NO_CARRIER;
	assert_only(fixture, "device_down", 20,
		"This machine's route to 192.0.2.1 uses the device eth0, which has no carrier: "
		"20 connections failed.");
	expect_local(fixture, "device_down", FINDING_LOCAL);
	way->device.state = LINK_DOWN;
	assert_string_equal(
		find(fixture, "device_down")->hint, "Bring it up: `ip link set eth0 up`.");
}

static void a_silent_neighbour_is_of_the_path(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.kernel.possible = true;
	struct way *way = lead_to(fixture, "192.0.2.1", 20);
	way->neighbour = NEIGHBOUR_SILENT;
	assert_only(fixture, "neighbour_silent", 20,
		"192.0.2.1 did not answer on the device eth0 when this machine asked for its "
		"link-layer address (ARP): no SYN left this machine; 20 connections failed.");
	assert_int_equal(find(fixture, "neighbour_silent")->side, CAUSE_SIDE_PATH);
	/* One that was sent again has left. */
	retransmit(fixture, 20);
	way->next_hop = literal("192.0.2.254");
	assert_finding(fixture, "neighbour_silent", 20,
		"The gateway 192.0.2.254 did not answer on the device eth0 when this machine asked "
		"for its link-layer address (ARP); 20 connections failed.");
}

/* What the counters say where `unsent` packets did not get behind the filters of the output. */
static void leave_unsent(struct fixture *fixture, uint64_t unsent)
{
	set(fixture, NETSTAT_IP_REQUESTS, 1000);
	set(fixture, NETSTAT_IP_TRANSMITS, 1000 - unsent);
}

static void own_drops_need_as_many_packets_as_were_lost(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	lead_to(fixture, "192.0.2.1", 20);
	leave_unsent(fixture, 19);
	assert_no(fixture, "output_dropped");
	leave_unsent(fixture, 20);
	assert_only(fixture, "output_dropped", 20,
		"This machine dropped SYNs it was about to send: 20 packets did not "
		"leave, and 20 connections had to wait or timed out.");
	expect_local(fixture, "output_dropped", FINDING_LOCAL);
	/* Far more than that: it is somebody else's as well, and nothing is known of ours. */
	leave_unsent(fixture, 500);
	assert_no(fixture, "output_dropped");
}

/* Where SYNs were sent again, TCP must have been told that they were dropped. */
static void own_drops_need_failed_retransmissions(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	retransmit(fixture, 20);
	lead_to(fixture, "192.0.2.1", 20);
	leave_unsent(fixture, 40);
	set(fixture, NETSTAT_RETRANSMIT_FAILS, 0);
	assert_no(fixture, "output_dropped");
	set(fixture, NETSTAT_RETRANSMIT_FAILS, 20);
	assert_only(fixture, "output_dropped", 20,
		"This machine dropped SYNs it was about to send: 40 packets did not "
		"leave, and 20 connections had to wait or timed out.");
	/* For want of a route: no filter. */
	set(fixture, NETSTAT_IP_NO_ROUTES, 20);
	assert_no(fixture, "output_dropped");
	set(fixture, NETSTAT_IP_NO_ROUTES, 0);
	/* The rule that can have done it, where it can be read. */
	struct ruleset_match *match = &fixture->result.own_rules[RULESET_DROPS];
	*match = (struct ruleset_match){
		.count = 1, .text = "rule 3 of chain output, table inet own (tcp dport 80 drop)"};
	assert_string_equal(find(fixture, "output_dropped")->hint,
		"Check rule 3 of chain output, table inet own (tcp dport 80 drop): no other rule "
		"of nf_tables can drop them on the way out.");
	match->count = 3;
	assert_non_null(strstr(find(fixture, "output_dropped")->hint, "and 2 more that can"));
	/* They got through IP. */
	leave_unsent(fixture, 0);
	assert_non_null(strstr(find(fixture, "output_dropped")->hint, "hook egress"));
	set(fixture, NETSTAT_IP_TRANSMITS, NETSTAT_ABSENT);
	assert_non_null(find(fixture, "output_dropped"));
}

static void own_drops_that_only_delay_are_a_remark(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	retransmit(fixture, 20);
	lead_to(fixture, "192.0.2.1", 0);
	leave_unsent(fixture, 20);
	set(fixture, NETSTAT_RETRANSMIT_FAILS, 20);
	expect_local(fixture, "output_dropped", FINDING_REMARK);
}

static void own_rejects_answer_by_the_loopback(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 20);
	lead_to(fixture, "192.0.2.1", 20);
	leave_unsent(fixture, 20);
	set(fixture, NETSTAT_LO_PACKETS, 19);
	assert_no(fixture, "output_rejected");
	set(fixture, NETSTAT_LO_PACKETS, 20);
	assert_only(fixture, "output_rejected", 20,
		"This machine itself rejected 20 of 20 connections: what it was about to "
		"send did not get past its output hook, and no SYN left.");
	expect_local(fixture, "output_rejected", FINDING_LOCAL);
	leave_unsent(fixture, 19);
	assert_no(fixture, "output_rejected");
}

static void a_refusal_by_this_host_takes_two_packets(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 20);
	lead_to(fixture, "127.0.0.1", 20)->local = true;
	set(fixture, NETSTAT_LO_PACKETS, 40);
	assert_no(fixture, "output_rejected");
	set(fixture, NETSTAT_LO_PACKETS, 39);
	assert_non_null(find(fixture, "output_rejected"));
	set(fixture, NETSTAT_LO_PACKETS, NETSTAT_ABSENT);
	assert_no(fixture, "output_rejected");
}

static void an_icmp_error_of_our_own_is_ours(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_PROHIBITED, 20);
	struct way *way = lead_to(fixture, "192.0.2.1", 20);
	set(fixture, NETSTAT_IP_TRANSMITS, NETSTAT_ABSENT); /* before Linux 6.6 */
	fixture->result.icmp = (struct icmp_view){.told = 20};
	assert_no(fixture, "output_rejected");
	fixture->result.icmp.told_here = 20;
	assert_only(fixture, "output_rejected", 20,
		"This machine itself rejected 20 of 20 connections: the ICMP error came from an "
		"address of this host, and no SYN left.");
	/* Where the kernel counts, each must be missing; else it was ARP that failed for a while. */
	leave_unsent(fixture, 0);
	assert_no(fixture, "output_rejected");
	leave_unsent(fixture, 20);
	assert_non_null(find(fixture, "output_rejected"));
	/* That of a neighbour who does not answer comes from here as well. */
	way->neighbour = NEIGHBOUR_SILENT;
	leave_unsent(fixture, 0);
	assert_no(fixture, "output_rejected");
	/* And about an address of this host, the ICMP error says nothing of where it was made. */
	way->neighbour = NEIGHBOUR_UNKNOWN;
	way->local = true;
	set(fixture, NETSTAT_LO_PACKETS, 40);
	assert_no(fixture, "output_rejected");
}

static void the_reverse_path_filter_needs_harm(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 20);
	set(fixture, NETSTAT_REVERSE_PATH_FILTERED, 200);
	assert_no(fixture, "reverse_path_filtered");
	reject(fixture, CAUSE_TIMED_OUT, 20);
	retransmit(fixture, 20);
	strcpy(fixture->result.reverse_path.device, "eth1");
	assert_only(fixture, "reverse_path_filtered", 20,
		"This machine's reverse path filter dropped 200 incoming packets, and 20 "
		"connections were not answered.");
	expect_local(fixture, "reverse_path_filtered", FINDING_LOCAL);
	assert_non_null(strstr(
		find(fixture, "reverse_path_filtered")->hint, "net.ipv4.conf.eth1.rp_filter"));
	fixture->result.reverse_path.all = true;
	assert_non_null(strstr(
		find(fixture, "reverse_path_filtered")->hint, "net.ipv4.conf.all.rp_filter"));
	set(fixture, NETSTAT_REVERSE_PATH_FILTERED, 19);
	assert_no(fixture, "reverse_path_filtered");
	set(fixture, NETSTAT_REVERSE_PATH_FILTERED, 100000);
	assert_no(fixture, "reverse_path_filtered");
}

/* What the counters say where `dropped` packets that came in did not get behind the filters. */
static void leave_undelivered(struct fixture *fixture, uint64_t dropped)
{
	set(fixture, NETSTAT_IP_RECEIVES, 1000 + dropped);
	set(fixture, NETSTAT_IP_DELIVERS, 900);
	set(fixture, NETSTAT_IP_FORWARDED, 50);
	set(fixture, NETSTAT_IP_MULTICASTS, 30);
	set(fixture, NETSTAT_IP_BROADCASTS, 20);
}

static void dropped_answers_are_as_many_as_the_syns(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	retransmit(fixture, 20);
	struct way *way = lead_to(fixture, "192.0.2.1", 20);
	leave_undelivered(fixture, 39);
	assert_no(fixture, "input_dropped");
	leave_undelivered(fixture, 40);
	assert_only(fixture, "input_dropped", 20,
		"This machine dropped 40 incoming packets, as many as may be the answers "
		"to its SYNs, and 20 connections timed out.");
	expect_local(fixture, "input_dropped", FINDING_LOCAL);
	fixture->result.own_rules[RULESET_DROPS_ANSWERS] = (struct ruleset_match){
		.count = 1, .text = "rule 3 of chain input, table ip own (drop)"};
	assert_string_equal(find(fixture, "input_dropped")->hint,
		"Check rule 3 of chain input, table ip own (drop): no other rule of nf_tables can "
		"drop them on the way in.");
	/* Far more: whose they are is not known. */
	leave_undelivered(fixture, 1000);
	assert_no(fixture, "input_dropped");
	/* To a target on this host, it may be the SYNs that are dropped. */
	leave_undelivered(fixture, 40);
	way->local = true;
	assert_no(fixture, "input_dropped");
	/* The reverse path filter has a counter of its own. */
	way->local = false;
	set(fixture, NETSTAT_REVERSE_PATH_FILTERED, 40);
	assert_no(fixture, "input_dropped");
}

static void a_full_tracker_explains_what_did_not_leave(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	lead_to(fixture, "192.0.2.1", 20);
	leave_unsent(fixture, 20);
	set(fixture, NETSTAT_CONNTRACK_DROPS, 19);
	assert_no(fixture, "conntrack_full");
	set(fixture, NETSTAT_CONNTRACK_DROPS, 20);
	assert_only(fixture, "conntrack_full", 20,
		"This host's connection tracking had no entry left for 20 packets, and 20 "
		"connections had to wait or timed out.");
	expect_local(fixture, "conntrack_full", FINDING_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_route_nobody_else_is_accused),
		TEST(what_refuses_is_named_with_what_takes_it_away),
		TEST(the_longest_names_leave_a_whole_sentence),
		TEST(a_security_module_is_no_firewall),
		TEST(a_device_without_carrier_is_ours),
		TEST(a_silent_neighbour_is_of_the_path),
		TEST(own_drops_need_as_many_packets_as_were_lost),
		TEST(own_drops_need_failed_retransmissions),
		TEST(own_drops_that_only_delay_are_a_remark),
		TEST(own_rejects_answer_by_the_loopback),
		TEST(a_refusal_by_this_host_takes_two_packets),
		TEST(an_icmp_error_of_our_own_is_ours),
		TEST(the_reverse_path_filter_needs_harm),
		TEST(dropped_answers_are_as_many_as_the_syns),
		TEST(a_full_tracker_explains_what_did_not_leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
