/* SPDX-License-Identifier: MIT */
/*
 * One function makes one object. Where memory is short it returns NULL, and a NULL put into an
 * object makes that one NULL too: so the end is the only place to look. A number that is not
 * finite is NULL as well, so it cannot be written.
 */
#include "report/json.h"

#include <errno.h>
#include <string.h>

#include "report/json_value.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/result/survival.h"
#include "version.h"

/* Enough for nanoseconds in a run of a month, and for no noise behind. */
#define REAL_DIGITS 15

static json_t *make_tool(void)
{
	return json_pack("{s:s, s:s, s:s}", "name", "tcpgoon", "version", VERSION_TEXT, "commit",
		VERSION_COMMIT);
}

static json_t *make_target(const struct result *result)
{
	char text[ADDRESS_TEXT_MAX];
	const struct address *address = &result->target;
	bool known = address->any.sa_family != AF_UNSPEC; /* the name was resolved */
	return json_pack("{s:o, s:o, s:o}", "host", json_value_text(result->settings.host),
		"address", json_value_text(known ? address_format_host(address, text) : NULL),
		"port", json_value_count(known ? address_port(address) : RESULT_UNKNOWN));
}

static const char *family_name(const struct result_settings *settings)
{
	return settings->only_ipv4 ? "ipv4" : settings->only_ipv6 ? "ipv6" : "any";
}

static json_t *make_settings(const struct result_settings *settings)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:b}",
		"ports", json_value_text(settings->ports), "connections",
		json_value_count(settings->connections), "sleep_us",
		json_value_us(settings->sleep_ns), "dial_timeout_ms",
		json_value_ms(settings->dial_timeout_ns), "hold_s",
		json_value_seconds(settings->hold_ns), "interval_s",
		json_value_seconds(settings->interval_ns), "sources",
		json_value_texts(&settings->sources), "source_port",
		json_value_text(settings->source_port), "close",
		settings_close_names[settings->close_mode], "resolve",
		settings_resolve_names[settings->resolve_mode], "family", family_name(settings),
		"fail_if", json_value_texts(&settings->fail_if), "abort_if",
		json_value_texts(&settings->abort_if), "force", (int)settings->force);
}

static json_t *make_connections(const struct result *result)
{
	const struct snapshot *end = &result->at_end;
	bool exact = result->unconfirmed == result->unconfirmed_most;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"requested", json_value_count(end->total), "dialed",
		json_value_count(result->dialed), "established",
		json_value_count(result->established), "unconfirmed",
		json_value_count(exact ? result->unconfirmed : RESULT_UNKNOWN), "unconfirmed_least",
		json_value_count(result->unconfirmed), "unconfirmed_most",
		json_value_count(result->unconfirmed_most), "failed", json_value_count(end->failed),
		"closed_by_peer", json_value_count(end->closed), "open_at_end",
		json_value_count(end->established), "undecided", json_value_count(end->dialing),
		"max_concurrent", json_value_count(result->max_concurrent), "given_up_by_kernel",
		json_value_count(result->given_up_by_kernel), "received_from",
		json_value_count(result->received_from), "accepted_at_least",
		json_value_count(result_accepted_at_least(result)));
}

static json_t *make_cause(enum cause cause, const struct cause_tally *tally)
{
	const char *error_name = tally->last_errno > 0 ? strerrorname_np(tally->last_errno) : NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cause",
		json_value_text(cause_name(cause)), "side",
		json_value_text(cause_side_name(cause_side(cause))), "count",
		json_value_count(tally->count), "first_s", json_value_seconds(tally->first_ns),
		"last_s", json_value_seconds(tally->last_ns), "last_errno",
		json_value_text(error_name), "hint", json_value_text(cause_hint(cause)));
}

static json_t *make_causes(const struct result *result)
{
	json_t *causes = json_array();
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX && causes != NULL; i++) {
		const struct cause_tally *tally = &result->causes[i];
		if (tally->count > 0) {
			causes = json_value_append(causes, make_cause((enum cause)i, tally));
		}
	}
	return causes;
}

static json_t *make_sample(const struct snapshot *snapshot)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "elapsed_s",
		json_value_seconds(snapshot->elapsed_ns), "not_dialed",
		json_value_count(snapshot->not_initiated), "dialing",
		json_value_count(snapshot->dialing), "open",
		json_value_count(snapshot->established), "closed_by_peer",
		json_value_count(snapshot->closed), "failed", json_value_count(snapshot->failed));
}

static json_t *make_survival(const struct result *result)
{
	struct survival survival;
	survival_compute(result, &survival);
	json_t *points = json_array();
	for (size_t i = 0; i < survival.count && points != NULL; i++) {
		points = json_value_append(points,
			json_pack("{s:o, s:o}", "after_s",
				json_value_seconds(survival.points[i].after_ns), "open",
				json_value_count(survival.points[i].left)));
	}
	return points;
}

static json_t *make_target_tally(const struct target_tally *tally)
{
	char address[ADDRESS_TEXT_MAX];
	return json_pack("{s:o, s:o, s:o, s:o}", "address",
		json_string(address_format_host(&tally->address, address)), "port",
		json_value_count(address_port(&tally->address)), "established",
		json_value_count(tally->established), "failed", json_value_count(tally->failed));
}

static json_t *make_targets(const struct result *result)
{
	json_t *targets = json_array();
	for (size_t i = 0; i < result->target_count && targets != NULL; i++) {
		targets = json_value_append(targets, make_target_tally(&result->targets[i]));
	}
	return targets;
}

static json_t *make_group_causes(const struct failure_group *group)
{
	json_t *causes = json_object();
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX && causes != NULL; i++) {
		if (group->causes[i] > 0 &&
			json_object_set_new(causes, cause_name((enum cause)i),
				json_value_count(group->causes[i])) != 0) {
			json_decref(causes);
			causes = NULL;
		}
	}
	return causes;
}

static json_t *make_group(const char *by, const char *value, const struct failure_group *group)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "by", by, "value", json_value_text(value),
		"dialed", json_value_count(group->dialed), "undecided",
		json_value_count(group->undecided), "causes", make_group_causes(group));
}

static json_t *make_groups(const struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		const struct failure_groups *groups = &result->groups[i];
		for (size_t j = 0; j < groups->count && list != NULL; j++) {
			char value[ADDRESS_TEXT_MAX];
			failure_group_value((enum group_kind)i, &groups->list[j], value);
			list = json_value_append(list,
				make_group(group_kind_name((enum group_kind)i), value,
					&groups->list[j]));
		}
	}
	return list;
}

static json_t *make_series(const struct series *series)
{
	json_t *samples = json_array();
	for (size_t i = 0; i < series->count && samples != NULL; i++) {
		samples = json_value_append(samples, make_sample(&series->samples[i]));
	}
	return samples;
}

static json_t *make_kernel(const struct kernel_view *view)
{
	if (!view->possible) {
		return json_null();
	}
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"asked", json_value_count(view->asked), "unanswered",
		json_value_count(view->unanswered), "agreed", json_value_count(view->agreed),
		"missing", json_value_count(view->missing), "too_young",
		json_value_count(view->too_young), "doubtful", json_value_count(view->doubtful),
		"repeated_once", json_value_count(view->repeated_once), "syn_retransmits",
		json_value_count(view->syn_retransmits), "retransmitted",
		json_value_count(view->retransmitted), "stale_syns",
		json_value_count(view->stale_syns), "stale_tuples",
		json_value_count(view->stale_tuples), "slow_syns",
		json_value_count(view->slow_syns), "slow_answers",
		json_value_count(view->slow_answers), "not_accepted",
		json_value_count(view->not_accepted), "no_other_end",
		json_value_count(view->no_other_end), "cost_us", json_value_us(view->cost_ns));
}

static json_t *make_stalls(const struct stall_view *view)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "count",
		json_value_count(view->count), "total_s", json_value_seconds(view->total_ns),
		"longest_s", json_value_seconds(view->longest_ns), "suspended_s",
		json_value_seconds(view->suspended_ns), "run_delay_s",
		json_value_seconds(view->run_delay_ns), "connect_apart",
		json_value_count(view->connect_apart), "failure_apart",
		json_value_count(view->failure_apart), "lifetime_apart",
		json_value_count(view->lifetime_apart));
}

/* NULL as a value where it was asked about all. */
static json_t *make_kernel_not_asked(const struct kernel_view *view)
{
	if (view->error_number > 0) {
		return json_value_text(strerrorname_np(view->error_number));
	}
	return json_value_text(view->possible ? NULL : "ports_not_known");
}

static json_t *make_closing(const struct closing_view *view)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "closed",
		json_value_count(view->closed), "half_closed", json_value_count(view->half_closed),
		"acknowledged", json_value_count(view->acknowledged), "unanswered",
		json_value_count(view->unanswered), "reset", json_value_count(view->reset),
		"undetermined", json_value_count(view->undetermined), "waited_us",
		json_value_us(view->waited_ns));
}

/* Only the counters that this kernel has. */
static json_t *make_network(const struct netstat *network)
{
	json_t *counters = json_object();
	for (size_t i = 0; i < NETSTAT_MAX; i++) {
		uint64_t value = network->values[i];
		if (value != NETSTAT_ABSENT &&
			json_object_set_new(counters, netstat_name((enum netstat_counter)i),
				json_value_count(value)) != 0) {
			json_decref(counters);
			return NULL;
		}
	}
	return counters;
}

static json_t *make_listener(const struct listener_view *view)
{
	if (!view->known) {
		return json_null();
	}
	return json_pack("{s:o, s:o}", "backlog", json_value_count(view->backlog), "queued_most",
		json_value_count(view->queued_most));
}

/* Null where it was not bound. */
static json_t *make_source(const struct address *source)
{
	char address[ADDRESS_TEXT_MAX];
	return source->any.sa_family == AF_UNSPEC
		? json_null()
		: json_value_text(address_format_host(source, address));
}

static json_t *make_word(const char *word)
{
	return json_value_text(word[0] != '\0' ? word : NULL);
}

static json_t *make_refusal(const struct refusal *refusal)
{
	char address[ADDRESS_TEXT_MAX];
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
		make_source(&refusal->source), "address",
		json_value_text(address_format_host(&refusal->target, address)), "port",
		json_value_count(address_port(&refusal->target)), "errno",
		json_value_text(strerrorname_np(refusal->error_number)), "cause",
		json_value_text(cause_name(refusal->cause)), "by", make_word(refusal->by),
		"device_down", make_word(refusal->down), "count", json_value_count(refusal->count));
}

static json_t *make_refusals(const struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < result->refusal_count && list != NULL; i++) {
		list = json_value_append(list, make_refusal(&result->refusals[i]));
	}
	return list;
}

static const char *const link_names[] = {
	[LINK_UNKNOWN] = NULL,
	[LINK_UP] = "up",
	[LINK_DOWN] = "down",
	[LINK_NO_CARRIER] = "no_carrier",
};
static const char *const neighbour_names[] = {
	[NEIGHBOUR_UNKNOWN] = NULL,
	[NEIGHBOUR_KNOWN] = "known",
	[NEIGHBOUR_SILENT] = "silent",
};

static json_t *make_way(const struct way *way)
{
	char address[ADDRESS_TEXT_MAX];
	char next_hop[ADDRESS_TEXT_MAX];
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "address",
		json_value_text(address_format_host(&way->target, address)), "port",
		json_value_count(address_port(&way->target)), "source", make_source(&way->source),
		"failed", json_value_count(way->failed), "here", (int)way->local, "device",
		make_word(way->device.name), "device_state",
		json_value_text(link_names[way->device.state]), "next_hop",
		json_value_text(address_format_host(&way->next_hop, next_hop)), "neighbour",
		json_value_text(neighbour_names[way->neighbour]));
}

static json_t *make_ways(const struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < result->way_count && list != NULL; i++) {
		list = json_value_append(list, make_way(&result->ways[i]));
	}
	return list;
}

static const char *const deed_names[RULESET_DEEDS] = {
	[RULESET_DROPS] = "drop",
	[RULESET_REJECTS] = "reject",
	[RULESET_DROPS_AT_EGRESS] = "egress_drop",
	[RULESET_DROPS_ANSWERS] = "input_drop",
};

static json_t *make_own_rules(const struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < RULESET_DEEDS && list != NULL; i++) {
		const struct ruleset_match *match = &result->own_rules[i];
		if (match->count > 0) {
			list = json_value_append(list,
				json_pack("{s:s, s:o, s:o}", "does", deed_names[i], "count",
					json_value_count(match->count), "first",
					json_value_text(match->text)));
		}
	}
	return list;
}

static json_t *make_icmp(const struct icmp_view *view)
{
	return json_pack("{s:o, s:o}", "told", json_value_count(view->told), "told_here",
		json_value_count(view->told_here));
}

static json_t *make_cpu_quota(const struct generator *generator)
{
	if (generator->quota_ns == RESULT_UNKNOWN && generator->throttled == 0) {
		return json_null();
	}
	bool known = generator->quota_ns != RESULT_UNKNOWN;
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "cpus",
		json_value_ratio((double)generator->quota_ns,
			known ? (double)generator->quota_period_ns : 0),
		"period_us", json_value_us(known ? generator->quota_period_ns : RESULT_UNKNOWN),
		"file", json_value_text(known ? generator->quota_file : NULL), "throttled",
		json_value_count(generator->throttled), "throttled_us",
		json_value_us(generator->throttled_ns));
}

static json_t *make_generator(const struct result *result)
{
	const struct generator *generator = &result->generator;
	bool dialed = result->dialed > 0;
	bool cpu_known = result_knows_cpu_share(result);
	double rate = result_dial_rate(result);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu_share",
		json_value_ratio(result_cpu_share(result), cpu_known ? 1 : 0), "cpu_wait_s",
		json_value_seconds(generator->cpu_wait_ns), "period_us",
		json_value_us(generator->period_ns), "pace_asked_per_s",
		json_value_ratio((double)NSEC_PER_SEC, (double)generator->period_ns),
		"pace_kept_per_s", json_value_ratio(rate, rate > 0 ? 1 : 0), "last_dial_s",
		json_value_seconds(dialed ? generator->last_dial_ns : RESULT_UNKNOWN),
		"cq_overflows", json_value_count(generator->cq_overflows), "resolution_us",
		json_value_count(generator->resolution_us), "lanes",
		json_value_count(generator->lanes), "cpu_quota", make_cpu_quota(generator),
		"lines_dropped", json_value_count(generator->lines_dropped));
}

static json_t *make_leftover(const struct leftover *left)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "ports", json_value_count(left->ports),
		"ports_of", json_value_count(left->ports_of), "files",
		json_value_count(left->files), "files_of", json_value_count(left->files_of),
		"memory_bytes", json_value_count(left->memory_bytes), "memory_of_bytes",
		json_value_count(left->memory_of_bytes));
}

static json_t *make_host(const struct host_view *view)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kernel",
		json_value_text(view->kernel[0] != '\0' ? view->kernel : NULL), "cpus",
		json_value_count(view->cpus), "cpus_allowed", json_value_count(view->cpus_allowed),
		"memory_bytes", json_value_count(view->memory_bytes), "nofile",
		json_value_count(view->nofile), "port_low", json_value_count(view->port_low),
		"port_high", json_value_count(view->port_high), "syn_retries",
		json_value_count(view->syn_retries));
}

static json_t *make_finding(const struct finding *finding)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_value_text(finding->name),
		"side", json_value_text(cause_side_name(finding->side)), "count",
		json_value_count(finding->count), "evidence", json_value_text(finding->evidence),
		"hint", json_value_text(finding->hint));
}

static json_t *make_findings(const struct findings *findings)
{
	json_t *list = json_array();
	for (size_t i = 0; i < findings->count && list != NULL; i++) {
		list = json_value_append(list, make_finding(&findings->list[i]));
	}
	return list;
}

static json_t *make_threshold(
	const struct threshold_rule *rule, const struct threshold_outcome *outcome)
{
	const char *actual = outcome->not_judged == NULL ? outcome->actual : NULL;
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o}", "expression",
		json_value_text(rule->threshold.text), "aborts", (int)rule->aborts, "crossed",
		(int)outcome->crossed, "actual", json_value_text(actual), "limit",
		json_value_text(outcome->limit), "not_judged",
		json_value_text(outcome->not_judged));
}

static json_t *make_thresholds(const struct verdict *verdict)
{
	json_t *list = json_array();
	for (size_t i = 0; i < verdict->rules->count && list != NULL; i++) {
		list = json_value_append(
			list, make_threshold(&verdict->rules->list[i], &verdict->outcomes[i]));
	}
	return list;
}

static json_t *make_verdict(const struct verdict *verdict)
{
	json_t *reasons = json_array();
	for (size_t i = 0; i < verdict->reason_count && reasons != NULL; i++) {
		reasons = json_value_append(reasons, json_value_text(verdict->reasons[i]));
	}
	return json_pack(
		"{s:i, s:o}", "exit_status", (int)verdict->exit_status, "reasons", reasons);
}

static const char *const end_names[] = {
	[RESULT_COMPLETED] = "completed",
	[RESULT_INTERRUPTED] = "interrupted",
	[RESULT_ABORTED] = "aborted",
	[RESULT_NOT_STARTED] = "not_started",
	[RESULT_FAILED] = "failed",
};

/* A member of the whole, which is used up. */
struct member {
	const char *name;
	json_t *value;
};

/* In the order in which a person would read it. */
static json_t *make_result(const struct result *result, const struct verdict *verdict)
{
	const struct member members[] = {
		{"schema", json_string(REPORT_JSON_SCHEMA)},
		{"tool", make_tool()},
		{"target", make_target(result)},
		{"settings", make_settings(&result->settings)},
		{"started_at", json_value_instant(result->started_at_ns)},
		{"ended", json_string(end_names[result->end])},
		{"error",
			json_value_text(result->error.text[0] != '\0' ? result->error.text : NULL)},
		{"duration_s", json_value_seconds(result->duration_ns)},
		{"dialing_s", json_value_seconds(result->dialing_ns)},
		{"verdict", make_verdict(verdict)},
		{"thresholds", make_thresholds(verdict)},
		{"findings", make_findings(&verdict->findings)},
		{"connections", make_connections(result)},
		{"targets", make_targets(result)},
		{"groups", make_groups(result)},
		{"causes", make_causes(result)},
		{"handshake_us", json_value_times(&result->handshake)},
		{"connect_us", json_value_times(&result->connect)},
		{"failure_us", json_value_times(&result->failure)},
		{"lag_us", json_value_times(&result->lag)},
		{"lifetime_us", json_value_times(&result->lifetime)},
		{"survival", make_survival(result)},
		{"kernel", make_kernel(&result->kernel)},
		{"kernel_not_asked", make_kernel_not_asked(&result->kernel)},
		{"closing", make_closing(&result->closing)},
		{"network", make_network(&result->network)},
		{"listener", make_listener(&result->listener)},
		{"listener_dropped", json_value_count(result->listener.dropped)},
		{"refusals", make_refusals(result)},
		{"icmp", make_icmp(&result->icmp)},
		{"ways", make_ways(result)},
		{"own_rules", make_own_rules(result)},
		{"stalls", make_stalls(&result->stalls)},
		{"generator", make_generator(result)},
		{"host", make_host(&result->machine)},
		{"left_for_others", make_leftover(&result->left)},
		{"series", make_series(&result->series)},
	};
	json_t *root = json_object();
	int r = 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		r |= json_object_set_new(root, members[i].name, members[i].value);
	}
	if (r != 0) {
		json_decref(root);
		return NULL;
	}
	return root;
}

static int json_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	json_t *root = make_result(result, verdict);
	if (root == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(root);
	if (r != 0 || fputc('\n', out) == EOF || fflush(out) != 0) {
		return -EIO;
	}
	return 0;
}

const struct report_ops report_json = {
	.name = "json",
	.extension = "json",
	.mode = REPORT_WHOLE,
	.end = json_end,
};
