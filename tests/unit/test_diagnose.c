/* SPDX-License-Identifier: MIT */
/* The table as a whole; the rules on this machine and on the path. */
#include "diagnose_fixture.h"

static void a_run_that_went_well_has_no_finding(void **state)
{
	struct fixture *fixture = *state;
	assert_nothing(fixture);
	establish(fixture, 1000);
	listen_here(fixture, 128);
	fixture->result.unconfirmed = 0;
	assert_nothing(fixture);
}

static void each_rule_has_a_name_of_its_own(void **state)
{
	(void)state;
	size_t count = 0;
	while (diagnose_rule_at(count) != NULL) {
		assert_true(diagnose_rule_at(count)[0] != '\0');
		for (size_t i = 0; i < count; i++) {
			assert_string_not_equal(diagnose_rule_at(i), diagnose_rule_at(count));
		}
		count++;
	}
	assert_in_range(count, 25, FINDINGS_MAX);
}

/* Each number as long as it can be: nothing is cut off, and nothing overflows. */
static void sentences_end_whatever_the_numbers(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	const uint64_t many = UINT64_C(16777216);
	establish(fixture, many);
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		result->causes[i] = (struct cause_tally){.count = many, .last_ns = NSEC_PER_SEC};
	}
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		result->network.values[i] = UINT64_MAX - 1;
	}
	listen_here(fixture, UINT32_MAX);
	result->listener.queued_most = UINT32_MAX;
	result->unconfirmed = many;
	result->kernel.retransmitted = many;
	result->kernel.syn_retransmits = 6 * many;
	diagnose(result, &fixture->findings);
	assert_true(fixture->findings.count > 5);
	for (size_t i = 0; i < fixture->findings.count; i++) {
		const struct finding *finding = &fixture->findings.list[i];
		assert_int_equal(finding->evidence[strlen(finding->evidence) - 1], '.');
		assert_int_equal(finding->hint[strlen(finding->hint) - 1], '.');
	}
}

static void what_failed_here_comes_first(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 90);
	reject(fixture, CAUSE_DESCRIPTORS, 10);
	diagnose(&fixture->result, &fixture->findings);
	assert_int_equal(fixture->findings.count, 2);
	assert_string_equal(fixture->findings.list[0].name, "local_descriptors");
	assert_string_equal(fixture->findings.list[1].name, "no_listener");
}

static void each_local_cause_has_its_finding(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		enum cause cause;
		const char *name;
		const char *evidence;
	} cases[] = {
		{CAUSE_PORTS_EXHAUSTED, "local_ports_exhausted",
			"3 of 10 connections found no free local port on this machine, the first "
			"after 250 ms."},
		{CAUSE_DESCRIPTORS, "local_descriptors",
			"3 of 10 connections got no file descriptor on this machine, the first "
			"after 250 ms."},
		{CAUSE_MEMORY, "local_memory",
			"3 of 10 connections got no memory from the kernel of this machine, the "
			"first after 250 ms."},
		{CAUSE_NOT_PERMITTED, "local_not_permitted",
			"3 of 10 connections were not permitted on this machine, the first after "
			"250 ms."},
		{CAUSE_SOURCE_INVALID, "source_unusable",
			"3 of 10 connections could not use their source address, the first after "
			"250 ms."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		teardown(state);
		setup(state);
		establish(fixture, 7);
		assert_no(fixture, cases[i].name);
		reject(fixture, cases[i].cause, 3);
		fixture->result.causes[cases[i].cause].first_ns = 250 * NSEC_PER_MSEC;
		assert_only(fixture, cases[i].name, 3, cases[i].evidence);
		assert_int_equal(fixture->findings.list[0].side, CAUSE_SIDE_LOCAL);
	}
}

static void conntrack_full(void **state)
{
	struct fixture *fixture = *state;
	struct host_tables *tables = &fixture->result.tables;
	establish(fixture, 950);
	reject(fixture, CAUSE_TIMED_OUT, 50);
	fixture->result.first_rejected = 950;
	assert_no(fixture, "conntrack_full"); /* not known */
	tables->conntrack_max = 1000;
	tables->conntrack_used = 949;
	assert_no(fixture, "conntrack_full");
	tables->conntrack_used = 950;
	assert_only(fixture, "conntrack_full", 50,
		"This host's connection tracking held 950 of at most 1000 entries at the end, and "
		"50 connections had to wait or timed out.");
	/* Full of others' entries: it has dropped no packet, or fewer than would explain ours. */
	fixture->result.network.values[NETSTAT_CONNTRACK_DROPS] = 49;
	assert_no(fixture, "conntrack_full");
	fixture->result.network.values[NETSTAT_CONNTRACK_DROPS] = NETSTAT_ABSENT;
	tables->conntrack_max = 0; /* unlimited */
	assert_no(fixture, "conntrack_full");
}

static void a_full_conntrack_that_hurt_nobody_is_no_finding(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 1000);
	fixture->result.tables.conntrack_max = 1000;
	fixture->result.tables.conntrack_used = 1000;
	assert_nothing(fixture);
}

static void counters_of_this_host(void **state)
{
	struct fixture *fixture = *state;
	uint64_t *values = fixture->result.network.values;
	establish(fixture, 10);
	values[NETSTAT_TIME_WAIT_OVERFLOWS] = 0;
	values[NETSTAT_MEMORY_PRESSURES] = 0;
	values[NETSTAT_ABORTS_ON_MEMORY] = 0;
	assert_nothing(fixture);
	values[NETSTAT_TIME_WAIT_OVERFLOWS] = 7;
	values[NETSTAT_ABORTS_ON_MEMORY] = 2;
	assert_nothing(fixture); /* of other programs, as far as one can tell */
	for (unsigned i = 0; i < 3; i++) {
		drop(fixture, CAUSE_RESET_BY_PEER, 2000 + 700 * i, 2000 + 700 * i);
	}
	assert_finding(fixture, "memory_pressure", 0,
		"TCP on this host ran short of memory: 0 times under pressure, 2 "
		"connections of any program aborted; 3 of this run were harmed.");
	assert_no(fixture, "time_wait_overflow");
	fixture->result.listener.here = true;
	assert_finding(fixture, "time_wait_overflow", 3,
		"7 connections on this host, at most 3 of them of this run, ended without "
		"TIME_WAIT.");
}

static void client_limited_without_a_pace(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 49001);
	result->dialing_ns = NSEC_PER_SEC;
	result->generator.last_dial_ns = 980 * NSEC_PER_MSEC;
	/* It took a whole CPU itself: that was asked for. */
	result->generator.cpu_ns = 899 * NSEC_PER_MSEC;
	assert_false(result_is_cpu_bound(result));
	assert_nothing(fixture);
	result->generator.cpu_ns = 900 * NSEC_PER_MSEC;
	assert_true(result_is_cpu_bound(result));
	assert_nothing(fixture);
	/* Others have the CPU: that is this machine's limit. */
	result->generator.cpu_ns = 80 * NSEC_PER_MSEC;
	result->generator.cpu_wait_ns = 819 * NSEC_PER_MSEC;
	assert_nothing(fixture);
	result->generator.cpu_wait_ns = 850 * NSEC_PER_MSEC;
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: this machine spent 8% of a CPU core on "
		"50000 dials a second, and kept it waiting for one 85% of the time.");
	result->generator.cpu_wait_ns = 0;
	/* Too short for the ticks that CPU time is counted in. */
	result->dialing_ns = GENERATOR_CPU_MIN_NS - 1;
	result->generator.cpu_ns = GENERATOR_CPU_MIN_NS;
	assert_nothing(fixture);
}

static void client_limited_by_a_stall(void **state)
{
	struct fixture *fixture = *state;
	struct stall_view *stalls = &fixture->result.stalls;
	establish(fixture, 100);
	*stalls = (struct stall_view){
		.count = 1, .total_ns = 300 * NSEC_PER_MSEC, .longest_ns = 300 * NSEC_PER_MSEC};
	assert_nothing(fixture); /* it harmed nothing */
	stalls->connect_apart = 12;
	assert_only(fixture, "client_limited", 12,
		"The run was client-limited: this program was stalled once for 300 ms. "
		"Set apart because they span a stall: 12 connect times, 0 times to an "
		"error, 0 lifetimes.");
	assert_non_null(strstr(find(fixture, "client_limited")->hint, "SIGSTOP"));
	stalls->run_delay_ns = 200 * NSEC_PER_MSEC;
	assert_non_null(strstr(find(fixture, "client_limited")->hint, "had no CPU"));
	stalls->suspended_ns = 200 * NSEC_PER_MSEC;
	assert_non_null(strstr(find(fixture, "client_limited")->hint, "suspended"));
	*stalls = (struct stall_view){
		.count = 3, .total_ns = 4 * NSEC_PER_SEC, .longest_ns = 2 * NSEC_PER_SEC};
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: this program was stalled 3 times, at most "
		"2.00 s at a time, in all for 4.00 s. Set apart because they span a "
		"stall: 0 connect times, 0 times to an error, 0 lifetimes.");
}

static void client_limited_with_a_pace(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 101);
	histogram_record_n(&result->times[TIMES_LAG], 10000, 101);
	result->dialing_ns = 105 * NSEC_PER_MSEC;
	result->generator.cpu_ns = 105 * NSEC_PER_MSEC; /* the pace decides, not this */
	result->settings.sleep_ns = NSEC_PER_MSEC;
	result->schedule = schedule_every(NSEC_PER_MSEC, 1);
	result->generator.last_dial_ns = 110 * NSEC_PER_MSEC; /* slow, yet hardly late */
	assert_nothing(fixture);
	result->generator.last_dial_ns = 200 * NSEC_PER_MSEC;
	result->generator.late = 25; /* once, at the end */
	result->generator.late_spells = 1;
	assert_nothing(fixture);
	result->generator.late = 91;
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: of 1000.0 dials a second asked, 500.0 were kept; 91 of "
		"101 were more than 10 ms late, one in a hundred 10.0 ms or more.");
	reject(fixture, CAUSE_DESCRIPTORS, 1); /* says enough */
	assert_no(fixture, "client_limited");
}

static void late_dials_are_a_limit_too(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 100);
	result->settings.sleep_ns = NSEC_PER_MSEC;
	result->schedule = schedule_every(NSEC_PER_MSEC, 1);
	result->generator.last_dial_ns = 99 * NSEC_PER_MSEC;
	histogram_record_n(&result->times[TIMES_LAG], 20000, 100);
	result->generator.late = 100;
	result->generator.late_spells = 3; /* single events, however long */
	assert_nothing(fixture);
	result->generator.late_spells = 4;
	result->generator.late = 24; /* a few */
	assert_nothing(fixture);
	result->generator.late = 25;
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: of 1000.0 dials a second asked, 1000.0 were kept; 25 "
		"of 100 were more than 10 ms late, one in a hundred 20.0 ms or more.");
}

/* A ramp and bursts are late by their own instants. */
static void any_pace_can_be_lost(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 101);
	histogram_record_n(&result->times[TIMES_LAG], 20000, 101);
	result->generator.late = 91;
	result->generator.late_spells = 1;
	result->settings.ramps.count = 0;
	assert_int_equal(text_list_add_copy(&result->settings.ramps, "0:200:1s"), 0);
	assert_true(schedule_add_stage(&result->schedule, 0, 200 * SCHEDULE_PER_S, NSEC_PER_SEC));
	/* The last was due after a second: 1% late is no loss. */
	result->generator.last_dial_ns = 1010 * NSEC_PER_MSEC;
	assert_nothing(fixture);
	result->generator.last_dial_ns = 2 * NSEC_PER_SEC;
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: of 100.0 dials a second asked on average, 50.0 were "
		"kept; 91 of 101 were more than 10 ms late, one in a hundred 20.0 ms or more.");
	text_list_free_copies(&result->settings.ramps);
	result->settings.sleep_ns = NSEC_PER_SEC;
	result->settings.burst = 101;
	result->schedule = schedule_every(NSEC_PER_SEC, 101);
	assert_only(fixture, "client_limited", 0,
		"The run was client-limited: 101 at once every 1s were asked; 91 of 101 were more "
		"than 10 ms late, one in a hundred 20.0 ms or more.");
}

static void firewall_drop(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.kernel.asked = 20;
	fixture->result.kernel.syn_retransmits = 40;
	fixture->result.kernel.retransmitted = 20;
	fixture->result.first_rejected = 0;
	assert_only(fixture, "firewall_drop", 20,
		"None of 20 connections was answered within 5.00 s; 40 SYNs were retransmitted "
		"without an answer.");
	/* Other programs of this host dial from other ports than this run did. */
	assert_null(strstr(find(fixture, "firewall_drop")->hint, "ip_local_port_range"));
	fixture->result.kernel.possible = true;
	fixture->result.left.ports = 28232;
	fixture->result.left.ports_of = 28232;
	assert_non_null(strstr(find(fixture, "firewall_drop")->hint, "ip_local_port_range"));
	fixture->result.left.ports = 28000;
	assert_null(strstr(find(fixture, "firewall_drop")->hint, "ip_local_port_range"));
	reject(fixture, CAUSE_REFUSED, 1); /* an answer */
	assert_no(fixture, "firewall_drop");
	assert_finding(fixture, "partial_drop", 20,
		"20 of 21 connections were never answered, while the others were "
		"answered.");
}

/* One SYN each: it may have been lost, or its answer be late. */
static void a_timeout_of_one_syn(void **state)
{
	struct fixture *fixture = *state;
	fixture->result.settings.dial_timeout_ns = NSEC_PER_SEC;
	fixture->result.kernel.asked = 20;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	assert_only(fixture, "firewall_drop", 20,
		"None of 20 connections was answered within 1.00 s, which is too short for a "
		"second SYN.");
	const char *first = "Try a longer --dial-timeout first";
	assert_memory_equal(fixture->findings.list[0].hint, first, strlen(first));
}

/* What the setting would have allowed is no measurement, and of nobody asked nothing is known. */
static void a_kernel_that_gives_up_before_the_timeout(void **state)
{
	struct fixture *fixture = *state;
	fixture->result.settings.dial_timeout_ns = 3060 * NSEC_PER_MSEC;
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.settings.dial_timeout_ns = 30 * NSEC_PER_SEC;
	fixture->result.given_up_by_kernel = 20;
	fixture->result.machine.syn_retries = 1;
	assert_only(fixture, "firewall_drop", 20,
		"None of 20 connections was answered; this machine's kernel gave up each after "
		"3.06 s (net.ipv4.tcp_syn_retries = 1); how many SYNs were retransmitted is not "
		"known.");
	fixture->result.network.values[NETSTAT_SYN_RETRANSMITS] = 20;
	assert_only(fixture, "firewall_drop", 20,
		"None of 20 connections was answered; this machine's kernel gave up each after "
		"3.06 s (net.ipv4.tcp_syn_retries = 1); this machine retransmitted at most 20 "
		"SYNs for them.");
	fixture->result.given_up_by_kernel = 5; /* --dial-timeout was about as long */
	fixture->result.machine.syn_retries = RESULT_UNKNOWN;
	assert_only(fixture, "firewall_drop", 20,
		"None of 20 connections was answered; this machine's kernel gave up some after "
		"3.06 s (net.ipv4.tcp_syn_retries); this machine retransmitted at most 20 SYNs "
		"for them.");
}

static void partial_drop(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 60);
	assert_nothing(fixture);
	reject(fixture, CAUSE_TIMED_OUT, 40);
	fixture->result.first_rejected = 3;
	fixture->result.kernel.retransmitted = 40;
	fixture->result.kernel.syn_retransmits = 80;
	assert_only(fixture, "partial_drop", 40,
		"40 of 100 connections were never answered, while the others were "
		"answered.");
	/* As many came up late: random. */
	fixture->result.kernel.retransmitted = 80;
	assert_no(fixture, "partial_drop");
}

static void syn_loss(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 199);
	reject(fixture, CAUSE_TIMED_OUT, 1);
	fixture->result.first_rejected = 77;
	fixture->result.kernel.retransmitted = 13; /* the one that timed out among them */
	fixture->result.kernel.syn_retransmits = 20;
	assert_only(fixture, "syn_loss", 13,
		"12 connections were established only after a SYN was retransmitted and "
		"1 never was: about 9.5% of the SYNs or their answers were lost.");
	/* Of tuples that the peer still held, and of late answers, no SYN was lost. */
	fixture->result.kernel.retransmitted = 15;
	fixture->result.kernel.syn_retransmits = 25;
	fixture->result.kernel.slow_answers = 1;
	fixture->result.kernel.slow_syns = 2;
	fixture->result.kernel.stale_tuples = 1;
	fixture->result.kernel.stale_syns = 3;
	assert_only(fixture, "syn_loss", 13,
		"12 connections were established only after a SYN was retransmitted and "
		"1 never was: about 9.5% of the SYNs or their answers were lost.");
	fixture->result.kernel.retransmitted = 2;
	assert_no(fixture, "syn_loss");
	fixture->result.kernel = (struct kernel_view){0};
	assert_no(fixture, "syn_loss");
	/* With one SYN each, loss is a timeout. */
	fixture->result.settings.dial_timeout_ns = NSEC_PER_SEC;
	assert_int_equal(find(fixture, "syn_loss")->count, 1);
}

static void firewall_reject(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_HOST_UNREACHABLE, 5);
	assert_no(fixture, "firewall_reject");
	reject(fixture, CAUSE_PROHIBITED, 20);
	assert_finding(fixture, "firewall_reject", 20,
		"20 of 25 connections were rejected by a firewall: ICMP said administratively "
		"prohibited.");
}

static void firewall_reset(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 20);
	listen_here(fixture, 128);
	assert_only(fixture, "firewall_reset", 20,
		"All 20 connections that were answered were refused, although a server "
		"on this host listens there.");
	assert_int_equal(fixture->findings.list[0].side, CAUSE_SIDE_PATH);
	leave(fixture);
	assert_no(fixture, "firewall_reset");
}

/* Where others came up, it takes that TCP of this host sent no reset. */
static void firewall_reset_of_some(void **state)
{
	struct fixture *fixture = *state;
	struct result *result = &fixture->result;
	establish(fixture, 30);
	reject(fixture, CAUSE_REFUSED, 20);
	result->first_rejected = 7;
	listen_here(fixture, 128);
	result->listener.listened_at_end = 1;
	assert_only(fixture, "some_refused", 20,
		"20 connections were refused while 30 were established.");
	result->network.values[NETSTAT_RESETS_SENT] = 20; /* it was away for a moment */
	assert_no(fixture, "firewall_reset");
	result->network.values[NETSTAT_RESETS_SENT] = 0;
	assert_only(fixture, "firewall_reset", 20,
		"20 connections that were answered were refused, although a server on "
		"this host listens there and TCP on this host sent no reset for them.");
	result->listener.listened_at_end = 0; /* not on this target */
	assert_no(fixture, "firewall_reset");
}

static void damaged_segments(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 10);
	fixture->result.network.values[NETSTAT_CHECKSUM_ERRORS] = 60;
	assert_nothing(fixture); /* of other connections of this host */
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.first_rejected = 3;
	fixture->result.kernel.retransmitted = 20;
	assert_only(fixture, "damaged_segments", 20,
		"This machine dropped 60 incoming segments with a wrong checksum, and 20 "
		"connections had to wait or timed out.");
	fixture->result.network.values[NETSTAT_CHECKSUM_ERRORS] = 19;
	assert_no(fixture, "damaged_segments");
}

static void unreachable(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_PROHIBITED, 1);
	assert_no(fixture, "unreachable");
	reject(fixture, CAUSE_NETWORK_UNREACHABLE, 2);
	reject(fixture, CAUSE_HOST_UNREACHABLE, 7);
	assert_finding(fixture, "unreachable", 9,
		"9 of 10 connections were unreachable (network 2, host 7).");
}

static void set_target(
	struct fixture *fixture, const char *address, uint64_t established, uint64_t failed)
{
	struct target_tally *target = &fixture->result.targets[fixture->result.target_count++];
	*target = (struct target_tally){.established = established, .failed = failed};
	assert_int_equal(address_parse_literal(address, 80, &target->address), 0);
}

/* There is no name to take it out of. */
static void a_dead_port_of_a_host_that_is_alive(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 10);
	reject(fixture, CAUSE_TIMED_OUT, 10);
	set_target(fixture, "192.0.2.1", 10, 0);
	set_target(fixture, "192.0.2.1", 0, 10);
	address_set_port(&fixture->result.targets[1].address, 81);
	const struct finding *finding = find(fixture, "name_with_dead_address");
	assert_non_null(finding);
	assert_non_null(strstr(finding->evidence, "(192.0.2.1:81)"));
	assert_non_null(strstr(finding->hint, "on another port"));
}

static void name_with_dead_address(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 20);
	reject(fixture, CAUSE_TIMED_OUT, 10);
	fixture->result.kernel.retransmitted = 10;
	fixture->result.first_rejected = 1;
	set_target(fixture, "192.0.2.1", 10, 0);
	set_target(fixture, "192.0.2.2", 1, 9);
	assert_no(fixture, "name_with_dead_address");
	fixture->result.target_count = 1;
	set_target(fixture, "2001:db8::1", 0, 10);
	set_target(fixture, "192.0.2.3", 10, 0);
	assert_only(fixture, "name_with_dead_address", 10,
		"1 of 3 targets accepted no connection ([2001:db8::1]:80), 10 failures "
		"in all, while the others did.");
	assert_non_null(strstr(find(fixture, "name_with_dead_address")->hint, "from the name"));
	/* Where more failed than on the dead one, there is more to say. */
	reject(fixture, CAUSE_TIMED_OUT, 30);
	assert_finding(fixture, "partial_drop", 40,
		"40 of 60 connections were never answered, while the others were "
		"answered.");
}

static void all_addresses_dead_is_no_matter_of_one(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 20);
	set_target(fixture, "192.0.2.1", 0, 10);
	set_target(fixture, "192.0.2.2", 0, 10);
	assert_only(
		fixture, "no_listener", 20, "All 20 connections that were answered were refused.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_that_went_well_has_no_finding),
		TEST(each_rule_has_a_name_of_its_own),
		TEST(sentences_end_whatever_the_numbers),
		TEST(what_failed_here_comes_first),
		TEST(each_local_cause_has_its_finding),
		TEST(conntrack_full),
		TEST(a_full_conntrack_that_hurt_nobody_is_no_finding),
		TEST(counters_of_this_host),
		TEST(client_limited_without_a_pace),
		TEST(client_limited_by_a_stall),
		TEST(client_limited_with_a_pace),
		TEST(late_dials_are_a_limit_too),
		TEST(any_pace_can_be_lost),
		TEST(firewall_drop),
		TEST(a_timeout_of_one_syn),
		TEST(a_kernel_that_gives_up_before_the_timeout),
		TEST(partial_drop),
		TEST(syn_loss),
		TEST(firewall_reject),
		TEST(firewall_reset),
		TEST(firewall_reset_of_some),
		TEST(damaged_segments),
		TEST(unreachable),
		TEST(name_with_dead_address),
		TEST(a_dead_port_of_a_host_that_is_alive),
		TEST(all_addresses_dead_is_no_matter_of_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
