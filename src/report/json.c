/* SPDX-License-Identifier: MIT */
/*
 * One function makes one object. Where memory is short it returns NULL, and a NULL put into an
 * object makes that one NULL too: so the end is the only place to look. A number that is not
 * finite is NULL as well, so it cannot be written.
 *
 * What is of the result itself is written by the tables of json_layout and result/figures, which
 * json_read.c goes through as well. What is added here is computed from it, for whoever reads the
 * report, and is not read back: verdict, thresholds, findings, shares, rates, survival.
 */
#include "report/json.h"

#include <errno.h>
#include <string.h>

#include "report/json_layout.h"
#include "report/json_shares.h"
#include "report/json_times.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"
#include "tcpgoon/result/survival.h"
#include "tcpgoon/result/times.h"
#include "version.h"

/* An object of the members of a table; more may be added to it. */
static json_t *make_table(const struct json_table *table, const void *base)
{
	json_t *object = json_object();
	if (json_table_write(table, base, object) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* And of the figures of a group, behind those of a table where that is not NULL. */
static json_t *make_figures(
	enum figure_group group, const struct json_table *table, const struct result *result)
{
	static const struct json_table nothing = {.count = 0};
	json_t *object = make_table(table != NULL ? table : &nothing, result);
	if (json_figures_write(group, result, object) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *json_make_tool(void)
{
	return json_pack("{s:s, s:s, s:s}", "name", "tcpgoon", "version", VERSION_TEXT, "commit",
		VERSION_COMMIT);
}

json_t *json_make_settings(const struct result *result)
{
	return json_value_with(make_table(&json_layout_settings, result), "family",
		json_string(json_layout_family(
			result->settings.only_ipv4, result->settings.only_ipv6)));
}

static json_t *make_connections(const struct result *result)
{
	bool exact = result->unconfirmed == result->unconfirmed_most;
	json_t *object = make_figures(FIGURES_CONNECTIONS, NULL, result);
	object = json_value_with(object, "unconfirmed",
		json_value_count(exact ? result->unconfirmed : RESULT_UNKNOWN));
	return json_value_with(
		object, "accepted_at_least", json_value_count(result_accepted_at_least(result)));
}

static json_t *make_cause(enum cause cause, const struct cause_tally *tally)
{
	json_t *object =
		json_value_with(json_object(), "cause", json_value_text(cause_name(cause)));
	object = json_value_with(
		object, "side", json_value_text(cause_side_name(cause_side(cause))));
	if (json_table_write(&json_layout_cause, tally, object) != 0) {
		json_decref(object);
		return NULL;
	}
	return json_value_with(object, "hint", json_value_text(cause_hint(cause)));
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

static json_t *make_survival(const struct result *result)
{
	struct survival survival;
	survival_compute(result, &survival);
	json_t *points = json_array();
	for (size_t i = 0; i < survival.count && points != NULL; i++) {
		points = json_value_append(points,
			json_pack("{s:o, s:o}", "after_ns",
				json_value_count(survival.points[i].after_ns), "open",
				json_value_count(survival.points[i].left)));
	}
	return points;
}

/* `count` items of `size` bytes each. */
static json_t *make_list(
	const struct json_table *table, const void *items, size_t count, size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count && list != NULL; i++) {
		list = json_value_append(list, make_table(table, (const char *)items + i * size));
	}
	return list;
}

static json_t *make_group_causes(const struct failure_group *group)
{
	json_t *causes = json_object();
	for (size_t i = CAUSE_NONE + 1; i < CAUSE_MAX && causes != NULL; i++) {
		if (group->causes[i] > 0) {
			causes = json_value_with(causes, cause_name((enum cause)i),
				json_value_count(group->causes[i]));
		}
	}
	return causes;
}

static json_t *make_group(enum group_kind kind, const struct failure_group *group)
{
	char value[ADDRESS_TEXT_MAX];
	failure_group_value(kind, group, value);
	json_t *object = json_value_with(json_object(), "by", json_string(group_kind_name(kind)));
	object = json_value_with(object, "value", json_value_text(value));
	if (json_table_write(&json_layout_group, group, object) != 0) {
		json_decref(object);
		return NULL;
	}
	return json_value_with(object, "causes", make_group_causes(group));
}

static json_t *make_groups(const struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		const struct failure_groups *groups = &result->groups[i];
		for (size_t j = 0; j < groups->count && list != NULL; j++) {
			list = json_value_append(
				list, make_group((enum group_kind)i, &groups->list[j]));
		}
	}
	return list;
}

static json_t *make_groups_unlisted(const struct result *result)
{
	json_t *object = json_object();
	for (size_t i = 0; i < GROUP_KINDS; i++) {
		object = json_value_with(object, group_kind_name((enum group_kind)i),
			json_value_count(result->groups[i].unlisted));
	}
	return object;
}

/* NULL as a value where it was asked about all. */
static json_t *make_kernel_not_asked(const struct kernel_view *view)
{
	if (view->error_number > 0) {
		return json_value_errno(view->error_number);
	}
	return json_value_text(view->possible ? NULL : JSON_LAYOUT_PORTS_NOT_KNOWN);
}

/* Only the counters that this kernel has. */
static json_t *make_network(const struct netstat *network)
{
	json_t *counters = json_object();
	for (size_t i = 0; i < NETSTAT_MAX && counters != NULL; i++) {
		if (network->values[i] != NETSTAT_ABSENT) {
			counters = json_value_with(counters, netstat_name((enum netstat_counter)i),
				json_value_count(network->values[i]));
		}
	}
	return counters;
}

static json_t *make_own_rules(const struct result *result)
{
	json_t *list = json_array();
	for (int i = 0; i < RULESET_DEEDS && list != NULL; i++) {
		const struct ruleset_match *match = &result->own_rules[i];
		if (match->count > 0) {
			list = json_value_append(list,
				json_value_with(make_table(&json_layout_own_rule, match), "does",
					json_string(json_layout_deed(i))));
		}
	}
	return list;
}

static json_t *make_cpu_quota(const struct result *result)
{
	const struct generator *generator = &result->generator;
	bool known = generator->quota_ns != RESULT_UNKNOWN;
	if (!known && generator->throttled == 0 && generator->throttled_ns == 0) {
		return json_null();
	}
	return json_value_with(make_figures(FIGURES_QUOTA, &json_layout_quota, result), "cpus",
		json_value_ratio((double)generator->quota_ns,
			known ? (double)generator->quota_period_ns : 0));
}

static json_t *make_generator(const struct result *result)
{
	char pace[SCHEDULE_TEXT_MAX];
	bool paced = schedule_is_paced(&result->schedule);
	double asked = result_pace_asked(result);
	double rate = result_dial_rate(result);
	json_t *object = make_figures(FIGURES_GENERATOR, &json_layout_generator, result);
	object = json_value_with(object, "cpu_share",
		json_value_ratio(result_cpu_share(result), result_knows_cpu_share(result) ? 1 : 0));
	object = json_value_with(object, "pace",
		json_value_text(paced ? schedule_describe(&result->schedule, pace) : NULL));
	object = json_value_with(
		object, "pace_asked_per_s", json_value_ratio(asked, asked > 0 ? 1 : 0));
	object = json_value_with(
		object, "pace_kept_per_s", json_value_ratio(rate, rate > 0 ? 1 : 0));
	return json_value_with(object, "cpu_quota", make_cpu_quota(result));
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
	bool judged = outcome->not_judged[0] == '\0';
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o}", "expression",
		json_value_text(rule->threshold.text), "aborts", (int)rule->aborts, "crossed",
		(int)outcome->crossed, "actual", json_value_text(judged ? outcome->actual : NULL),
		"limit", json_value_text(outcome->limit), "not_judged",
		json_value_text(judged ? NULL : outcome->not_judged));
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

/* Adds what makes one of its members. */
static json_t *with_times(json_t *root, const struct result *result)
{
	for (int i = 0; i < TIMES_MAX; i++) {
		char name[JSON_LAYOUT_TIMES_NAME_MAX];
		root = json_value_with(root, json_layout_times_name((enum times)i, name),
			json_times_make(&result->times[i]));
	}
	return root;
}

/* What the run was, and what is made of it. */
static json_t *make_head(const struct result *result, const struct verdict *verdict)
{
	json_t *root = json_value_with(json_object(), "schema", json_string(REPORT_JSON_SCHEMA));
	root = json_value_with(root, "tool", json_make_tool());
	root = json_value_with(root, "target", make_table(&json_layout_target, result));
	root = json_value_with(root, "settings", json_make_settings(result));
	root = json_value_with(root, "started_at", json_value_instant(result->started_at_ns));
	if (json_table_write(&json_layout_head, result, root) != 0 ||
		json_figures_write(FIGURES_RUN, result, root) != 0) {
		json_decref(root);
		return NULL;
	}
	root = json_value_with(root, "verdict", make_verdict(verdict));
	root = json_value_with(root, "thresholds", make_thresholds(verdict));
	return json_value_with(root, "findings", make_findings(&verdict->findings));
}

/* What became of the connections. */
static json_t *with_outcome(json_t *root, const struct result *result)
{
	root = json_value_with(root, "connections", make_connections(result));
	root = json_value_with(root, "shares", json_shares_make(result));
	root = json_value_with(root, "targets",
		make_list(&json_layout_target_tally, result->targets, result->target_count,
			sizeof(result->targets[0])));
	root = json_value_with(root, "groups", make_groups(result));
	root = json_value_with(root, "groups_unlisted", make_groups_unlisted(result));
	root = json_value_with(root, "causes", make_causes(result));
	root = with_times(root, result);
	return json_value_with(root, "survival", make_survival(result));
}

/* What the kernel and this machine say of it. */
static json_t *with_evidence(json_t *root, const struct result *result)
{
	root = json_value_with(
		root, "kernel", make_figures(FIGURES_KERNEL, &json_layout_kernel, result));
	root = json_value_with(root, "kernel_not_asked", make_kernel_not_asked(&result->kernel));
	root = json_value_with(root, "closing", make_figures(FIGURES_CLOSING, NULL, result));
	root = json_value_with(root, "network", make_network(&result->network));
	root = json_value_with(
		root, "listener", make_figures(FIGURES_LISTENER, &json_layout_listener, result));
	root = json_value_with(root, "refusals",
		make_list(&json_layout_refusal, result->refusals, result->refusal_count,
			sizeof(result->refusals[0])));
	root = json_value_with(root, "icmp", make_figures(FIGURES_ICMP, NULL, result));
	root = json_value_with(root, "ways",
		make_list(&json_layout_way, result->ways, result->way_count,
			sizeof(result->ways[0])));
	root = json_value_with(root, "reverse_path", make_table(&json_layout_reverse_path, result));
	root = json_value_with(root, "own_rules", make_own_rules(result));
	root = json_value_with(root, "stalls", make_figures(FIGURES_STALLS, NULL, result));
	root = json_value_with(root, "generator", make_generator(result));
	root = json_value_with(root, "host", make_figures(FIGURES_HOST, &json_layout_host, result));
	root = json_value_with(root, "tables", make_figures(FIGURES_TABLES, NULL, result));
	return json_value_with(root, "left_for_others", make_figures(FIGURES_LEFT, NULL, result));
}

/* In the order in which a person would read it. */
json_t *json_make_report(const struct result *result, const struct verdict *verdict)
{
	const struct series *series = &result->series;
	json_t *root = make_head(result, verdict);
	root = with_outcome(root, result);
	root = with_evidence(root, result);
	root = json_value_with(root, "series_step_ns", json_value_count(series->step_ns));
	return json_value_with(root, "series",
		make_list(&json_layout_sample, series->samples, series->count,
			sizeof(series->samples[0])));
}

static int json_end(
	const void *state, FILE *out, const struct result *result, const struct verdict *verdict)
{
	(void)state;
	json_t *root = json_make_report(result, verdict);
	if (root == NULL) {
		return -ENOMEM;
	}
	int r = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(JSON_REAL_DIGITS));
	json_decref(root);
	if (r != 0 || fputc('\n', out) == EOF || fflush(out) != 0) {
		return -EIO;
	}
	return 0;
}

const struct report_ops report_json = {
	.name = "json",
	.extension = "json",
	.summary = "the whole result for programs, as one document",
	.mode = REPORT_WHOLE,
	.end = json_end,
};
