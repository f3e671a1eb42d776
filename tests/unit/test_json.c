/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "json_samples.h"
#include "plain_verdict.h"
#include "report/json.h"
#include "tcpgoon/stats/hdr_encoding.h"
#include "tcpgoon/stats/interval.h"

struct fixture {
	struct result result;
	struct threshold_rules rules;
	struct verdict verdict;
	json_t *root; /* its report, read back */
};

static int read_back(struct fixture *fixture)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(report_json.end(NULL, out, &fixture->result, &fixture->verdict), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(text[length - 1], '\n');
	json_error_t error;
	fixture->root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	free(text);
	assert_non_null(fixture->root);
	return 0;
}

static int setup_empty(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(sample_empty(&fixture->result), 0);
	fixture->verdict = plain_verdict(&fixture->result);
	*state = fixture;
	return read_back(fixture);
}

static int setup_full(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	assert_int_equal(sample_full(&fixture->result), 0);
	assert_int_equal(sample_verdict(&fixture->result, &fixture->rules, &fixture->verdict), 0);
	*state = fixture;
	return read_back(fixture);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->root);
	result_finish(&fixture->result);
	free(fixture);
	return 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	assert_non_null(text);
	return text;
}

static json_int_t count_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void assert_real(const json_t *object, const char *key, double expected)
{
	const json_t *value = json_object_get(object, key);
	assert_true(json_is_real(value));
	assert_true(fabs(json_real_value(value) - expected) < 1e-9);
}

static void the_head_says_what_it_is_of(void **state)
{
	const struct fixture *fixture = *state;
	assert_string_equal(text_of(fixture->root, "schema"), "tcpgoon-result/2");
	assert_string_equal(text_of(fixture->root, "ended"), "interrupted");
	assert_int_equal(count_of(fixture->root, "duration_ns"), 12345678901);
	assert_int_equal(count_of(fixture->root, "dialing_ns"), 9 * NSEC_PER_SEC);
	assert_true(json_is_false(json_object_get(fixture->root, "held")));
	const json_t *target = json_object_get(fixture->root, "target");
	assert_string_equal(text_of(target, "host"), "example.org");
	assert_string_equal(text_of(target, "address"), "192.0.2.1");
	assert_int_equal(count_of(target, "port"), 80);
}

/* That an object has these counts, and `others` members beside them. */
struct expected_count {
	const char *key;
	json_int_t count;
};

static void assert_counts(const json_t *object, const struct expected_count *expected,
	size_t expected_count, size_t others)
{
	assert_int_equal(json_object_size(object), expected_count + others);
	for (size_t i = 0; i < expected_count; i++) {
		assert_int_equal(count_of(object, expected[i].key), expected[i].count);
	}
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void connections_are_counted(void **state)
{
	const struct fixture *fixture = *state;
	const struct expected_count expected[] = {{"requested", 1000}, {"dialed", 900},
		{"established", 800}, {"unconfirmed_least", 4}, {"unconfirmed_most", 16},
		{"failed", 90}, {"closed_by_peer", 200}, {"open_at_end", 600}, {"undecided", 10},
		{"not_dialed", 100}, {"max_concurrent", 700}, {"given_up_by_kernel", 5},
		{"received_from", 333}, {"first_rejected", 33}, {"last_rejected", 888},
		{"accepted_at_least", 133}};
	const json_t *connections = json_object_get(fixture->root, "connections");
	assert_counts(connections, expected, LENGTH(expected), 1);
	assert_true(json_is_null(json_object_get(connections, "unconfirmed"))); /* not exactly */
}

static void assert_texts(const json_t *object, const char *key, const struct text_list *expected)
{
	const json_t *texts = json_object_get(object, key);
	assert_int_equal(json_array_size(texts), expected->count);
	for (size_t i = 0; i < expected->count; i++) {
		assert_string_equal(
			json_string_value(json_array_get(texts, i)), expected->items[i]);
	}
}

/* PROJECT_VERSION comes from the build. */
static void the_tool_names_itself(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *tool = json_object_get(fixture->root, "tool");
	assert_int_equal(json_object_size(tool), 3);
	assert_string_equal(text_of(tool, "name"), "tcpgoon");
	assert_string_equal(text_of(tool, "version"), PROJECT_VERSION);
	assert_true(strlen(text_of(tool, "commit")) > 0);
}

static void settings_are_all_there_in_their_units(void **state)
{
	const struct fixture *fixture = *state;
	const struct result_settings *given = &fixture->result.settings;
	const json_t *settings = json_object_get(fixture->root, "settings");
	assert_int_equal(json_object_size(settings), 17);
	assert_string_equal(text_of(settings, "ports"), "80-81");
	assert_int_equal(count_of(settings, "connections"), 1000);
	assert_true(json_is_null(json_object_get(settings, "rate")));
	assert_texts(settings, "ramps", &given->ramps);
	assert_int_equal(count_of(settings, "burst"), 0);
	assert_int_equal(count_of(settings, "sleep_ns"), 2500500);
	assert_string_equal(text_of(settings, "start_at"), "2024-01-31T13:00:00+01:00");
	assert_int_equal(count_of(settings, "dial_timeout_ns"), 5 * NSEC_PER_SEC);
	assert_int_equal(count_of(settings, "hold_ns"), 90 * NSEC_PER_SEC);
	assert_texts(settings, "sources", &given->sources);
	assert_string_equal(text_of(settings, "source_port"), "2000-3000");
	assert_string_equal(text_of(settings, "close"), "rst");
	assert_string_equal(text_of(settings, "resolve"), "all");
	assert_string_equal(text_of(settings, "family"), "ipv6");
	assert_texts(settings, "fail_if", &given->fail_if);
	assert_texts(settings, "abort_if", &given->abort_if);
	assert_true(json_is_true(json_object_get(settings, "force")));
}

static void the_start_is_an_instant_with_its_fraction(void **state)
{
	const struct fixture *fixture = *state;
	assert_string_equal(text_of(fixture->root, "started_at"), "2024-01-31T12:00:00.005000060Z");
}

static void each_end_has_its_name(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {[RESULT_COMPLETED] = "completed",
		[RESULT_INTERRUPTED] = "interrupted",
		[RESULT_ABORTED] = "aborted"};
	for (size_t i = 0; i < LENGTH(names); i++) {
		json_decref(fixture->root);
		fixture->result.end = (enum result_end)i;
		read_back(fixture);
		assert_string_equal(text_of(fixture->root, "ended"), names[i]);
	}
}

static void each_target_has_its_tally(void **state)
{
	struct fixture *fixture = *state;
	const json_t *targets = json_object_get(fixture->root, "targets");
	assert_int_equal(json_array_size(targets), 2);
	const struct expected_count second[] = {{"port", 81}, {"established", 401}, {"failed", 41}};
	assert_counts(json_array_get(targets, 1), second, LENGTH(second), 1);
	const json_t *address = json_object_get(json_array_get(targets, 1), "address");
	assert_string_equal(json_string_value(address), "2001:db8::2");
}

static void each_group_has_its_causes(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *by, *value;
	} expected[] = {{"source", "2001:db8::2"}, {"family", "IPv6"}, {"port", "81"}};
	const json_t *groups = json_object_get(fixture->root, "groups");
	assert_int_equal(json_array_size(groups), LENGTH(expected));
	for (size_t i = 0; i < LENGTH(expected); i++) {
		const json_t *group = json_array_get(groups, i);
		const struct expected_count counts[] = {{"dialed", 500 + (json_int_t)i},
			{"undecided", (json_int_t)i}, {"first_rejected", 20 + (json_int_t)i},
			{"before_rejected", 10}, {"port", 81}};
		const struct expected_count causes[] = {
			{"timed_out", 40 + (json_int_t)i}, {"closed_by_peer", 9}};
		assert_string_equal(text_of(group, "by"), expected[i].by);
		assert_string_equal(text_of(group, "value"), expected[i].value);
		assert_counts(group, counts, LENGTH(counts), 4);
		assert_counts(json_object_get(group, "causes"), causes, LENGTH(causes), 0);
	}
}

static void the_survival_ends_with_the_run(void **state)
{
	struct fixture *fixture = *state;
	const json_t *survival = json_object_get(fixture->root, "survival");
	assert_true(json_array_size(survival) > 0);
	const json_t *last = json_array_get(survival, json_array_size(survival) - 1);
	assert_int_equal(json_integer_value(json_object_get(last, "open")), 600);
	assert_int_equal(count_of(last, "after_ns"), 12345678901 - 8990 * NSEC_PER_MSEC);
}

static void the_series_is_told_sample_by_sample(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *series = json_object_get(fixture->root, "series");
	assert_int_equal(json_array_size(series), 2);
	const struct expected_count first[] = {{"not_dialed", 1000}, {"dialing", 0}, {"open", 0},
		{"closed_by_peer", 0}, {"failed", 0}, {"due", 1}, {"queued", 0}};
	const struct expected_count last[] = {{"not_dialed", 100}, {"dialing", 10}, {"open", 600},
		{"closed_by_peer", 200}, {"failed", 90}};
	assert_counts(json_array_get(series, 0), first, LENGTH(first), 1);
	assert_int_equal(count_of(json_array_get(series, 0), "elapsed_ns"), 1);
	assert_counts(json_array_get(series, 1), last, LENGTH(last), 3);
	assert_true(json_is_null(json_object_get(json_array_get(series, 1), "due")));
	assert_true(json_is_null(json_object_get(json_array_get(series, 1), "queued")));
	assert_int_equal(count_of(json_array_get(series, 1), "elapsed_ns"), 12345678901);
	assert_int_equal(count_of(fixture->root, "series_step_ns"), SERIES_FIRST_STEP_NS);
}

static void what_the_kernel_said_is_told(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *kernel = json_object_get(fixture->root, "kernel");
	const struct expected_count asked[] = {{"asked", 790}, {"agreed", 780}, {"missing", 3},
		{"unanswered", 10}, {"too_young", 7}, {"doubtful", 2}, {"repeated_once", 6},
		{"syn_retransmits", 25}, {"retransmitted", 12}, {"stale_syns", 9},
		{"stale_tuples", 8}, {"slow_syns", 4}, {"slow_answers", 1}, {"not_accepted", 6},
		{"no_other_end", 2}, {"cost_ns", 1234567}};
	assert_counts(kernel, asked, LENGTH(asked), 1);
	assert_true(json_is_true(json_object_get(kernel, "possible")));
	assert_string_equal(text_of(fixture->root, "kernel_not_asked"), "ENOBUFS");
	const struct expected_count counts[] = {{"target", 1}, {"drained", -7}, {"backlog", 128},
		{"queued_most", 129}, {"queued_at_start", 3}, {"queued_at_end", 127},
		{"drained_for_ns", NSEC_PER_SEC}, {"dropped", 31}};
	const json_t *listener = json_object_get(fixture->root, "listener");
	assert_counts(listener, counts, LENGTH(counts), 6);
	assert_true(json_is_true(json_object_get(listener, "known_at_end")));
	assert_true(json_is_false(json_object_get(listener, "look_failed")));
	const json_t *listened = json_object_get(listener, "listened_at_end");
	assert_int_equal(json_array_size(listened), 2);
	assert_int_equal(json_integer_value(json_array_get(listened, 1)), 1);

	const json_t *network = json_object_get(fixture->root, "network");
	assert_int_equal(json_object_size(network), NETSTAT_MAX - 1);
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		const char *name = netstat_name((enum netstat_counter)i);
		if (i == NETSTAT_SYN_CHALLENGES) {
			assert_null(json_object_get(network, name));
		} else {
			assert_int_equal(count_of(network, name), 1000 + i);
		}
	}
}

static void the_fate_of_the_fins_is_told(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *closing = json_object_get(fixture->root, "closing");
	const struct expected_count counts[] = {{"closed", 600}, {"half_closed", 130},
		{"acknowledged", 587}, {"unanswered", 6}, {"reset", 5}, {"undetermined", 2},
		{"waited_ns", 2000001000}};
	assert_counts(closing, counts, LENGTH(counts), 0);
}

static void what_this_machine_did_is_told(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *refusal = json_array_get(json_object_get(fixture->root, "refusals"), 0);
	const struct expected_count refused[] = {{"port", 80}, {"count", 6}};
	assert_counts(refusal, refused, LENGTH(refused), 6);
	assert_string_equal(json_string_value(json_object_get(refusal, "errno")), "EACCES");
	assert_string_equal(json_string_value(json_object_get(refusal, "cause")), "route_refuses");
	assert_string_equal(
		json_string_value(json_object_get(refusal, "by")), "route prohibit 192.0.2.0/24");
	assert_true(json_is_null(json_object_get(refusal, "source")));
	assert_true(json_is_null(json_object_get(refusal, "device_down")));
	const struct expected_count icmp[] = {{"told", 7}, {"told_here", 3}};
	assert_counts(json_object_get(fixture->root, "icmp"), icmp, LENGTH(icmp), 0);
	const json_t *rules = json_object_get(fixture->root, "own_rules");
	assert_int_equal(json_array_size(rules), 1);
	const json_t *rule = json_array_get(rules, 0);
	assert_string_equal(json_string_value(json_object_get(rule, "does")), "reject");
	assert_int_equal(count_of(rule, "count"), 2);
	const json_t *way = json_array_get(json_object_get(fixture->root, "ways"), 0);
	assert_string_equal(json_string_value(json_object_get(way, "device")), "eth0");
	assert_string_equal(json_string_value(json_object_get(way, "device_state")), "no_carrier");
	assert_string_equal(json_string_value(json_object_get(way, "neighbour")), "silent");
	assert_string_equal(json_string_value(json_object_get(way, "next_hop")), "198.51.100.1");
	assert_string_equal(json_string_value(json_object_get(way, "source")), "198.51.100.7");
	assert_true(json_is_false(json_object_get(way, "here")));
}

static void stalls_are_told(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *stalls = json_object_get(fixture->root, "stalls");
	const struct expected_count counts[] = {{"count", 3}, {"connect_apart", 17},
		{"failure_apart", 8}, {"lifetime_apart", 9}, {"total_ns", 4 * NSEC_PER_SEC},
		{"longest_ns", 2500 * NSEC_PER_MSEC}, {"suspended_ns", 1500 * NSEC_PER_MSEC},
		{"run_delay_ns", 250 * NSEC_PER_MSEC}};
	assert_counts(stalls, counts, LENGTH(counts), 0);
}

static void the_generator_and_its_machine_are_told(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *generator = json_object_get(fixture->root, "generator");
	const struct expected_count counts[] = {{"cq_overflows", 5}, {"resolution_us", 180},
		{"lanes", 2}, {"lines_dropped", 7}, {"cpu_ns", 2250 * NSEC_PER_MSEC},
		{"cpu_wait_ns", 350 * NSEC_PER_MSEC}, {"last_dial_ns", 8990 * NSEC_PER_MSEC},
		{"late", 12}, {"late_spells", 4}};
	assert_counts(generator, counts, LENGTH(counts), 6);
	assert_string_equal(text_of(generator, "pace"), "one every 2.5005ms");
	assert_string_equal(text_of(generator, "engine"), "io_uring");
	assert_real(generator, "cpu_share", 0.25);
	assert_real(generator, "pace_asked_per_s", 1e9 / 2500500);
	assert_real(generator, "pace_kept_per_s", 100); /* 899 periods in 8.99 s */

	const json_t *quota = json_object_get(generator, "cpu_quota");
	const struct expected_count throttling[] = {{"quota_ns", 20 * NSEC_PER_MSEC},
		{"period_ns", 100 * NSEC_PER_MSEC}, {"throttled", 11},
		{"throttled_ns", 880 * NSEC_PER_MSEC}};
	assert_counts(quota, throttling, LENGTH(throttling), 2);
	assert_real(quota, "cpus", 0.2);
	assert_string_equal(text_of(quota, "file"), "/sys/fs/cgroup/cpu.max");

	const json_t *host = json_object_get(fixture->root, "host");
	const struct expected_count limits[] = {{"cpus", 4}, {"cpus_allowed", 3},
		{"memory_bytes", 8589934592}, {"nofile", 20000}, {"port_low", 32768},
		{"port_high", 60999}, {"syn_retries", 6}};
	assert_counts(host, limits, LENGTH(limits), 1);
	assert_string_equal(text_of(host, "kernel"), "6.1.0-18-amd64");

	const struct expected_count left[] = {{"ports", 21000}, {"ports_of", 28232},
		{"files", 70000}, {"files_of", 90000}, {"memory_bytes", 3221225472},
		{"memory_of_bytes", 8589934592}};
	assert_counts(json_object_get(fixture->root, "left_for_others"), left, LENGTH(left), 0);
	const struct expected_count tables[] = {{"conntrack_used", 70}, {"conntrack_max", 262144},
		{"time_wait_used", 71}, {"time_wait_max", 8192}};
	assert_counts(json_object_get(fixture->root, "tables"), tables, LENGTH(tables), 0);
	const json_t *reverse_path = json_object_get(fixture->root, "reverse_path");
	assert_string_equal(text_of(reverse_path, "device"), "eth1");
}

static void a_share_of_a_moment_is_null(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->root);
	fixture->result.dialing_ns = GENERATOR_CPU_MIN_NS - 1;
	read_back(fixture);
	const json_t *generator = json_object_get(fixture->root, "generator");
	assert_true(json_is_null(json_object_get(generator, "cpu_share")));
}

static void thresholds_are_told_with_what_came_of_them(void **state)
{
	const struct fixture *fixture = *state;
	const struct {
		const char *expression, *actual, *limit, *not_judged;
		bool aborts, crossed;
	} expected[] = {
		{"errors>1%", "10%", "1%", NULL, false, true},
		{"lag.p99>10ms", NULL, "10ms", "there are no samples", false, false},
		{"drops>100", "200", "100", NULL, true, true},
	};
	const json_t *thresholds = json_object_get(fixture->root, "thresholds");
	assert_int_equal(json_array_size(thresholds), LENGTH(expected));
	for (size_t i = 0; i < LENGTH(expected); i++) {
		const json_t *item = json_array_get(thresholds, i);
		assert_int_equal(json_object_size(item), 6);
		assert_string_equal(text_of(item, "expression"), expected[i].expression);
		assert_string_equal(text_of(item, "limit"), expected[i].limit);
		assert_true(json_is_boolean(json_object_get(item, "aborts")));
		assert_true(json_is_true(json_object_get(item, "aborts")) == expected[i].aborts);
		assert_true(json_is_boolean(json_object_get(item, "crossed")));
		assert_true(json_is_true(json_object_get(item, "crossed")) == expected[i].crossed);
		if (expected[i].not_judged == NULL) {
			assert_string_equal(text_of(item, "actual"), expected[i].actual);
			assert_true(json_is_null(json_object_get(item, "not_judged")));
		} else {
			assert_string_equal(text_of(item, "not_judged"), expected[i].not_judged);
			assert_true(json_is_null(json_object_get(item, "actual")));
		}
	}
}

static void findings_and_verdict_are_those_given(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *findings = json_object_get(fixture->root, "findings");
	assert_int_equal(json_array_size(findings), 1);
	const json_t *finding = json_array_get(findings, 0);
	const struct finding *given = &fixture->verdict.findings.list[0];
	assert_int_equal(json_object_size(finding), 5);
	assert_string_equal(text_of(finding, "name"), "idle_timeout");
	assert_string_equal(text_of(finding, "side"), "remote");
	assert_int_equal(count_of(finding, "count"), 200);
	assert_string_equal(text_of(finding, "evidence"), given->evidence);
	assert_string_equal(text_of(finding, "hint"), given->hint);

	const json_t *verdict = json_object_get(fixture->root, "verdict");
	const json_t *reasons = json_object_get(verdict, "reasons");
	assert_int_equal(json_object_size(verdict), 2);
	assert_int_equal(count_of(verdict, "exit_status"), fixture->verdict.exit_status);
	assert_true(fixture->verdict.reason_count > 0);
	assert_int_equal(json_array_size(reasons), fixture->verdict.reason_count);
	for (size_t i = 0; i < fixture->verdict.reason_count; i++) {
		assert_string_equal(
			json_string_value(json_array_get(reasons, i)), fixture->verdict.reasons[i]);
	}
}

static void times_are_in_microseconds_and_whole_as_a_histogram(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *times = json_object_get(fixture->root, "handshake_us");
	assert_int_equal(count_of(times, "count"), 1000);
	assert_int_equal(count_of(times, "min"), 1);
	assert_int_equal(count_of(times, "p50"), 500);
	assert_int_equal(count_of(times, "p90"), 900);
	assert_int_equal(count_of(times, "p99"), 990);
	assert_int_equal(count_of(times, "p999"), 999);
	assert_int_equal(count_of(times, "max"), 1000);
	/* The ranks are those of tests/unit/test_interval.c. */
	assert_int_equal(count_of(times, "p99_low"), 983);
	assert_int_equal(count_of(times, "p99_high"), 997);
	assert_int_equal(count_of(times, "p999_low"), 997);
	assert_true(json_is_null(json_object_get(times, "p999_high")));
	assert_real(times, "mean", 500.5);
	assert_real(times, "stddev",
		(double)histogram_stddev_ns(&fixture->result.times[TIMES_HANDSHAKE]) / 1000);

	struct histogram decoded;
	assert_int_equal(histogram_init(&decoded), 0);
	assert_int_equal(histogram_decode(&decoded, text_of(times, "hdr"), NULL), 0);
	assert_int_equal(decoded.count, 1000);
	assert_int_equal(histogram_percentile(&decoded, 50), 500);
	histogram_finish(&decoded);

	assert_int_equal(count_of(json_object_get(fixture->root, "connect_us"), "max"), 10000);
	assert_int_equal(count_of(json_object_get(fixture->root, "failure_us"), "max"), 5000000);
	assert_int_equal(count_of(json_object_get(fixture->root, "lifetime_us"), "max"), 60000000);
	assert_int_equal(count_of(json_object_get(fixture->root, "lag_us"), "count"), 0);
}

/* Of the ends of intervals, tests/unit/test_interval.c knows more. */
static void shares_have_their_intervals(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *shares = json_object_get(fixture->root, "shares");
	assert_int_equal(json_object_size(shares), 7);
	const json_t *errors = json_object_get(shares, "errors");
	struct interval interval = interval_of_ratio(90, 900, INTERVAL_CONFIDENCE);
	assert_string_equal(text_of(errors, "of"), "dialed");
	assert_real(errors, "share", 0.1);
	assert_real(errors, "low", interval.low);
	assert_real(errors, "high", interval.high);
	assert_string_equal(text_of(json_object_get(shares, "established"), "of"), "requested");

	/* From 4 to 16 of 800: the number is not known, and the interval is that of both. */
	const json_t *unconfirmed = json_object_get(shares, "unconfirmed");
	assert_true(json_is_null(json_object_get(unconfirmed, "share")));
	assert_real(unconfirmed, "low", interval_of_ratio(4, 800, INTERVAL_CONFIDENCE).low);
	assert_real(unconfirmed, "high", interval_of_ratio(16, 800, INTERVAL_CONFIDENCE).high);
}

static void each_cause_is_told_with_its_side(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *causes = json_object_get(fixture->root, "causes");
	assert_int_equal(json_array_size(causes), CAUSE_MAX - 1);
	for (int cause = CAUSE_NONE + 1; cause < CAUSE_MAX; cause++) {
		const json_t *item = json_array_get(causes, (size_t)cause - 1);
		enum cause_side side = cause_side((enum cause)cause);
		assert_string_equal(text_of(item, "cause"), cause_name((enum cause)cause));
		assert_string_equal(text_of(item, "side"), cause_side_name(side));
		assert_string_equal(text_of(item, "hint"), cause_hint((enum cause)cause));
		assert_int_equal(count_of(item, "count"), cause);
		assert_int_equal(count_of(item, "first_ns"), NSEC_PER_MSEC);
		assert_int_equal(count_of(item, "last_ns"), 1500 * NSEC_PER_MSEC);
		if (cause == CAUSE_REFUSED) {
			assert_string_equal(text_of(item, "last_errno"), "ECONNREFUSED");
		} else {
			assert_true(json_is_null(json_object_get(item, "last_errno")));
		}
	}
}

static void what_is_not_known_is_null(void **state)
{
	const struct fixture *fixture = *state;
	const json_t *connections = json_object_get(fixture->root, "connections");
	assert_true(json_is_null(json_object_get(connections, "unconfirmed")));
	assert_string_equal(text_of(fixture->root, "kernel_not_asked"), "ports_not_known");
	assert_true(json_is_null(json_object_get(fixture->root, "dialing_ns")));
	static const char *const empty[] = {"causes", "findings", "targets", "groups", "survival",
		"thresholds", "series", "network"};
	for (size_t i = 0; i < LENGTH(empty); i++) {
		const json_t *value = json_object_get(fixture->root, empty[i]);
		assert_non_null(value);
		assert_int_equal(json_array_size(value) + json_object_size(value), 0);
	}
	static const struct {
		const char *object, *key;
	} unknown[] = {{"settings", "source_port"}, {"settings", "ports"},
		{"generator", "cpu_share"}, {"generator", "cpu_wait_ns"},
		{"generator", "cpu_quota"}, {"host", "cpus_allowed"},
		{"generator", "pace_asked_per_s"}, {"generator", "pace_kept_per_s"},
		{"generator", "last_dial_ns"}, {"kernel", "asked"}, {"kernel", "syn_retransmits"},
		{"listener", "backlog"}, {"listener", "dropped"}, {"host", "kernel"},
		{"host", "cpus"}, {"host", "memory_bytes"}, {"host", "nofile"},
		{"host", "port_low"}, {"host", "port_high"}, {"host", "syn_retries"},
		{"left_for_others", "ports"}, {"left_for_others", "files"},
		{"left_for_others", "memory_bytes"}, {"connections", "first_rejected"},
		{"kernel", "not_accepted"}, {"closing", "acknowledged"}};
	for (size_t i = 0; i < LENGTH(unknown); i++) {
		const json_t *object = json_object_get(fixture->root, unknown[i].object);
		assert_true(json_is_null(json_object_get(object, unknown[i].key)));
	}
	assert_string_equal(text_of(fixture->root, "ended"), "completed");
	const json_t *times = json_object_get(fixture->root, "connect_us");
	assert_int_equal(count_of(times, "count"), 0);
	const char *const keys[] = {"min", "mean", "stddev", "p50", "p90", "p99", "p999", "max"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_true(json_is_null(json_object_get(times, keys[i])));
	}
	assert_true(strlen(text_of(times, "hdr")) > 0);
	assert_true(json_is_null(json_object_get(times, "p50_low")));
	assert_true(json_is_null(json_object_get(times, "p50_high")));
	const json_t *errors = json_object_get(json_object_get(fixture->root, "shares"), "errors");
	assert_true(json_is_null(json_object_get(errors, "share")));
	assert_true(json_is_null(json_object_get(errors, "low")));
	assert_true(json_is_null(json_object_get(errors, "high")));
}

static void a_host_that_is_no_utf8_is_escaped(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->root);
	const struct settings settings = {.host = "\xff\xfe"};
	assert_int_equal(result_set_settings(&fixture->result, &settings), 0);
	read_back(fixture);
	const json_t *target = json_object_get(fixture->root, "target");
	assert_string_equal(text_of(target, "host"), "\\xff\\xfe");
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *fixture = *state;
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_true(report_json.end(NULL, full, &fixture->result, &fixture->verdict) < 0);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_head_says_what_it_is_of, setup_full, teardown),
		cmocka_unit_test_setup_teardown(the_tool_names_itself, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			settings_are_all_there_in_their_units, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			the_start_is_an_instant_with_its_fraction, setup_full, teardown),
		cmocka_unit_test_setup_teardown(each_end_has_its_name, setup_full, teardown),
		cmocka_unit_test_setup_teardown(each_target_has_its_tally, setup_full, teardown),
		cmocka_unit_test_setup_teardown(each_group_has_its_causes, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			the_survival_ends_with_the_run, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			the_series_is_told_sample_by_sample, setup_full, teardown),
		cmocka_unit_test_setup_teardown(what_the_kernel_said_is_told, setup_full, teardown),
		cmocka_unit_test_setup_teardown(the_fate_of_the_fins_is_told, setup_full, teardown),
		cmocka_unit_test_setup_teardown(stalls_are_told, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			what_this_machine_did_is_told, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			the_generator_and_its_machine_are_told, setup_full, teardown),
		cmocka_unit_test_setup_teardown(a_share_of_a_moment_is_null, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			thresholds_are_told_with_what_came_of_them, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			findings_and_verdict_are_those_given, setup_full, teardown),
		cmocka_unit_test_setup_teardown(connections_are_counted, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			times_are_in_microseconds_and_whole_as_a_histogram, setup_full, teardown),
		cmocka_unit_test_setup_teardown(shares_have_their_intervals, setup_full, teardown),
		cmocka_unit_test_setup_teardown(
			each_cause_is_told_with_its_side, setup_full, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_null, setup_empty, teardown),
		cmocka_unit_test_setup_teardown(
			a_host_that_is_no_utf8_is_escaped, setup_empty, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup_full, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
