/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/endpoint.h"
#include "cli/engine_choice.h"
#include "cli/route_words.h"
#include "tcpgoon/base/plural.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/plan/machine.h"
#include "tcpgoon/verdict/verdict.h"

static const struct option_row rows[] = {
	{OPT_COUNT("connections", 'c', OPTION_FIELD(struct settings, connections), "N", "100", 1,
		 SETTINGS_CONNECTIONS_MAX,
		 "Number of connections that must be possible for the exit status 0"),
		.group = GROUP_PACE},
};

#define FIX_INDENT 13

static const char *allowed(uint64_t connections, char buffer[UNITS_TEXT_MAX])
{
	return connections == LIMITS_NONE ? "no limit" : units_format_count(connections, buffer);
}

static void print_report(const struct machine_report *report)
{
	printf("%-8s %-14s %11s  %s\n", "mark", "what", "connections", "what there is");
	for (size_t i = 0; i < report->count; i++) {
		const struct machine_line *line = &report->lines[i];
		char connections[UNITS_TEXT_MAX];
		printf("%-8s %-14s %11s  %s\n", machine_mark_name(line->mark), line->name,
			line->mark == MACHINE_UNKNOWN ? "not known"
						      : allowed(line->connections, connections),
			line->text);
		if (line->fix[0] != '\0') {
			printf("%*s%s\n", FIX_INDENT, "", line->fix);
		}
	}
}

static void print_conclusion(const struct machine_report *report, uint64_t connections)
{
	const struct machine_line *tightest = machine_tightest(report);
	char wanted[UNITS_TEXT_MAX];
	char most[UNITS_TEXT_MAX];
	bool possible = machine_worst(report) != MACHINE_PROBLEM;
	bool certain = machine_is_certain(report);
	printf("\n%s connections are %spossible on this machine%s", allowed(connections, wanted),
		possible ? "" : "not ", possible && !certain ? ", as far as is known" : "");
	if (possible && tightest != NULL) {
		printf(", %s at most: the first %slimit is %s",
			allowed(tightest->connections, most), certain ? "" : "known ",
			tightest->name);
	}
	puts(".");
}

/* The target may be left out. */
static int take_target(
	const struct arguments *arguments, struct settings *settings, struct error *error)
{
	if (arguments->count != 0 && arguments->count != 2) {
		return error_set(error, -EINVAL,
			"doctor takes a host and a port, or neither, but was given %d argument%s",
			arguments->count, plural((uint64_t)arguments->count));
	}
	if (arguments->count == 0) {
		return 0;
	}
	settings->host = arguments->list[0];
	settings->ports = arguments->list[1];
	return endpoint_refuse(command_doctor.name, settings->host, settings->ports, error);
}

/* With *ret_route as in struct machine_view. */
static int make_plan(const struct settings *settings, const struct ports_policy *ports,
	char words[ROUTE_WORDS_MAX], const char **ret_route, struct plan **ret_plan,
	struct error *error)
{
	if (settings->host == NULL) {
		*ret_route = NULL;
		return machine_create_plan(settings->connections, ports, ret_plan, error);
	}
	const struct notes notes = {.on_note = command_note};
	struct settings largest = *settings;
	/* On loopback, a plan has as many sources as its connections need. */
	largest.connections = SETTINGS_CONNECTIONS_MAX;
	int r = plan_create(&largest, &notes, ret_plan, error);
	if (r < 0) {
		return r;
	}
	(*ret_plan)->settings.connections = settings->connections;
	struct address source;
	const struct plan *plan = *ret_plan;
	bool bound = tuples_first_source(&plan->tuples, 0, &source);
	words[0] = '\0';
	(void)route_words(bound ? &source : NULL, &plan->targets.list[0], words);
	*ret_route = words;
	return 0;
}

static int examine(const struct settings *settings)
{
	struct error error = ERROR_INIT;
	struct machine_report report;
	struct engine_choice choice;
	struct limits limits;
	struct check_own own;
	struct ports_policy ports;
	struct plan *plan;
	char words[ROUTE_WORDS_MAX];
	struct machine_view view = {.limits = &limits, .own = &own, .ports = &ports};
	ports_read(&ports);
	if (make_plan(settings, &ports, words, &view.route, &plan, &error) < 0) {
		return command_fail(&error);
	}
	limits_read_nofile(&view.nofile_soft); /* before it is raised */
	engine_choose(settings, &choice);
	engine_choice_look(&limits, &own);
	view.processors = limits_processors();
	view.transport = choice.transport;
	view.transport_code = choice.code;
	view.transport_why = choice.why.text;
	machine_examine(&view, plan, &report);
	plan_destroy(plan);
	print_report(&report);
	print_conclusion(&report, settings->connections);
	return machine_worst(&report) == MACHINE_PROBLEM ? EXIT_STATUS_LOCAL_LIMIT : EXIT_STATUS_OK;
}

static int execute(struct command_line *line)
{
	struct settings settings = {0};
	struct arguments arguments;
	struct error error = ERROR_INIT;
	int status;
	if (!command_read(&command_doctor, line, &settings, &arguments, &status)) {
		return status;
	}
	if (take_target(&arguments, &settings, &error) < 0) {
		return command_refuse_usage(&command_doctor, &error);
	}
	return examine(&settings);
}

static const struct help_example examples[] = {
	{"tcpgoon doctor -c 100k",
		"Whether a hundred thousand connections are possible here, and if not, what to do"},
	{"tcpgoon doctor example.org 443",
		"The same for a target: with its route, and all sources that a run would use"},
	{0},
};

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "[<host> <port>]",
	.takes_target = true,
	.summary = "Show what this machine allows, and how to allow more",
	.description =
		"A line for each limit: 'ok', 'unknown' if it cannot be read, 'limit' if it allows\n"
		"fewer than a million connections, or 'problem' if it does not allow those asked\n"
		"for. Then the number of connections that it allows, what there is, and what lifts\n"
		"it. Dials nothing.\n"
		"Without a host, one source address and one port of a remote target are assumed. The\n"
		"exit status is 0 if there is no problem, and 4 if there is one.\n",
	.examples = examples,
	.options = {.own = rows, .own_count = sizeof(rows) / sizeof(rows[0])},
	.execute = execute,
};
