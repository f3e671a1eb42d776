/* SPDX-License-Identifier: MIT */
/*
 * The document is foreign: any member may be missing, of another type, or say what no run can. So
 * each is taken by a function that checks it, lists have the bounds of the arrays that they fill,
 * and where two members depend on each other (an index into a list, a histogram and its sums), that
 * is checked as well. What is left are numbers that contradict each other, which may make a strange
 * verdict, and nothing worse.
 */
#include "tcpgoon/report/json_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/json.h"
#include "report/json_layout.h"
#include "report/json_times.h"
#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/report/json_value.h"

/* Reading under way. */
struct reading {
	const json_t *root;
	struct result *result;
	struct json_place place;
};

typedef int item_function(struct reading *reading, const json_t *item, size_t index);

/* A member that is an object. */
static int find_object(
	struct reading *reading, const json_t *parent, const char *name, const json_t **ret_object)
{
	const json_t *object = json_object_get(parent, name);
	if (!json_is_object(object)) {
		return json_place_fail(&reading->place, object, "an object");
	}
	*ret_object = object;
	return 0;
}

/* Goes through a list of the document that has at most `most` items. */
static int for_each(struct reading *reading, const char *name, size_t most, item_function *function)
{
	const json_t *list = json_object_get(reading->root, name);
	size_t mark = json_place_enter(&reading->place, name);
	if (!json_is_array(list) || json_array_size(list) > most) {
		char expected[48];
		snprintf(expected, sizeof(expected), "a list of at most %zu", most);
		return json_place_fail(&reading->place, list, expected);
	}
	int r = 0;
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *item = json_array_get(list, i);
		size_t item_mark = json_place_enter_item(&reading->place, i);
		r = json_is_object(item) ? function(reading, item, i)
					 : json_place_fail(&reading->place, item, "an object");
		json_place_leave(&reading->place, item_mark);
	}
	json_place_leave(&reading->place, mark);
	return r;
}

/* A member that is an object of a table's members, a group of figures, or both. */
static int read_object(struct reading *reading, const char *name, const struct json_table *table,
	enum figure_group group)
{
	const json_t *object = NULL;
	size_t mark = json_place_enter(&reading->place, name);
	int r = find_object(reading, reading->root, name, &object);
	if (r == 0 && table != NULL) {
		r = json_table_read(table, reading->result, object, &reading->place);
	}
	if (r == 0 && group != FIGURES_RUN) {
		r = json_figures_read(group, reading->result, object, &reading->place);
	}
	json_place_leave(&reading->place, mark);
	return r;
}

static int check_schema(struct reading *reading)
{
	const json_t *schema = json_object_get(reading->root, "schema");
	json_place_enter(&reading->place, "schema");
	if (!json_is_string(schema) || strcmp(json_string_value(schema), REPORT_JSON_SCHEMA) != 0) {
		return json_place_fail(&reading->place, schema, "'" REPORT_JSON_SCHEMA "'");
	}
	json_place_leave(&reading->place, 0);
	return 0;
}

/* "2024-01-31T12:00:00.123456789Z", exactly as it is written. */
static bool parse_instant(const char *text, uint64_t *ret_ns)
{
	struct tm parts = {0};
	unsigned long ns;
	char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	if (rest == NULL || *rest != '.' || strspn(rest + 1, "0123456789") != 9 ||
		strcmp(rest + 10, "Z") != 0) {
		return false;
	}
	time_t seconds = timegm(&parts);
	ns = strtoul(rest + 1, NULL, 10);
	if (seconds < 0 || (uint64_t)seconds > UINT64_MAX / NSEC_PER_SEC - 1) {
		return false;
	}
	*ret_ns = (uint64_t)seconds * NSEC_PER_SEC + ns;
	return true;
}

/* What it is written as again must be the same: so there is no second way to say it. */
static int read_instant(struct reading *reading)
{
	const json_t *value = json_object_get(reading->root, "started_at");
	uint64_t ns = 0;
	bool same = json_is_string(value) && parse_instant(json_string_value(value), &ns);
	if (same) {
		json_t *again = json_value_instant(ns);
		if (again == NULL) {
			return json_place_fail_memory(&reading->place);
		}
		same = json_equal(again, value) == 1;
		json_decref(again);
	}
	if (!same) {
		json_place_enter(&reading->place, "started_at");
		return json_place_fail(
			&reading->place, value, "an instant as 2024-01-31T12:00:00.123456789Z");
	}
	reading->result->started_at_ns = ns;
	return 0;
}

static int read_family(struct reading *reading)
{
	struct result_settings *settings = &reading->result->settings;
	const json_t *object = json_object_get(reading->root, "settings");
	const json_t *value = json_object_get(object, "family");
	for (int i = 0; i < 4 && json_is_string(value); i++) {
		bool only_ipv4 = (i & 1) != 0;
		bool only_ipv6 = (i & 2) != 0;
		const char *word = json_layout_family(only_ipv4, only_ipv6);
		if (strcmp(json_string_value(value), word) == 0) {
			settings->only_ipv4 = only_ipv4;
			settings->only_ipv6 = only_ipv6;
			return 0;
		}
	}
	json_place_enter(&reading->place, "settings.family");
	return json_place_fail(&reading->place, value, "any, ipv4, ipv6 or none");
}

/* It follows from the settings. A run that was refused may have such as no run can have. */
static int find_schedule(struct reading *reading)
{
	struct result *result = reading->result;
	struct error error = ERROR_INIT;
	int r = result_settings_schedule(&result->settings, &result->schedule, &error);
	if (r < 0 && result->end != RESULT_NOT_STARTED) {
		*reading->place.error = error;
		error_prefix(reading->place.error, "settings");
		return r;
	}
	return 0;
}

static int read_head(struct reading *reading)
{
	int r = check_schema(reading);
	if (r == 0) {
		r = read_object(reading, "target", &json_layout_target, FIGURES_RUN);
	}
	if (r == 0) {
		r = read_object(reading, "settings", &json_layout_settings, FIGURES_RUN);
	}
	if (r == 0) {
		r = read_family(reading);
	}
	if (r == 0) {
		r = read_instant(reading);
	}
	if (r == 0) {
		r = json_table_read(
			&json_layout_head, reading->result, reading->root, &reading->place);
	}
	if (r == 0) {
		r = json_figures_read(FIGURES_RUN, reading->result, reading->root, &reading->place);
	}
	return r == 0 ? find_schedule(reading) : r;
}

/* The cause of this name; CAUSE_NONE where there is none. */
static enum cause find_cause(const char *name)
{
	for (int i = CAUSE_NONE + 1; i < CAUSE_MAX; i++) {
		if (strcmp(cause_name((enum cause)i), name) == 0) {
			return (enum cause)i;
		}
	}
	return CAUSE_NONE;
}

static int read_cause(struct reading *reading, const json_t *item, size_t index)
{
	(void)index;
	const json_t *name = json_object_get(item, "cause");
	enum cause cause = json_is_string(name) ? find_cause(json_string_value(name)) : CAUSE_NONE;
	struct cause_tally *tally = &reading->result->causes[cause];
	if (cause == CAUSE_NONE || tally->count > 0) {
		size_t mark = json_place_enter(&reading->place, "cause");
		int r = json_place_fail(&reading->place, name, "a cause that is not there yet");
		json_place_leave(&reading->place, mark);
		return r;
	}
	return json_table_read(&json_layout_cause, tally, item, &reading->place);
}

static int read_target(struct reading *reading, const json_t *item, size_t index)
{
	struct result *result = reading->result;
	result->target_count = index + 1;
	return json_table_read(
		&json_layout_target_tally, &result->targets[index], item, &reading->place);
}

static int read_group_causes(
	struct reading *reading, const json_t *item, struct failure_group *group)
{
	const json_t *causes = NULL;
	size_t mark = json_place_enter(&reading->place, "causes");
	int r = find_object(reading, item, "causes", &causes);
	const char *name;
	const json_t *value;
	/* The iterator takes no const, and changes nothing. */
	json_object_foreach((json_t *)causes, name, value)
	{
		enum cause cause = find_cause(name);
		size_t inner = json_place_enter(&reading->place, name);
		if (cause == CAUSE_NONE) {
			r = json_place_fail(&reading->place, value, "the name of a cause");
		} else {
			const struct json_field field = {
				.kind = JSON_COUNT, .size = sizeof(group->causes[cause])};
			r = json_field_read(&field, &group->causes[cause], value, &reading->place);
		}
		if (r < 0) {
			break;
		}
		json_place_leave(&reading->place, inner);
	}
	json_place_leave(&reading->place, mark);
	return r;
}

static int read_group(struct reading *reading, const json_t *item, size_t index)
{
	(void)index;
	const json_t *by = json_object_get(item, "by");
	for (int kind = 0; kind < GROUP_KINDS && json_is_string(by); kind++) {
		struct failure_groups *groups = &reading->result->groups[kind];
		const char *name = group_kind_name((enum group_kind)kind);
		if (strcmp(json_string_value(by), name) != 0) {
			continue;
		}
		if (groups->count == RESULT_GROUPS_MAX) {
			return json_place_fail(&reading->place, item, "no more groups of its kind");
		}
		struct failure_group *group = &groups->list[groups->count++];
		int r = json_table_read(&json_layout_group, group, item, &reading->place);
		return r == 0 ? read_group_causes(reading, item, group) : r;
	}
	size_t mark = json_place_enter(&reading->place, "by");
	int r = json_place_fail(&reading->place, by, "source, family or port");
	json_place_leave(&reading->place, mark);
	return r;
}

static int read_groups_unlisted(struct reading *reading)
{
	const json_t *object = NULL;
	size_t mark = json_place_enter(&reading->place, "groups_unlisted");
	int r = find_object(reading, reading->root, "groups_unlisted", &object);
	for (int i = 0; i < GROUP_KINDS && r == 0; i++) {
		const struct json_field field = {
			.name = group_kind_name((enum group_kind)i),
			.kind = JSON_COUNT,
			.size = sizeof(uint64_t),
		};
		const struct json_table table = {.fields = &field, .count = 1};
		r = json_table_read(
			&table, &reading->result->groups[i].unlisted, object, &reading->place);
	}
	json_place_leave(&reading->place, mark);
	return r;
}

static int read_times(struct reading *reading)
{
	int r = 0;
	for (int i = 0; i < TIMES_MAX && r == 0; i++) {
		char name[JSON_LAYOUT_TIMES_NAME_MAX];
		const json_t *object = NULL;
		size_t mark = json_place_enter(
			&reading->place, json_layout_times_name((enum times)i, name));
		r = find_object(reading, reading->root, name, &object);
		if (r == 0) {
			r = json_times_read(&reading->result->times[i], object, &reading->place);
		}
		json_place_leave(&reading->place, mark);
	}
	return r;
}

static int read_outcome(struct reading *reading)
{
	int r = read_object(reading, "connections", NULL, FIGURES_CONNECTIONS);
	if (r == 0) {
		r = for_each(reading, "targets", RESULT_TARGETS_MAX, read_target);
	}
	if (r == 0) {
		r = for_each(reading, "groups", GROUP_KINDS * RESULT_GROUPS_MAX, read_group);
	}
	if (r == 0) {
		r = read_groups_unlisted(reading);
	}
	if (r == 0) {
		r = for_each(reading, "causes", CAUSE_MAX, read_cause);
	}
	return r == 0 ? read_times(reading) : r;
}

/* It stands in kernel_not_asked, which is no errno where the ports were not known. */
static int read_kernel(struct reading *reading)
{
	struct kernel_view *kernel = &reading->result->kernel;
	const json_t *why = json_object_get(reading->root, "kernel_not_asked");
	const struct json_field field = {.kind = JSON_ERRNO};
	int r = read_object(reading, "kernel", &json_layout_kernel, FIGURES_KERNEL);
	if (r < 0) {
		return r;
	}
	bool chosen = json_is_string(why) &&
		strcmp(json_string_value(why), JSON_LAYOUT_PORTS_NOT_KNOWN) == 0;
	size_t mark = json_place_enter(&reading->place, "kernel_not_asked");
	if (chosen) {
		kernel->error_number = 0;
	} else {
		r = json_field_read(&field, &kernel->error_number, why, &reading->place);
	}
	bool told = kernel->possible || kernel->error_number > 0;
	if (r == 0 && chosen == told) {
		r = json_place_fail(&reading->place, why, "what agrees with kernel.possible");
	}
	json_place_leave(&reading->place, mark);
	return r;
}

/* Those that are not there are those that the kernel had not. */
static int read_network(struct reading *reading)
{
	struct netstat *network = &reading->result->network;
	const json_t *object = NULL;
	size_t mark = json_place_enter(&reading->place, "network");
	int r = find_object(reading, reading->root, "network", &object);
	for (int i = 0; i < NETSTAT_MAX && r == 0; i++) {
		const struct json_field field = {
			.name = netstat_name((enum netstat_counter)i),
			.kind = JSON_COUNT,
			.size = sizeof(uint64_t),
		};
		const struct json_table table = {.fields = &field, .count = 1};
		if (json_object_get(object, field.name) != NULL) {
			r = json_table_read(&table, &network->values[i], object, &reading->place);
		}
	}
	json_place_leave(&reading->place, mark);
	return r;
}

/* Its target is one of the list, or the only one. */
static int read_listener(struct reading *reading)
{
	const struct result *result = reading->result;
	int r = read_object(reading, "listener", &json_layout_listener, FIGURES_LISTENER);
	size_t targets = result->target_count > 0 ? result->target_count : 1;
	if (r == 0 && result->listener.target >= targets) {
		json_place_enter(&reading->place, "listener.target");
		const json_t *object = json_object_get(reading->root, "listener");
		return json_place_fail(&reading->place, json_object_get(object, "target"),
			"the number of one of the targets");
	}
	return r;
}

static int read_refusal(struct reading *reading, const json_t *item, size_t index)
{
	struct result *result = reading->result;
	result->refusal_count = index + 1;
	return json_table_read(
		&json_layout_refusal, &result->refusals[index], item, &reading->place);
}

static int read_way(struct reading *reading, const json_t *item, size_t index)
{
	struct result *result = reading->result;
	result->way_count = index + 1;
	return json_table_read(&json_layout_way, &result->ways[index], item, &reading->place);
}

static int read_own_rule(struct reading *reading, const json_t *item, size_t index)
{
	(void)index;
	const json_t *does = json_object_get(item, "does");
	for (int i = 0; i < RULESET_DEEDS && json_is_string(does); i++) {
		struct ruleset_match *match = &reading->result->own_rules[i];
		if (strcmp(json_string_value(does), json_layout_deed(i)) == 0 &&
			match->count == 0) {
			return json_table_read(&json_layout_own_rule, match, item, &reading->place);
		}
	}
	size_t mark = json_place_enter(&reading->place, "does");
	int r = json_place_fail(&reading->place, does, "a deed that is not there yet");
	json_place_leave(&reading->place, mark);
	return r;
}

static int read_quota(struct reading *reading, const json_t *generator)
{
	const json_t *quota = json_object_get(generator, "cpu_quota");
	size_t mark = json_place_enter(&reading->place, "generator.cpu_quota");
	int r = 0;
	if (!json_is_null(quota)) {
		r = json_is_object(quota)
			? json_table_read(
				  &json_layout_quota, reading->result, quota, &reading->place)
			: json_place_fail(&reading->place, quota, "an object, or null");
		if (r == 0) {
			r = json_figures_read(
				FIGURES_QUOTA, reading->result, quota, &reading->place);
		}
	}
	json_place_leave(&reading->place, mark);
	return r;
}

static int read_generator(struct reading *reading)
{
	int r = read_object(reading, "generator", &json_layout_generator, FIGURES_GENERATOR);
	return r == 0 ? read_quota(reading, json_object_get(reading->root, "generator")) : r;
}

static int read_machine(struct reading *reading)
{
	static const struct {
		const char *name;
		const struct json_table *table;
		enum figure_group group;
	} objects[] = {
		{"closing", NULL, FIGURES_CLOSING},
		{"icmp", NULL, FIGURES_ICMP},
		{"reverse_path", &json_layout_reverse_path, FIGURES_RUN},
		{"stalls", NULL, FIGURES_STALLS},
		{"host", &json_layout_host, FIGURES_HOST},
		{"tables", NULL, FIGURES_TABLES},
		{"left_for_others", NULL, FIGURES_LEFT},
	};
	int r = 0;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]) && r == 0; i++) {
		r = read_object(reading, objects[i].name, objects[i].table, objects[i].group);
	}
	return r;
}

static int read_evidence(struct reading *reading)
{
	int r = read_kernel(reading);
	if (r == 0) {
		r = read_network(reading);
	}
	if (r == 0) {
		r = read_listener(reading);
	}
	if (r == 0) {
		r = for_each(reading, "refusals", RESULT_REFUSALS_MAX, read_refusal);
	}
	if (r == 0) {
		r = for_each(reading, "ways", RESULT_WAYS_MAX, read_way);
	}
	if (r == 0) {
		r = for_each(reading, "own_rules", RULESET_DEEDS, read_own_rule);
	}
	if (r == 0) {
		r = read_generator(reading);
	}
	return r == 0 ? read_machine(reading) : r;
}

static int read_sample(struct reading *reading, const json_t *item, size_t index)
{
	struct series *series = &reading->result->series;
	struct snapshot *sample = &series->samples[index];
	series->count = index + 1;
	int r = json_table_read(&json_layout_sample, sample, item, &reading->place);
	sample->total = sample->not_initiated + sample->dialing + sample->established +
		sample->closed + sample->failed;
	return r;
}

static int read_series(struct reading *reading)
{
	const struct json_field field = {
		.name = "series_step_ns", .kind = JSON_COUNT, .size = sizeof(uint64_t)};
	const struct json_table table = {.fields = &field, .count = 1};
	int r = json_table_read(
		&table, &reading->result->series.step_ns, reading->root, &reading->place);
	return r == 0 ? for_each(reading, "series", SERIES_MAX, read_sample) : r;
}

static int read_root(struct reading *reading)
{
	if (!json_is_object(reading->root)) {
		return json_place_fail(&reading->place, reading->root, "an object");
	}
	int r = read_head(reading);
	if (r == 0) {
		r = read_outcome(reading);
	}
	if (r == 0) {
		r = read_evidence(reading);
	}
	if (r == 0) {
		r = read_series(reading);
	}
	/*
	 * The sample at the end is taken at the instant that the duration ends; and as no slot is
	 * used twice in a run, all that ever failed or was dropped is still so then.
	 */
	struct snapshot *at_end = &reading->result->at_end;
	at_end->elapsed_ns = reading->result->duration_ns;
	at_end->failed = reading->result->totals.failed;
	at_end->closed = reading->result->totals.dropped;
	const struct series *series = &reading->result->series;
	if (series->count > 0) {
		at_end->due = series->samples[series->count - 1].due;
		at_end->queued = series->samples[series->count - 1].queued;
	}
	return r;
}

static int read_into(struct result *result, const json_t *root, struct error *error)
{
	struct reading reading = {.root = root, .result = result, .place = {.error = error}};
	int r = result_init(result);
	if (r < 0) {
		return json_place_fail_memory(&reading.place);
	}
	r = read_root(&reading);
	if (r < 0) {
		result_finish(result);
	}
	return r;
}

int json_read(const char *text, size_t length, struct result *ret_result, struct error *error)
{
	json_error_t where;
	/* Not on the stack, which may be small. */
	CLEANUP(cleanup_free) struct result *result = malloc(sizeof(*result));
	if (result == NULL) {
		return error_set(error, -ENOMEM, "out of memory for the result");
	}
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL) {
		return json_error_code(&where) == json_error_out_of_memory
			? error_set(error, -ENOMEM, "out of memory for the result")
			: error_set(error, -EINVAL, "line %d, column %d: %s", where.line,
				  where.column, where.text);
	}
	int r = read_into(result, root, error);
	json_decref(root);
	if (r == 0) {
		*ret_result = *result;
	}
	return r;
}
