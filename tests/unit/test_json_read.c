/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_samples.h"
#include "report/json_layout.h"
#include "round_trip.h"
#include "tcpgoon/result/times.h"

/* On the heap, as it is large. */
static struct result *make(int (*sample)(struct result *result))
{
	struct result *result = malloc(sizeof(*result));
	assert_non_null(result);
	assert_int_equal(sample(result), 0);
	return result;
}

static void drop(struct result *result)
{
	result_finish(result);
	free(result);
}

static int sample_nothing_dialled(struct result *result)
{
	static struct verdict verdict;
	return sample_declined(result, &verdict);
}

static void each_sample_survives(void **state)
{
	(void)state;
	static int (*const samples[])(struct result *) = {
		sample_empty, sample_nothing_dialled, sample_full, sample_distinct};
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct result *result = make(samples[i]);
		assert_survives(result);
		drop(result);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void assert_same_settings(const struct result_settings *a, const struct result_settings *b)
{
	assert_string_equal(a->host, b->host);
	assert_string_equal(a->ports, b->ports);
	assert_string_equal(a->source_port, b->source_port);
	assert_int_equal(a->resolve_mode, b->resolve_mode);
	assert_int_equal(a->close_mode, b->close_mode);
	assert_int_equal(a->only_ipv4, b->only_ipv4);
	assert_int_equal(a->only_ipv6, b->only_ipv6);
	assert_int_equal(a->connections, b->connections);
	assert_true(same_text(a->rate, b->rate) && same_text(a->start_at, b->start_at));
	assert_int_equal(a->burst, b->burst);
	assert_int_equal(a->sleep_ns, b->sleep_ns);
	assert_int_equal(a->dial_timeout_ns, b->dial_timeout_ns);
	assert_int_equal(a->hold_ns, b->hold_ns);
	assert_int_equal(a->force, b->force);
	const struct text_list *const lists[][2] = {{&a->sources, &b->sources},
		{&a->ramps, &b->ramps}, {&a->fail_if, &b->fail_if}, {&a->abort_if, &b->abort_if}};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(lists[i][0]->count, lists[i][1]->count);
		for (size_t j = 0; j < lists[i][0]->count; j++) {
			assert_string_equal(lists[i][0]->items[j], lists[i][1]->items[j]);
		}
	}
}

static void assert_same_address(const struct address *a, const struct address *b)
{
	assert_int_equal(a->any.sa_family, b->any.sa_family);
	if (a->any.sa_family != AF_UNSPEC) {
		assert_true(address_same_host(a, b));
		assert_int_equal(address_port(a), address_port(b));
	}
}

static void assert_same_lists(const struct result *a, const struct result *b)
{
	assert_int_equal(a->target_count, b->target_count);
	for (size_t i = 0; i < a->target_count; i++) {
		assert_same_address(&a->targets[i].address, &b->targets[i].address);
		assert_int_equal(a->targets[i].established, b->targets[i].established);
		assert_int_equal(a->targets[i].failed, b->targets[i].failed);
	}
	assert_int_equal(a->refusal_count, b->refusal_count);
	for (size_t i = 0; i < a->refusal_count; i++) {
		const struct refusal *x = &a->refusals[i];
		const struct refusal *y = &b->refusals[i];
		assert_same_address(&x->source, &y->source);
		assert_same_address(&x->target, &y->target);
		assert_int_equal(x->error_number, y->error_number);
		assert_int_equal(x->cause, y->cause);
		assert_string_equal(x->by, y->by);
		assert_string_equal(x->down, y->down);
		assert_int_equal(x->count, y->count);
	}
	assert_int_equal(a->way_count, b->way_count);
	for (size_t i = 0; i < a->way_count; i++) {
		const struct way *x = &a->ways[i];
		const struct way *y = &b->ways[i];
		assert_same_address(&x->target, &y->target);
		assert_same_address(&x->source, &y->source);
		assert_same_address(&x->next_hop, &y->next_hop);
		assert_int_equal(x->failed, y->failed);
		assert_int_equal(x->local, y->local);
		assert_string_equal(x->device.name, y->device.name);
		assert_int_equal(x->device.state, y->device.state);
		assert_int_equal(x->neighbour, y->neighbour);
	}
	for (size_t i = 0; i < RULESET_DEEDS; i++) {
		assert_int_equal(a->own_rules[i].count, b->own_rules[i].count);
		assert_string_equal(a->own_rules[i].text, b->own_rules[i].text);
	}
	assert_int_equal(a->series.step_ns, b->series.step_ns);
	assert_int_equal(a->series.count, b->series.count);
	assert_memory_equal(
		a->series.samples, b->series.samples, a->series.count * sizeof(struct snapshot));
}

static void assert_same_groups(const struct result *a, const struct result *b)
{
	for (size_t kind = 0; kind < GROUP_KINDS; kind++) {
		assert_int_equal(a->groups[kind].count, b->groups[kind].count);
		assert_int_equal(a->groups[kind].unlisted, b->groups[kind].unlisted);
		for (size_t i = 0; i < a->groups[kind].count; i++) {
			const struct failure_group *x = &a->groups[kind].list[i];
			const struct failure_group *y = &b->groups[kind].list[i];
			assert_same_address(&x->address, &y->address);
			assert_int_equal(x->dialed, y->dialed);
			assert_int_equal(x->undecided, y->undecided);
			assert_int_equal(x->first_rejected, y->first_rejected);
			assert_int_equal(x->before_rejected, y->before_rejected);
			assert_memory_equal(x->causes, y->causes, sizeof(x->causes));
		}
	}
}

static void assert_same_evidence(const struct result *a, const struct result *b)
{
	assert_memory_equal(&a->network, &b->network, sizeof(a->network));
	for (size_t i = 0; i < CAUSE_MAX; i++) {
		const struct cause_tally *x = &a->causes[i];
		const struct cause_tally *y = &b->causes[i];
		assert_int_equal(x->count, y->count);
		assert_int_equal(x->first_ns, y->first_ns);
		assert_int_equal(x->last_ns, y->last_ns);
		assert_int_equal(x->last_errno, y->last_errno);
	}
	assert_int_equal(a->kernel.possible, b->kernel.possible);
	assert_int_equal(a->kernel.error_number, b->kernel.error_number);
	const struct listener_view *x = &a->listener;
	const struct listener_view *y = &b->listener;
	assert_int_equal(x->here, y->here);
	assert_int_equal(x->target, y->target);
	assert_int_equal(x->known, y->known);
	assert_int_equal(x->known_at_start, y->known_at_start);
	assert_int_equal(x->known_at_end, y->known_at_end);
	assert_int_equal(x->look_failed, y->look_failed);
	assert_int_equal(x->listened_at_end, y->listened_at_end);
	assert_int_equal(x->drained, y->drained);
	assert_int_equal(a->reverse_path.all, b->reverse_path.all);
	assert_string_equal(a->reverse_path.device, b->reverse_path.device);
	assert_string_equal(a->machine.kernel, b->machine.kernel);
	assert_string_equal(a->generator.engine, b->generator.engine);
	assert_string_equal(a->generator.quota_file, b->generator.quota_file);
}

/* Each member has a value of its own, and comes back with it. */
static void each_member_comes_back(void **state)
{
	(void)state;
	struct result *result = make(sample_distinct);
	struct result *again = malloc(sizeof(*again));
	assert_non_null(again);
	read_back_as_same(result, again);
	const struct figure *figure;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		if (figure_value(figure, again) != figure_value(figure, result)) {
			fail_msg("%s", figure->name);
		}
	}
	for (int i = 0; i < TIMES_MAX; i++) {
		const struct histogram *a = &result->times[i];
		const struct histogram *b = &again->times[i];
		assert_int_equal(a->count, b->count);
		assert_int_equal(a->min_us, b->min_us);
		assert_int_equal(a->max_us, b->max_us);
		assert_true(a->sum_us == b->sum_us);
		assert_true(a->sum_squares_us2 == b->sum_squares_us2);
		assert_memory_equal(
			a->counts, b->counts, HISTOGRAM_COUNTS_LENGTH * sizeof(a->counts[0]));
	}
	assert_int_equal(result->started_at_ns, again->started_at_ns);
	assert_int_equal(result->end, again->end);
	assert_int_equal(result->held, again->held);
	assert_int_equal(result->local_limit, again->local_limit);
	assert_string_equal(result->error.text, again->error.text);
	assert_int_equal(result->at_end.elapsed_ns, again->at_end.elapsed_ns);
	assert_int_equal(result->at_end.due, again->at_end.due);
	assert_int_equal(result->at_end.queued, again->at_end.queued);
	assert_same_address(&result->target, &again->target);
	assert_same_settings(&result->settings, &again->settings);
	assert_same_lists(result, again);
	assert_same_groups(result, again);
	assert_same_evidence(result, again);
	drop(again);
	drop(result);
}

/* The schedule is not in the document: it follows from the settings. */
static void each_pace_comes_back(void **state)
{
	(void)state;
	const struct settings paces[] = {
		{.connections = 5},
		{.connections = 5, .sleep_ns = 12345},
		{.connections = 5, .sleep_ns = 12345, .rate = "0.75"},
		{.connections = 5, .sleep_ns = 12345, .burst = 3},
		{.connections = 5, .ramps = {.items = {"0:2k:10s", "2000:1:1s"}, .count = 2}},
	};
	for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
		struct result *result = make(sample_empty);
		struct result *again = malloc(sizeof(*again));
		assert_non_null(again);
		assert_int_equal(result_set_settings(result, &paces[i]), 0);
		read_back_as_same(result, again);
		assert_true(same_text(result->settings.rate, again->settings.rate));
		assert_int_equal(result->settings.burst, again->settings.burst);
		assert_int_equal(result->settings.sleep_ns, again->settings.sleep_ns);
		assert_int_equal(result->settings.ramps.count, again->settings.ramps.count);
		char text[2][SCHEDULE_TEXT_MAX];
		assert_string_equal(schedule_describe(&result->schedule, text[0]),
			schedule_describe(&again->schedule, text[1]));
		assert_int_equal(schedule_due_ns(&result->schedule, 4),
			schedule_due_ns(&again->schedule, 4));
		assert_int_equal(schedule_is_paced(&again->schedule), i > 0);
		drop(again);
		drop(result);
	}
}

/* Only a run that was refused may have settings that make no schedule. */
static void a_pace_that_is_none_is_refused(void **state)
{
	(void)state;
	const struct settings settings = {.connections = 5, .rate = "fast"};
	struct result *result = make(sample_nothing_dialled);
	struct result *again = malloc(sizeof(*again));
	assert_non_null(again);
	assert_int_equal(result_set_settings(result, &settings), 0);
	read_back_as_same(result, again);
	assert_string_equal(again->settings.rate, "fast");
	assert_false(schedule_is_paced(&again->schedule));
	drop(again);
	drop(result);
}

static size_t size_of_figures(enum figure_group group)
{
	const struct figure *figure;
	size_t size = 0;
	for (size_t i = 0; (figure = figure_at(i)) != NULL; i++) {
		size += figure->group == group ? figure->size : 0;
	}
	return size;
}

/*
 * A member that is added to one of these is written and read only if it has a row: in
 * result/figures, or in report/json_layout, where the test above should look at it.
 */
static void each_member_has_a_row(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct stall_view), size_of_figures(FIGURES_STALLS));
	assert_int_equal(sizeof(struct closing_view), size_of_figures(FIGURES_CLOSING));
	assert_int_equal(sizeof(struct host_tables), size_of_figures(FIGURES_TABLES));
	assert_int_equal(sizeof(struct icmp_view), size_of_figures(FIGURES_ICMP));
	assert_int_equal(sizeof(struct leftover), size_of_figures(FIGURES_LEFT));
	/* possible, error_number */
	assert_int_equal(sizeof(struct kernel_view), size_of_figures(FIGURES_KERNEL) + 8);
	/* here, target, four flags, listened_at_end, drained */
	assert_int_equal(sizeof(struct listener_view), size_of_figures(FIGURES_LISTENER) + 40);
	assert_int_equal(sizeof(struct generator),
		size_of_figures(FIGURES_GENERATOR) + size_of_figures(FIGURES_QUOTA) +
			RESULT_ENGINE_MAX + CGROUP_PATH_MAX);
	assert_int_equal(sizeof(struct host_view),
		size_of_figures(FIGURES_HOST) + (HOST_KERNEL_MAX + 7) / 8 * 8);
	assert_int_equal(sizeof(struct cause_tally), 32);
	assert_int_equal(sizeof(struct snapshot), 9 * sizeof(uint64_t));
}

/* Counts that a double could not hold. */
static void whole_numbers_are_exact(void **state)
{
	(void)state;
	struct result *result = make(sample_empty);
	struct result again;
	result->duration_ns = (UINT64_C(1) << 53) + 1;
	result->generator.cpu_ns = INT64_MAX;
	result->causes[CAUSE_OTHER] = (struct cause_tally){
		.count = 1, .first_ns = UINT64_C(9007199254740993), .last_errno = 4000};
	read_back_as_same(result, &again);
	assert_int_equal(again.duration_ns, (UINT64_C(1) << 53) + 1);
	assert_int_equal(again.generator.cpu_ns, INT64_MAX);
	assert_int_equal(again.causes[CAUSE_OTHER].first_ns, UINT64_C(9007199254740993));
	assert_int_equal(again.causes[CAUSE_OTHER].last_errno, 4000); /* which has no name */
	result_finish(&again);
	drop(result);
}

/* The kernel was not asked, was asked about some, or gave no answer at all. */
static void why_the_kernel_was_not_asked_survives(void **state)
{
	(void)state;
	static const struct {
		bool possible;
		int error_number;
	} cases[] = {{true, 0}, {true, ENOBUFS}, {false, EPERM}, {false, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result *result = make(sample_full);
		struct result again;
		result->kernel.possible = cases[i].possible;
		result->kernel.error_number = cases[i].error_number;
		read_back_as_same(result, &again);
		assert_int_equal(again.kernel.possible, cases[i].possible);
		assert_int_equal(again.kernel.error_number, cases[i].error_number);
		result_finish(&again);
		drop(result);
	}
}

/* An address with an interface that the reading host does not have. */
static void a_foreign_interface_is_no_error(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t zone;
	} cases[] = {{"\"fe80::1%nosuch0\"", 0}, {"\"fe80::1%4000000000\"", 4000000000}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address address = {0};
		struct error error = ERROR_INIT;
		struct json_place place = {.error = &error};
		const struct json_field field = {.kind = JSON_HOST};
		json_t *value = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
		assert_int_equal(json_field_read(&field, &address, value, &place), 0);
		assert_int_equal(address.v6.sin6_scope_id, cases[i].zone);
		json_decref(value);
	}
}

/* A device may be called by bytes that are no UTF-8, which are four each as they are written. */
static void a_name_that_grew_is_cut_between_characters(void **state)
{
	(void)state;
	struct result *result = make(sample_full);
	struct result again;
	memcpy(result->reverse_path.device, "\xff\xfe\xfd\xfc\xfb", sizeof("\xff\xfe\xfd\xfc\xfb"));
	struct verdict *verdict = malloc(sizeof(*verdict));
	assert_non_null(verdict);
	verdict_decline(EXIT_STATUS_INCOMPLETE, &(struct threshold_rules){.count = 0}, verdict);
	size_t length;
	char *text = write_json(result, verdict, &length);
	assert_int_equal(json_read(text, length, &again, NULL), 0);
	free(text);
	free(verdict);
	assert_string_equal(again.reverse_path.device, "\\xff\\xfe\\xfd\\xf");
	result_finish(&again);
	drop(result);

	char line[8];
	const struct json_field field = {.kind = JSON_LINE, .size = sizeof(line)};
	struct json_place place = {.error = NULL};
	json_t *value = json_string("123456\u00e9"); /* of two bytes, and room for one */
	assert_int_equal(json_field_read(&field, line, value, &place), 0);
	assert_string_equal(line, "123456");
	json_decref(value);
}

static void assert_refused(const char *text, const char *message)
{
	struct result untouched = {.totals.dialed = 77};
	struct error error = ERROR_INIT;
	assert_int_equal(json_read(text, strlen(text), &untouched, &error), -EINVAL);
	assert_int_equal(untouched.totals.dialed, 77);
	if (strstr(error.text, message) == NULL) {
		fail_msg("%s", error.text);
	}
	assert_int_equal(json_read(text, strlen(text), &untouched, NULL), -EINVAL);
}

static void what_is_no_report_is_refused_with_a_sentence(void **state)
{
	(void)state;
	assert_refused("", "line 1");
	assert_refused("{", "line 1");
	assert_refused("[]", "the document: expected an object, found a list of 0");
	assert_refused("{}", "schema: expected 'tcpgoon-result/2', found nothing");
	assert_refused("{\"schema\": \"tcpgoon-result/1\"}",
		"schema: expected 'tcpgoon-result/2', found 'tcpgoon-result/1'");
	assert_refused(
		"{\"schema\": \"tcpgoon-result/2\"}", "target: expected an object, found nothing");
	assert_refused("{\"a\": 1, \"a\": 2}", "duplicate");
	assert_refused("{\"a\": 123456789012345678901234567890}", "too big integer");
}

/* The document of a sample with one value replaced, and what is said of it. */
static void assert_replacement_is_refused(
	const char *object, const char *member, const char *value, const char *message)
{
	struct result *result = make(sample_full);
	static struct threshold_rules rules;
	static struct verdict verdict;
	size_t length;
	assert_int_equal(sample_verdict(result, &rules, &verdict), 0);
	char *text = write_json(result, &verdict, &length);
	json_t *root = json_loads(text, 0, NULL);
	free(text);
	json_t *parent = object == NULL ? root : json_object_get(root, object);
	if (json_is_array(parent)) {
		parent = json_array_get(parent, 0);
	}
	json_object_set_new(parent, member, json_loads(value, JSON_DECODE_ANY, NULL));
	text = json_dumps(root, 0);
	json_decref(root);
	assert_refused(text, message);
	free(text);
	drop(result);
}

static void each_refusal_names_the_member(void **state)
{
	(void)state;
	static const struct {
		const char *object, *member, *value, *message;
	} cases[] = {
		{NULL, "dialing_ns", "1.5",
			"dialing_ns: expected a whole number from 0 on, or null, found 1.5"},
		{NULL, "duration_ns", "-1",
			"duration_ns: expected a whole number from 0 on, found -1"},
		{NULL, "held", "1", "held: expected true or false, found 1"},
		{NULL, "started_at", "\"2024-01-31 12:00\"", "started_at: expected an instant"},
		{NULL, "started_at", "\"2024-02-31T12:00:00.000000000Z\"", "started_at: "},
		{NULL, "ended", "\"later\"", "ended: expected one of the words"},
		{"generator", "lanes", "4294967296",
			"generator.lanes: expected a whole number of 32 bits, found 4294967296"},
		{"target", "address", "\"example.org\"",
			"target.address: expected an IPv4 or IPv6 address, or null, found "
			"'example.org'"},
		{"target", "port", "65536", "target.port: expected a port from 0 to 65535"},
		{"settings", "family", "\"ipv5\"", "settings.family: expected any, ipv4"},
		{"settings", "sources", "[1]", "settings.sources[0]: expected a text, found 1"},
		{"refusals", "errno", "\"EWRONG\"", "refusals[0].errno: expected the name of"},
		{"refusals", "by", "\"\"",
			"refusals[0].by: expected a text that is not empty, or null"},
		{"causes", "cause", "\"timed_out\"",
			".cause: expected a cause that is not there yet"},
		{"groups", "causes", "{\"nonsense\": 1}",
			"groups[0].causes.nonsense: expected the name of a cause, found 1"},
		{"series", "open", "\"many\"",
			"series[0].open: expected a whole number from 0 on, found 'many'"},
		{"listener", "listened_at_end", "[3, 3]",
			"listener.listened_at_end: expected a list of numbers"},
		{"listener", "target", "2",
			"listener.target: expected the number of one of the targets, found 2"},
		{NULL, "kernel_not_asked", "\"ports_not_known\"",
			"kernel_not_asked: expected what agrees with kernel.possible"},
		{"connect_us", "sum", "\"0x10\"",
			"connect_us.sum: expected a whole number as a text of digits"},
		{"connect_us", "sum", "\"1\"", "connect_us: count, min, max and sums are not"},
		{"connect_us", "count", "999", "connect_us: count, min, max and sums are not"},
		{"connect_us", "max", "null", "connect_us: count, min, max and sums are not"},
		{"connect_us", "hdr", "\"HISTFAAA\"", "connect_us.hdr: "},
		{"connect_us", "hdr", "7", "connect_us.hdr: expected an encoded histogram"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_replacement_is_refused(
			cases[i].object, cases[i].member, cases[i].value, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_survives),
		cmocka_unit_test(each_member_comes_back),
		cmocka_unit_test(each_pace_comes_back),
		cmocka_unit_test(a_pace_that_is_none_is_refused),
		cmocka_unit_test(each_member_has_a_row),
		cmocka_unit_test(whole_numbers_are_exact),
		cmocka_unit_test(why_the_kernel_was_not_asked_survives),
		cmocka_unit_test(a_foreign_interface_is_no_error),
		cmocka_unit_test(a_name_that_grew_is_cut_between_characters),
		cmocka_unit_test(what_is_no_report_is_refused_with_a_sentence),
		cmocka_unit_test(each_refusal_names_the_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
