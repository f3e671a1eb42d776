/* SPDX-License-Identifier: MIT */
/* Results whose report is checked twice: by its fields, and against the schema. */
#ifndef TESTS_UNIT_JSON_SAMPLES_H
#define TESTS_UNIT_JSON_SAMPLES_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/figures.h"
#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

/* A run of which nothing is known but its target. */
static inline int sample_empty(struct result *result)
{
	int r = result_init(result);
	if (r < 0) {
		return r;
	}
	r = result_set_settings(result, &(struct settings){.host = "::1"});
	if (r < 0) {
		return r;
	}
	return address_parse_literal("::1", 65535, &result->target);
}

/* A run that nothing was dialled in: the name could not be resolved. */
static inline int sample_declined(struct result *result, struct verdict *ret_verdict)
{
	static const struct threshold_rules no_rules = {.count = 0};
	int r = result_init(result);
	if (r < 0) {
		return r;
	}
	result->end = RESULT_NOT_STARTED;
	error_set(&result->error, -ENOENT, "no such name");
	verdict_decline(EXIT_STATUS_INCOMPLETE, &no_rules, ret_verdict);
	return 0;
}

static inline void sample_settings(struct settings *settings)
{
	*settings = (struct settings){
		.host = "example.org",
		.ports = "80-81",
		.connections = 1000,
		.sleep_ns = 2500500,
		.start_at = "2024-01-31T13:00:00+01:00",
		.dial_timeout_ns = 5 * NSEC_PER_SEC,
		.interval_ns = NSEC_PER_SEC / 2,
		.hold_ns = 90 * NSEC_PER_SEC,
		.close_mode = CLOSE_RST,
		.resolve_mode = RESOLVE_ALL,
		.only_ipv6 = true,
		.sources = {.items = {"192.0.2.8", "198.51.100.0/24"}, .count = 2},
		.source_port = "2000-3000",
		.fail_if = {.items = {"errors>1%", "lag.p99>10ms"}, .count = 2},
		.abort_if = {.items = {"drops>100"}, .count = 1},
		.force = true,
	};
}

/* What was read beside the connections: each number once. */
static inline void sample_evidence(struct result *result)
{
	result->kernel = (struct kernel_view){.possible = true,
		.asked = 790,
		.agreed = 780,
		.missing = 3,
		.error_number = ENOBUFS,
		.unanswered = 10,
		.too_young = 7,
		.doubtful = 2,
		.repeated_once = 6,
		.syn_retransmits = 25,
		.retransmitted = 12,
		.not_accepted = 6,
		.no_other_end = 2,
		.stale_syns = 9,
		.stale_tuples = 8,
		.slow_syns = 4,
		.slow_answers = 1,
		.cost_ns = 1234567};
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		result->network.values[i] = 1000 + i;
	}
	result->network.values[NETSTAT_SYN_CHALLENGES] = NETSTAT_ABSENT;
	result->icmp = (struct icmp_view){.told = 7, .told_here = 3};
	result->refusal_count = 1;
	result->refusals[0] = (struct refusal){
		.error_number = EACCES,
		.cause = CAUSE_ROUTE_REFUSES,
		.by = "route prohibit 192.0.2.0/24",
		.count = 6,
	};
	address_parse_literal("192.0.2.9", 80, &result->refusals[0].target);
	result->own_rules[RULESET_REJECTS] = (struct ruleset_match){
		.count = 2, .text = "rule 3 of chain output, table inet own (reject)"};
	result->way_count = 1;
	result->ways[0] = (struct way){
		.failed = 40,
		.device = {.name = "eth0", .state = LINK_NO_CARRIER},
		.neighbour = NEIGHBOUR_SILENT,
	};
	address_parse_literal("192.0.2.1", 80, &result->ways[0].target);
	address_parse_literal("198.51.100.7", 0, &result->ways[0].source);
	address_parse_literal("198.51.100.1", 0, &result->ways[0].next_hop);
	result->listener = (struct listener_view){.here = true,
		.target = 1,
		.known = true,
		.known_at_end = true,
		.listened_at_end = 3,
		.backlog = 128,
		.queued_most = 129,
		.queued_at_start = 3,
		.queued_at_end = 127,
		.drained = -7,
		.drained_for_ns = NSEC_PER_SEC,
		.dropped = 31};
	result->tables = (struct host_tables){.conntrack_used = 70,
		.conntrack_max = 262144,
		.time_wait_used = 71,
		.time_wait_max = 8192};
	snprintf(result->reverse_path.device, sizeof(result->reverse_path.device), "eth1");
	result->generator = (struct generator){.cpu_ns = 2250 * NSEC_PER_MSEC,
		.cpu_wait_ns = 350 * NSEC_PER_MSEC,
		.last_dial_ns = 8990 * NSEC_PER_MSEC,
		.engine = "io_uring",
		.late = 12,
		.late_spells = 4,
		.cq_overflows = 5,
		.resolution_us = 180,
		.lanes = 2,
		.quota_ns = 20 * NSEC_PER_MSEC,
		.quota_period_ns = 100 * NSEC_PER_MSEC,
		.throttled = 11,
		.throttled_ns = 880 * NSEC_PER_MSEC,
		.quota_file = "/sys/fs/cgroup/cpu.max",
		.lines_dropped = 7};
	result->machine = (struct host_view){.kernel = "6.1.0-18-amd64",
		.cpus = 4,
		.cpus_allowed = 3,
		.memory_bytes = UINT64_C(8) << 30,
		.nofile = 20000,
		.port_low = 32768,
		.port_high = 60999,
		.syn_retries = 6};
	result->left = (struct leftover){.ports = 21000,
		.ports_of = 28232,
		.files = 70000,
		.files_of = 90000,
		.memory_bytes = UINT64_C(3) << 30,
		.memory_of_bytes = UINT64_C(8) << 30};
	result->target_count = 2;
	for (uint16_t i = 0; i < 2; i++) {
		struct target_tally *tally = &result->targets[i];
		address_parse_literal(
			i == 0 ? "192.0.2.1" : "2001:db8::2", (uint16_t)(80 + i), &tally->address);
		tally->established = 400U + i;
		tally->failed = 40U + i;
	}
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		struct failure_group *group = &result->groups[i].list[0];
		result->groups[i].count = 1;
		*group = (struct failure_group){.dialed = 500 + i,
			.undecided = i,
			.first_rejected = 20 + i,
			.before_rejected = 10};
		group->causes[CAUSE_TIMED_OUT] = (uint32_t)(40 + i);
		group->causes[CAUSE_CLOSED_BY_PEER] = 9;
		address_parse_literal("2001:db8::2", 81, &group->address);
	}
	series_add(&result->series,
		&(struct snapshot){.elapsed_ns = 1,
			.total = 1000,
			.not_initiated = 1000,
			.due = 1,
			.queued = 0});
	series_end(&result->series,
		&(struct snapshot){.elapsed_ns = 12345678901,
			.total = 1000,
			.not_initiated = 100,
			.dialing = 10,
			.established = 600,
			.closed = 200,
			.failed = 90,
			.due = RESULT_UNKNOWN,
			.queued = RESULT_UNKNOWN});
}

/* A run with some of everything. */
static inline int sample_full(struct result *result)
{
	int r = result_init(result);
	if (r < 0) {
		return r;
	}
	struct settings settings;
	sample_settings(&settings);
	r = result_set_settings(result, &settings);
	if (r < 0) {
		return r;
	}
	sample_evidence(result);
	result->started_at_ns = UINT64_C(1706702400) * NSEC_PER_SEC + 5000060;
	result->at_end = (struct snapshot){.total = 1000,
		.not_initiated = 100,
		.dialing = 10,
		.established = 600,
		.closed = 200,
		.failed = 90,
		.due = RESULT_UNKNOWN,
		.queued = RESULT_UNKNOWN};
	result->totals =
		(struct totals){.dialed = 900, .established = 800, .failed = 90, .dropped = 200};
	result->unconfirmed = 4;
	result->unconfirmed_most = 16;
	result->max_concurrent = 700;
	result->given_up_by_kernel = 5;
	result->received_from = 333;
	result->first_rejected = 33;
	result->last_rejected = 888;
	result->stalls = (struct stall_view){.count = 3,
		.total_ns = 4 * NSEC_PER_SEC,
		.longest_ns = 2500 * NSEC_PER_MSEC,
		.suspended_ns = 1500 * NSEC_PER_MSEC,
		.run_delay_ns = 250 * NSEC_PER_MSEC,
		.connect_apart = 17,
		.failure_apart = 8,
		.lifetime_apart = 9};
	result->closing = (struct closing_view){.closed = 600,
		.half_closed = 130,
		.acknowledged = 587,
		.unanswered = 6,
		.reset = 5,
		.undetermined = 2,
		.waited_ns = 2000001000};
	result->duration_ns = 12 * NSEC_PER_SEC + 345678901;
	result->dialing_ns = 9 * NSEC_PER_SEC;
	result->end = RESULT_INTERRUPTED;
	for (uint64_t us = 1; us <= 1000; us++) {
		histogram_record(&result->times[TIMES_HANDSHAKE], us);
		histogram_record(&result->times[TIMES_CONNECT], 10 * us);
	}
	histogram_record(&result->times[TIMES_FAILURE], 5000000);
	histogram_record(&result->times[TIMES_LIFETIME], 60000000);
	for (int cause = CAUSE_NONE + 1; cause < CAUSE_MAX; cause++) {
		result->causes[cause] = (struct cause_tally){.count = (uint64_t)cause,
			.first_ns = NSEC_PER_MSEC,
			.last_ns = 1500 * NSEC_PER_MSEC,
			.last_errno = cause == CAUSE_REFUSED ? ECONNREFUSED : 0};
	}
	return address_parse_literal("192.0.2.1", 80, &result->target);
}

/* Texts and lists that are as long as they may be. */
static inline void sample_fill_lists(struct result *result)
{
	result->target_count = RESULT_TARGETS_MAX;
	for (size_t i = 0; i < RESULT_TARGETS_MAX; i++) {
		struct target_tally *tally = &result->targets[i];
		address_parse_literal("2001:db8::2", (uint16_t)(80 + i), &tally->address);
		tally->established = 3000 + i;
		tally->failed = 4000 + i;
	}
	for (size_t kind = 0; kind < GROUP_KINDS; kind++) {
		result->groups[kind].count = RESULT_GROUPS_MAX;
		result->groups[kind].unlisted = 50 + kind;
		for (size_t i = 0; i < RESULT_GROUPS_MAX; i++) {
			struct failure_group *group = &result->groups[kind].list[i];
			*group = (struct failure_group){.dialed = 5000 + i,
				.undecided = 5100 + i,
				.first_rejected = i == 0 ? RESULT_UNKNOWN : 5200 + i,
				.before_rejected = 5300 + i};
			for (uint32_t cause = CAUSE_NONE + 1; cause < CAUSE_MAX; cause++) {
				group->causes[cause] = 6000 + cause;
			}
			address_parse_literal("192.0.2.1", (uint16_t)(90 + i), &group->address);
		}
	}
	result->refusal_count = RESULT_REFUSALS_MAX;
	result->way_count = RESULT_WAYS_MAX;
	for (size_t i = 0; i < RESULT_REFUSALS_MAX; i++) {
		result->refusals[i] = result->refusals[0];
		result->refusals[i].count = 7000 + i;
		address_parse_literal("2001:db8::7", 0, &result->refusals[i].source);
		memset(result->refusals[i].by, 'b', sizeof(result->refusals[i].by) - 1);
		memset(result->refusals[i].down, 'd', sizeof(result->refusals[i].down) - 1);
	}
	for (size_t i = 0; i < RESULT_WAYS_MAX; i++) {
		result->ways[i] = result->ways[0];
		result->ways[i].failed = 7100 + i;
		result->ways[i].local = i % 2 == 0;
		result->ways[i].device.state = (enum link_state)(i % (LINK_NO_CARRIER + 1));
		result->ways[i].neighbour = (enum neighbour_state)(i % (NEIGHBOUR_SILENT + 1));
	}
	for (unsigned i = 0; i < RULESET_DEEDS; i++) {
		result->own_rules[i].count = 7200 + i;
		memset(result->own_rules[i].text, 'r', sizeof(result->own_rules[i].text) - 1);
	}
	memset(result->error.text, 'e', sizeof(result->error.text) - 1);
	memset(result->machine.kernel, 'k', sizeof(result->machine.kernel) - 1);
	memset(result->generator.quota_file, 'q', sizeof(result->generator.quota_file) - 1);
	memset(result->reverse_path.device, 'p', sizeof(result->reverse_path.device) - 1);
}

/* A result in which every member has a value of its own, whether a run could have it or not. */
static inline int sample_distinct(struct result *result)
{
	int r = sample_full(result);
	if (r < 0) {
		return r;
	}
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		figure_set(figure, result, (UINT64_C(1) << 31) + i);
	}
	sample_fill_lists(result);
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		result->network.values[i] = (UINT64_C(1) << 62) + i;
	}
	result->held = result->local_limit = true;
	result->listener.here = true;
	result->listener.known = result->listener.known_at_start = true;
	result->listener.known_at_end = result->listener.look_failed = true;
	result->listener.target = RESULT_TARGETS_MAX - 1;
	result->listener.listened_at_end = UINT64_MAX - 2;
	result->listener.drained = INT64_MIN;
	result->reverse_path.all = true;
	result->series = (struct series){.step_ns = 77};
	for (size_t i = 0; i < SERIES_MAX; i++) {
		result->series.samples[i] = (struct snapshot){.elapsed_ns = 8000 + i,
			.total = 5 * i,
			.not_initiated = i,
			.dialing = i,
			.established = i,
			.closed = i,
			.failed = i,
			.due = 9000 + i,
			.queued = 9500 + i};
	}
	result->series.count = SERIES_MAX;
	result->at_end.due = 9000 + SERIES_MAX - 1;
	result->at_end.queued = 9500 + SERIES_MAX - 1;
	result->at_end.elapsed_ns = result->duration_ns;
	histogram_record_n(&result->times[TIMES_LAG], HISTOGRAM_HIGHEST_US + 5, 3);
	histogram_record_n(&result->times[TIMES_LAG], 0, 2);
	return 0;
}

/* A verdict on it with thresholds crossed, kept and not judged, and with a finding. */
static inline int sample_verdict(
	const struct result *result, struct threshold_rules *rules, struct verdict *ret_verdict)
{
	const struct result_settings *settings = &result->settings;
	int r = threshold_rules_read(rules, &settings->fail_if, &settings->abort_if, NULL);
	if (r < 0) {
		return r;
	}
	verdict_judge(result, rules, ret_verdict);
	struct findings *findings = &ret_verdict->findings;
	findings->count = 1;
	findings->list[0] = (struct finding){
		.name = "idle_timeout",
		.side = CAUSE_SIDE_REMOTE,
		.count = 200,
		.evidence = "200 of 800 were closed 60 s after they were established.",
		.hint = "Raise the idle timeout.",
	};
	return 0;
}

#endif
