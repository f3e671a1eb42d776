/* SPDX-License-Identifier: MIT */
/*
 * One function makes one object. Where memory is short it returns NULL, and json_pack() makes a
 * NULL of an object that it is to put it in: so the end is the only place to look.
 */
#include "cli/plan_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "cli/outcome.h"
#include "cli/route_words.h"
#include "cli/settings_json.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/report/json_value.h"
#include "version.h"

static json_t *make_tool(void)
{
	return json_pack("{s:s, s:s, s:s}", "name", "tcpgoon", "version", VERSION_TEXT, "commit",
		VERSION_COMMIT);
}

static json_t *make_targets(const struct targets *targets)
{
	char first[ADDRESS_TEXT_MAX];
	char last[ADDRESS_TEXT_MAX];
	return json_pack("{s:I, s:s, s:s}", "count", (json_int_t)targets->count, "first",
		address_format(&targets->list[0], first), "last",
		address_format(&targets->list[targets->count - 1], last));
}

static json_t *make_candidates(const struct candidates *candidates)
{
	json_t *array = json_array();
	for (size_t i = 0; i < candidates->count; i++) {
		char host[ADDRESS_TEXT_MAX];
		array = json_value_append(
			array, json_string(address_format_host(&candidates->list[i], host)));
	}
	return array;
}

static json_t *append_set(json_t *array, const struct source_set *set)
{
	for (size_t i = 0; i < set->range_count; i++) {
		char host[ADDRESS_TEXT_MAX];
		array = json_value_append(array,
			json_pack("{s:s, s:o}", "first",
				address_format_host(&set->ranges[i].first, host), "count",
				json_value_count(set->ranges[i].count)));
	}
	return array;
}

/* Those of each set that a target uses, once. */
static json_t *make_ranges(const struct tuples *tuples)
{
	json_t *array = json_array();
	for (size_t i = 0; i < tuples->targets->count; i++) {
		size_t before = 0;
		while (before < i && tuples->set_of_target[before] != tuples->set_of_target[i]) {
			before++;
		}
		if (before == i) {
			array = append_set(array, &tuples->sets[tuples->set_of_target[i]]);
		}
	}
	return array;
}

static json_t *make_sources(const struct tuples *tuples)
{
	json_t *ranges = tuples->source_count > 0 ? make_ranges(tuples) : json_array();
	return json_pack("{s:o, s:o}", "for_each_target", json_value_count(tuples->source_count),
		"ranges", ranges);
}

/* null where the kernel chooses them. */
static json_t *make_ports(const struct plan *plan)
{
	const struct tuples *tuples = &plan->tuples;
	const struct port_order *order = &tuples->order;
	if (tuples->source_count == 0 || tuples->port_auto) {
		return json_null();
	}
	uint64_t taken = tuples_automatic_ports(tuples, plan->settings.connections);
	bool known = order->automatic_count > 0;
	return json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)order->count, "first",
		json_value_count(order->count > 0 ? order->list[0] : UINT64_MAX), "automatic",
		json_value_count(known ? order->automatic_count : UINT64_MAX), "automatic_left",
		json_value_count(known ? order->automatic_count - taken : UINT64_MAX));
}

static json_t *make_routes(const struct plan *plan)
{
	json_t *array = json_array();
	char words[ROUTE_WORDS_MAX];
	for (size_t target = 0; route_words_next(plan, &target, words);) {
		array = json_value_append(array, json_value_text(words));
	}
	return array;
}

static double per_second(uint64_t pace)
{
	return (double)pace / (double)SCHEDULE_PER_S;
}

static json_t *make_stages(const struct schedule *schedule)
{
	json_t *array = json_array();
	for (size_t i = 0; i < schedule->stage_count; i++) {
		const struct schedule_stage *stage = &schedule->stages[i];
		array = json_value_append(array,
			json_pack("{s:f, s:f, s:o}", "from_per_s", per_second(stage->from),
				"to_per_s", per_second(stage->to), "duration_ns",
				json_value_count(stage->duration_ns)));
	}
	return array;
}

/* The members that the pace has not are null. */
static json_t *make_schedule(const struct plan *plan)
{
	const struct schedule *schedule = &plan->schedule;
	char pace[SCHEDULE_TEXT_MAX];
	bool steady = schedule->kind == SCHEDULE_STEADY;
	uint64_t connections = plan->settings.connections;
	uint64_t start_at_ns = plan->settings.start_at_ns;
	double average = schedule_average(schedule, connections);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "pace",
		schedule_describe(schedule, pace), "average_per_s",
		average > 0 ? json_real(average) : json_null(), "period_ns",
		json_value_count(steady && schedule->per == 1 ? schedule->span_ns : UINT64_MAX),
		"burst", json_value_count(steady ? schedule->burst : UINT64_MAX), "stages",
		schedule->kind == SCHEDULE_STAGES ? make_stages(schedule) : json_null(), "last_ns",
		json_value_count(schedule_due_ns(schedule, connections - 1)), "start_at_ns",
		json_value_count(start_at_ns > 0 ? start_at_ns : UINT64_MAX));
}

static void add_report(void *context, const struct output *output)
{
	json_t **array = context;
	*array = json_value_append(*array,
		json_pack("{s:s, s:o, s:s}", "format", output->report.ops->name, "path",
			json_value_text(output->name), "way", output_way(output)));
}

static json_t *make_reports(const struct plan *plan)
{
	json_t *array = json_array();
	outcome_preview(&plan->settings, add_report, &array, NULL);
	return array;
}

static json_t *make_processors(void)
{
	uint64_t count = limits_processors();
	struct cgroup cgroup;
	cgroup_read("", CGROUP_CPU, &cgroup);
	json_t *quota = cgroup.cpu.quota_us == CGROUP_NONE
		? json_null()
		: json_pack("{s:o, s:o, s:o}", "quota_ns",
			  json_value_count(cgroup.cpu.quota_us * NSEC_PER_USEC), "period_ns",
			  json_value_count(cgroup.cpu.period_us * NSEC_PER_USEC), "file",
			  json_value_text(cgroup.cpu.file));
	return json_pack("{s:o, s:o}", "count", json_value_count(count > 0 ? count : UINT64_MAX),
		"quota", quota);
}

static json_t *make_engine(const struct engine_choice *choice, const struct transport_needs *needs)
{
	return json_pack("{s:s, s:b, s:o, s:b, s:o, s:o}", "name", choice->transport->name, "works",
		choice->code == 0, "why",
		json_value_text(choice->why.text[0] != '\0' ? choice->why.text : NULL),
		"descriptor_each", needs->descriptor_each, "queues",
		json_value_count(needs->queues), "slots_per_queue",
		json_value_count(needs->slots_per_queue));
}

static json_t *make_limits(const struct checks *checks)
{
	json_t *array = json_array();
	for (int i = 0; i < CHECK_KIND_MAX; i++) {
		const struct check *check = &checks->list[i];
		array = json_value_append(array,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name",
				check_name((enum check_kind)i), "unit",
				check_is_bytes((enum check_kind)i) ? "bytes" : "count", "have",
				json_value_count(check->unknown ? LIMITS_NONE : check->have),
				"need", json_value_count(check->need), "left",
				json_value_count(check->unknown ? LIMITS_NONE : check->left),
				"enough", check->unknown ? json_null() : json_boolean(check->ok),
				"fix", json_value_text(check->ok ? NULL : check->fix)));
	}
	return array;
}

static json_t *make_plan(const struct plan_view *view)
{
	const struct plan *plan = view->plan;
	return json_pack("{s:s, s:o, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o}",
		"schema", "tcpgoon-plan/1", "tool", make_tool(), "possible",
		view->status == EXIT_STATUS_OK, "exit_status", (int)view->status, "conclusion",
		json_value_text(view->conclusion), "settings",
		settings_json_make(view->command, view->line, &plan->settings), "targets",
		make_targets(&plan->targets), "candidates", make_candidates(&plan->candidates),
		"sources", make_sources(&plan->tuples), "ports", make_ports(plan), "routes",
		make_routes(plan), "schedule", make_schedule(plan), "reports", make_reports(plan),
		"processors", make_processors(), "engine",
		make_engine(view->choice, &view->checks->needs), "limits",
		make_limits(view->checks));
}

int plan_json_print(FILE *out, const struct plan_view *view, struct error *error)
{
	json_t *root = make_plan(view);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (text == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the plan");
	}
	fprintf(out, "%s\n", text);
	free(text);
	return 0;
}
