/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/engine_choice.h"
#include "cli/outcome.h"
#include "cli/plan_json.h"
#include "cli/route_words.h"
#include "cli/session.h"
#include "cli/session_options.h"
#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/escape.h"
#include "tcpgoon/base/timestamp.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/cgroup.h"
#include "tcpgoon/net/limits.h"
#include "tcpgoon/verdict/verdict.h"

static const char *count(uint64_t value, char buffer[UNITS_TEXT_MAX])
{
	return value == LIMITS_NONE ? "no limit" : units_format_count(value, buffer);
}

static const char *amount(uint64_t value, bool bytes, char buffer[UNITS_TEXT_MAX])
{
	return bytes && value != LIMITS_NONE ? units_format_bytes(value, buffer)
					     : count(value, buffer);
}

static void print_targets(const struct targets *targets)
{
	char first[ADDRESS_TEXT_MAX];
	char last[ADDRESS_TEXT_MAX];
	printf("  Targets:  %zu, %s", targets->count, address_format(&targets->list[0], first));
	if (targets->count > 1) {
		printf(" to %s", address_format(&targets->list[targets->count - 1], last));
	}
	putchar('\n');
}

/* The addresses that a run would try, if there are several. */
static void print_candidates(const struct plan *plan)
{
	const struct candidates *candidates = &plan->candidates;
	if (candidates->count < 2 || plan->settings.resolve_mode == RESOLVE_ALL) {
		return;
	}
	fputs("  Tried:    ", stdout);
	for (size_t i = 0; i < candidates->count; i++) {
		char host[ADDRESS_TEXT_MAX];
		printf("%s%s", i > 0 ? ", then " : "",
			address_format_host(&candidates->list[i], host));
	}
	puts("; a run dials the first that answers");
}

/* True if an earlier target has the same sources. */
static bool is_shown(const struct tuples *tuples, size_t target)
{
	size_t before = 0;
	while (before < target && tuples->set_of_target[before] != tuples->set_of_target[target]) {
		before++;
	}
	return before < target;
}

static void print_sources(const struct tuples *tuples)
{
	char number[UNITS_TEXT_MAX];
	if (tuples->source_count == 0) {
		puts("  Sources:  no route to the target is known; nothing is bound");
		return;
	}
	printf("  Sources:  %s%s", units_format_count(tuples->source_count, number),
		tuples->targets->count > 1 ? " for each target" : "");
	for (size_t i = 0; i < tuples->targets->count; i++) {
		const struct source_set *set = &tuples->sets[tuples->set_of_target[i]];
		if (is_shown(tuples, i)) {
			continue;
		}
		for (size_t j = 0; j < set->range_count; j++) {
			char host[ADDRESS_TEXT_MAX];
			printf(", from %s on", address_format_host(&set->ranges[j].first, host));
		}
	}
	putchar('\n');
}

/* How the run uses the ports of this host, which other programs need too. */
static void print_ports(const struct plan *plan)
{
	const struct tuples *tuples = &plan->tuples;
	const struct port_order *order = &tuples->order;
	char outside[UNITS_TEXT_MAX];
	char all[UNITS_TEXT_MAX];
	char left[UNITS_TEXT_MAX];
	if (tuples->source_count == 0) {
		return;
	}
	if (tuples->port_auto) {
		puts("  Ports:    chosen by the kernel, which shares them with other programs");
		return;
	}
	if (order->count == 0) {
		puts("  Ports:    none");
		return;
	}
	if (plan->settings.source_port != NULL) {
		printf("  Ports:    %s of %s, beginning at %u\n",
			units_format_count(order->count, all), plan->settings.source_port,
			order->list[0]);
	} else {
		printf("  Ports:    %s of 1024-65535, beginning at %u, the %s outside of "
		       "ip_local_port_range first\n",
			units_format_count(order->count, all), order->list[0],
			units_format_count(order->counts[PORT_BAND_OUTSIDE], outside));
	}
	if (order->automatic_count > 0) {
		uint32_t taken = tuples_automatic_ports(tuples, plan->settings.connections);
		printf("  Left:     %s of the %s ports of ip_local_port_range, from which other "
		       "programs here connect%s\n",
			units_format_count(order->automatic_count - taken, left),
			units_format_count(order->automatic_count, all),
			taken > 0 && plan->settings.close_mode == CLOSE_FIN
				? "; after the run too, for up to a minute (TIME_WAIT), unless "
				  "--close rst is given"
				: "");
	}
}

static void print_routes(const struct plan *plan)
{
	char words[ROUTE_WORDS_MAX];
	for (size_t target = 0; route_words_next(plan, &target, words);) {
		printf("  Route:    %s\n", words);
	}
}

static void print_output(void *context, const struct output *output)
{
	(void)context;
	printf("  Report:   %s to ", output->report.ops->name);
	escape_write(stdout, output->name);
	printf(", %s\n", output_way(output));
}

static void print_schedule(const struct plan *plan)
{
	const struct settings *settings = &plan->settings;
	char pace[SCHEDULE_TEXT_MAX];
	char text[UNITS_TEXT_MAX];
	printf("  Schedule: %s", schedule_describe(&plan->schedule, pace));
	if (schedule_is_paced(&plan->schedule)) {
		uint64_t last_ns = schedule_due_ns(&plan->schedule, settings->connections - 1);
		printf(", the last %s after the first", units_format_duration(last_ns, text));
	}
	putchar('\n');
	if (settings->start_at_ns > 0) {
		char start[TIMESTAMP_TEXT_MAX];
		uint64_t now_ns = clock_wall_ns();
		uint64_t left_ns =
			settings->start_at_ns > now_ns ? settings->start_at_ns - now_ns : 0;
		printf("  Start:    at %s, in %s\n", timestamp_format(settings->start_at_ns, start),
			units_format_duration(left_ns / NSEC_PER_MSEC * NSEC_PER_MSEC, text));
	}
}

/* A CPU quota makes a run slow, not impossible. */
static void print_processors(void)
{
	struct cgroup cgroup;
	cgroup_read("", CGROUP_CPU, &cgroup);
	uint64_t processors = limits_processors();
	if (processors > 0) {
		printf("  CPUs:     %" PRIu64 " may be used; the program uses one\n", processors);
	}
	if (cgroup.cpu.quota_us != CGROUP_NONE) {
		printf("  Quota:    %.0f%% of a CPU, in %s\n",
			100.0 * (double)cgroup.cpu.quota_us / (double)cgroup.cpu.period_us,
			cgroup.cpu.file);
	}
}

static void print_engine(const struct engine_choice *choice, const struct transport_needs *needs)
{
	char rings[UNITS_TEXT_MAX];
	char slots[UNITS_TEXT_MAX];
	if (needs->descriptor_each) {
		printf("  Engine:   %s, with a file descriptor for each connection\n\n",
			choice->transport->name);
		return;
	}
	printf("  Engine:   %s, %s ring%s of %s slots\n\n", choice->transport->name,
		units_format_count(needs->queues, rings), needs->queues == 1 ? "" : "s",
		units_format_count(needs->slots_per_queue, slots));
}

static void print_checks(const struct checks *checks)
{
	printf("  %-14s %16s %16s\n", "Limit", "have", "need");
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		const struct check *check = &checks->list[i];
		bool bytes = check_is_bytes((enum check_kind)i);
		char have[UNITS_TEXT_MAX];
		char need[UNITS_TEXT_MAX];
		/* Groups above the root of the namespace cannot be seen. */
		bool hidden = i == CHECK_GROUP_MEMORY && check->have == LIMITS_NONE;
		printf("  %-14s %16s %16s  %s", check_name((enum check_kind)i),
			check->unknown   ? "not known"
				: hidden ? "none seen"
					 : amount(check->have, bytes, have),
			amount(check->need, bytes, need),
			check->unknown      ? "unknown"
				: check->ok ? "ok"
					    : "NOT ENOUGH");
		if (check->ok && !check->unknown && check->left != LIMITS_NONE) {
			printf(", leaves %s to other programs", amount(check->left, bytes, have));
		}
		putchar('\n');
		if (!check->ok) {
			printf("      give %s\n", check->fix);
		}
	}
}

/* Found by trying: no file says whether a seccomp filter or a security module allows it. */
static void print_trial(const struct engine_choice *choice)
{
	printf("  %-14s %s\n", choice->transport->name,
		choice->code < 0 ? "tried: REFUSED" : "tried: ok");
}

/* The sentence at the end. Returns `buffer`. */
#define CONCLUSION_MAX 1200

static const char *conclude(const struct plan *plan, const struct checks *checks,
	const struct engine_choice *choice, char buffer[CONCLUSION_MAX])
{
	if (choice->code < 0) {
		snprintf(buffer, CONCLUSION_MAX, "The run is not possible: %s.", choice->why.text);
		return buffer;
	}
	if (!checks->possible && plan->settings.force) {
		return "The limits of this machine do not allow all of it; --force dials anyway.";
	}
	if (!checks->possible) {
		return "The run is not possible on this machine.";
	}
	const char *known = checks->certain ? "" : "known ";
	if (plan->routeless == plan->targets.count) {
		snprintf(buffer, CONCLUSION_MAX,
			"The %slimits of this machine allow the run, but without a route no "
			"connection will be established.",
			known);
		return buffer;
	}
	if (plan->routeless > 0) {
		snprintf(buffer, CONCLUSION_MAX,
			"The %slimits of this machine allow the run, but there is no route to %zu "
			"of %zu targets.",
			known, plan->routeless, plan->targets.count);
		return buffer;
	}
	return checks->certain ? "The run is possible."
			       : "The run is possible, as far as is known.";
}

static void print_plan(const struct plan_view *view)
{
	const struct plan *plan = view->plan;
	char connections[UNITS_TEXT_MAX];
	printf("Plan: %s connections\n",
		units_format_count(plan->settings.connections, connections));
	print_targets(&plan->targets);
	print_candidates(plan);
	print_sources(&plan->tuples);
	print_ports(plan);
	print_routes(plan);
	print_schedule(plan);
	outcome_preview(&plan->settings, print_output, NULL, NULL);
	print_processors();
	print_engine(view->choice, &view->checks->needs);
	print_checks(view->checks);
	print_trial(view->choice);
	printf("\n%s\n", view->conclusion);
}

static enum exit_status status_of(
	const struct plan *plan, const struct checks *checks, const struct engine_choice *choice)
{
	if ((!checks->possible && !plan->settings.force) || plan->routeless > 0) {
		return EXIT_STATUS_LOCAL_LIMIT;
	}
	return choice->code < 0 ? EXIT_STATUS_INCOMPLETE : EXIT_STATUS_OK;
}

static int tell_plan(const struct plan *plan, const struct command_line *line, bool as_json)
{
	struct checks checks;
	struct engine_choice choice;
	struct error error = ERROR_INIT;
	char conclusion[CONCLUSION_MAX];
	engine_choose(&plan->settings, &choice);
	engine_choice_check(&choice, plan, &checks);
	if (choice.code == 0 && choice.why.text[0] != '\0') {
		command_note(NULL, choice.why.text);
	}
	const struct plan_view view = {
		.plan = plan,
		.checks = &checks,
		.choice = &choice,
		.command = &command_plan,
		.line = line,
		.conclusion = conclude(plan, &checks, &choice, conclusion),
		.status = status_of(plan, &checks, &choice),
	};
	if (!as_json) {
		print_plan(&view);
	} else if (plan_json_print(stdout, &view, &error) < 0) {
		return command_fail(&error);
	}
	return (int)view.status;
}

/* Takes "json" without a path off the reports of the run: it is asked of the plan itself. */
static bool take_own_format(struct text_list *outputs)
{
	size_t kept = 0;
	for (size_t i = 0; i < outputs->count; i++) {
		if (strcmp(outputs->items[i], PLAN_JSON_FORMAT) != 0) {
			outputs->items[kept++] = outputs->items[i];
		}
	}
	bool taken = kept < outputs->count;
	outputs->count = kept;
	return taken;
}

static int execute(struct command_line *line)
{
	struct settings settings = {0};
	const struct session_request request = {&command_plan, line, &settings};
	struct error error = ERROR_INIT;
	int status;
	if (!session_prepare(&request, NULL, &status)) {
		return status;
	}
	bool as_json = take_own_format(&settings.outputs);
	int r = outcome_preview(&settings, NULL, NULL, &error);
	if (r < 0) {
		command_name_origin(&command_plan, line, &error);
		return r == -EINVAL ? command_refuse_usage(&command_plan, &error)
				    : command_fail(&error);
	}
	const struct notes notes = {.on_note = command_note};
	struct plan *plan;
	if (plan_create(&settings, &notes, &plan, &error) < 0) {
		command_name_origin(&command_plan, line, &error);
		return command_fail(&error);
	}
	status = tell_plan(plan, line, as_json);
	plan_destroy(plan);
	return status;
}

static const struct help_example examples[] = {
	{"tcpgoon plan 10.0.0.9 8080 -c 1m",
		"What a million connections would take, and whether this machine allows them"},
	{"tcpgoon plan 10.0.0.9 8080 -c 1m --source 10.0.0.16/28",
		"The same from sixteen addresses of this host"},
	{"tcpgoon plan example.org 443 --config run.json -o json",
		"What a file of settings comes to, for programs"},
	{0},
};

const struct command command_plan = {
	.name = "plan",
	.arguments = "<host> <port>",
	.takes_target = true,
	.summary = "Show what a run would dial and whether this machine can, and dial nothing",
	.description =
		"Takes the flags of 'run', so that only the word needs to change. Shows the "
		"targets, the sources, the schedule, where reports go, and each limit of this "
		"machine: what there is, what the run needs, and how to raise it. Tries the "
		"engine as a run would use it. With -o json, without a path, all of it is one JSON "
		"object, with each setting and where its value comes from.\n"
		"\n"
		"The exit status is 0 if the run is possible, 4 if a limit or a route prevents "
		"it, and 1 if the engine that was asked for is refused.",
	.examples = examples,
	.options = {.shared = &session_target_options, .configurable = true},
	.execute = execute,
};
