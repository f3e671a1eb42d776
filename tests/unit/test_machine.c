/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/plan/machine.h"

/* A machine that lacks nothing, with a plan of no target in particular. */
struct fixture {
	struct limits limits;
	struct check_own own;
	struct ports_policy ports;
	struct machine_view view;
	struct plan *plan;
	struct machine_report report;
};

static void prepare(struct fixture *fixture, uint64_t connections)
{
	*fixture = (struct fixture){
		.own = {.nofile = 20000,
			.memlock = LIMITS_NONE,
			.cgroup = {.memory.limit = CGROUP_NONE, .cpu.quota_us = CGROUP_NONE},
			.space.limit = LIMITS_NONE},
		.ports = {.automatic_low = 32768, .automatic_high = 60999},
	};
	limits_init(&fixture->limits);
	fixture->limits.backlog_max = 4096;
	fixture->view = (struct machine_view){
		.limits = &fixture->limits,
		.own = &fixture->own,
		.ports = &fixture->ports,
		.nofile_soft = 1024,
		.processors = 4,
		.transport = &transport_uring,
		.transport_why = "",
	};
	struct error error;
	assert_int_equal(
		machine_create_plan(connections, &fixture->ports, &fixture->plan, &error), 0);
}

static const struct machine_line *find(const struct machine_report *report, const char *name)
{
	for (size_t i = 0; i < report->count; i++) {
		if (strcmp(report->lines[i].name, name) == 0) {
			return &report->lines[i];
		}
	}
	fail_msg("no line %s", name);
	return NULL;
}

static const struct machine_line *examine(struct fixture *fixture, const char *name)
{
	machine_examine(&fixture->view, fixture->plan, &fixture->report);
	plan_destroy(fixture->plan);
	return find(&fixture->report, name);
}

static void assert_line(const struct machine_line *line, enum machine_mark mark,
	uint64_t connections, const char *text, const char *fix)
{
	if (strstr(line->text, text) == NULL || strstr(line->fix, fix) == NULL) {
		print_error("%s: %s\n%s\n", line->name, line->text, line->fix);
	}
	assert_int_equal(line->mark, mark);
	assert_int_equal(line->connections, connections);
	assert_non_null(strstr(line->text, text));
	assert_non_null(strstr(line->fix, fix));
	assert_int_equal(line->fix[0] == '\0', mark == MACHINE_OK);
}

static void one_source_is_the_only_limit_of_a_good_machine(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	const struct machine_line *tuples = examine(&fixture, "4-tuples");
	assert_line(tuples, MACHINE_LIMIT, 64512, "64,512 ports", "16 source addresses");
	assert_int_equal(machine_worst(&fixture.report), MACHINE_LIMIT);
	assert_ptr_equal(machine_tightest(&fixture.report), tuples);
	assert_false(machine_is_certain(&fixture.report));
	for (size_t i = 0; i < fixture.report.count; i++) {
		const struct machine_line *line = &fixture.report.lines[i];
		bool read = strstr(line->text, "cannot be read") == NULL;
		assert_int_equal(line->mark,
			line == tuples ? MACHINE_LIMIT
				: read ? MACHINE_OK
				       : MACHINE_UNKNOWN);
		assert_int_equal(line->fix[0] == '\0', line != tuples);
		assert_int_not_equal(line->text[0], '\0');
	}
}

static void what_does_not_do_for_the_connections_is_a_problem(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 70000);
	assert_line(examine(&fixture, "4-tuples"), MACHINE_PROBLEM, 64512, "64,512 ports",
		"2 source addresses");
	assert_int_equal(machine_worst(&fixture.report), MACHINE_PROBLEM);
	prepare(&fixture, 64512);
	assert_int_equal(examine(&fixture, "4-tuples")->mark, MACHINE_LIMIT);
}

static void ports_that_are_reserved_or_have_a_listener_are_counted(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	plan_destroy(fixture.plan);
	ports_parse_reserved("5000-5002", &fixture.ports.reserved);
	port_set_add(&fixture.ports.listening, 8080);
	struct error error;
	assert_int_equal(machine_create_plan(100, &fixture.ports, &fixture.plan, &error), 0);
	assert_line(examine(&fixture, "local ports"), MACHINE_OK, LIMITS_NONE,
		"32768-60999 assigned automatically, dialled from last; 3 reserved, 1 listened on",
		"");
	assert_int_equal(find(&fixture.report, "4-tuples")->connections, 64512 - 4);
}

static void open_files_of_both_engines(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	assert_line(examine(&fixture, "open files"), MACHINE_OK, LIMITS_NONE,
		"soft limit 1,024, which the program raises to the hard limit, 20,000; by epoll: "
		"19,9",
		"");
	prepare(&fixture, 30000);
	fixture.view.transport = &transport_epoll;
	fixture.view.transport_why = "using epoll because of a reason";
	fixture.view.nofile_soft = 20000;
	const struct machine_line *files = examine(&fixture, "open files");
	assert_int_equal(files->mark, MACHINE_PROBLEM);
	assert_in_range(files->connections, 19900, 19999);
	assert_non_null(strstr(files->text, "limit 20,000; by io_uring: unlimited"));
	assert_non_null(strstr(files->fix, "give ulimit -n 300"));
	assert_non_null(strstr(files->fix, "; in a container: --ulimit nofile=300"));
	assert_line(find(&fixture.report, "engine"), MACHINE_LIMIT, LIMITS_NONE,
		"epoll, tried: works", "using epoll because of a reason");
}

static void an_engine_that_is_refused_allows_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.view.transport_code = -1;
	fixture.view.transport_why = "no descriptor is left";
	assert_line(examine(&fixture, "engine"), MACHINE_PROBLEM, 0, "refused",
		"no descriptor is left");
}

static void a_route_is_examined_if_there_is_a_target(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.view.route = "";
	assert_line(examine(&fixture, "route"), MACHINE_OK, LIMITS_NONE, "leads", "");
	prepare(&fixture, 100);
	fixture.view.route = "none to 10.9.9.9";
	assert_line(examine(&fixture, "route"), MACHINE_PROBLEM, 0, "none to 10.9.9.9",
		"'ip route get'");
}

static void a_tracker_limits_only_if_it_tracks(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	assert_line(examine(&fixture, "conntrack"), MACHINE_OK, LIMITS_NONE,
		"no connection tracker is seen", "");
	prepare(&fixture, 100);
	fixture.limits.conntrack_max = 5000;
	fixture.limits.conntrack_used = 0;
	assert_line(examine(&fixture, "conntrack"), MACHINE_OK, LIMITS_NONE,
		"tracks nothing now; it would hold 5,000", "");
	prepare(&fixture, 100);
	fixture.limits.conntrack_max = 5000;
	fixture.limits.conntrack_used = 10;
	assert_line(examine(&fixture, "conntrack"), MACHINE_LIMIT, 4990, "10 entries of 5,000",
		"sysctl -w net.netfilter.nf_conntrack_max=1000010");
	prepare(&fixture, 5000);
	fixture.limits.conntrack_max = 5000;
	fixture.limits.conntrack_used = 10;
	assert_line(examine(&fixture, "conntrack"), MACHINE_PROBLEM, 4990, "10 entries of 5,000",
		"sysctl -w net.netfilter.nf_conntrack_max=5010");
}

static void memory_of_the_machine_and_of_the_group(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.limits.memory_bytes = UINT64_C(2) << 30;
	fixture.limits.memory_available_bytes = UINT64_C(1) << 30;
	fixture.own.cgroup.memory = (struct cgroup_limit){
		.limit = 64 << 20, .left = 60 << 20, .file = "/sys/fs/cgroup/pod/memory.max"};
	const struct machine_line *memory = examine(&fixture, "memory");
	assert_int_equal(memory->mark, MACHINE_LIMIT);
	assert_in_range(memory->connections, 240000, 260000);
	assert_non_null(strstr(memory->text,
		"1.0 GiB available of 2.0 GiB; with the target here "
		"too: 12"));
	const struct machine_line *group = find(&fixture.report, "cgroup memory");
	assert_int_equal(group->mark, MACHINE_LIMIT);
	assert_in_range(group->connections, 13000, 15000);
	assert_non_null(
		strstr(group->text, "60.0 MiB left of 64.0 MiB (/sys/fs/cgroup/pod/memory.max)"));
	assert_non_null(strstr(group->fix, "; in a container: --memory=4"));
	assert_ptr_equal(machine_tightest(&fixture.report), group);
}

static void what_only_slows_a_run_is_a_limit(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.own.cgroup.cpu = (struct cgroup_cpu){
		.quota_us = 50000, .period_us = 100000, .file = "/sys/fs/cgroup/pod/cpu.max"};
	fixture.limits.backlog_max = 128;
	fixture.limits.time_wait_used = 4000;
	fixture.limits.time_wait_max = 4000;
	assert_line(examine(&fixture, "CPUs"), MACHINE_LIMIT, LIMITS_NONE,
		"4 may be used; the quota of the control group is 50% of one",
		"a higher quota in /sys/fs/cgroup/pod/cpu.max: 100000");
	assert_line(find(&fixture.report, "accept queue"), MACHINE_LIMIT, LIMITS_NONE,
		"128 connections", "sysctl -w net.core.somaxconn=4096");
	assert_line(find(&fixture.report, "TIME_WAIT"), MACHINE_LIMIT, LIMITS_NONE,
		"4,000 of at most 4,000", "sysctl -w net.ipv4.tcp_max_tw_buckets=1008000");
	assert_int_equal(machine_worst(&fixture.report), MACHINE_LIMIT);
}

static void what_cannot_be_read_is_not_known(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.limits.memory_available_bytes = LIMITS_NONE;
	fixture.limits.tcp_memory_max_pages = LIMITS_NONE;
	fixture.limits.files_max = LIMITS_NONE;
	fixture.limits.backlog_max = LIMITS_NONE;
	fixture.limits.time_wait_max = LIMITS_NONE;
	fixture.ports.automatic_low = 0;
	static const char *const names[] = {"memory", "tcp_mem pages", "fs.file-max",
		"accept queue", "TIME_WAIT", "local ports"};
	(void)examine(&fixture, "memory");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(find(&fixture.report, names[i])->mark, MACHINE_UNKNOWN);
	}
	prepare(&fixture, 100);
	fixture.own.exempt_from_file_max = true;
	assert_int_equal(examine(&fixture, "fs.file-max")->mark, MACHINE_OK);
}

static void a_quota_of_a_whole_processor_slows_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100);
	fixture.own.cgroup.cpu = (struct cgroup_cpu){.quota_us = 100000, .period_us = 100000};
	assert_int_equal(examine(&fixture, "CPUs")->mark, MACHINE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_the_only_limit_of_a_good_machine),
		cmocka_unit_test(what_does_not_do_for_the_connections_is_a_problem),
		cmocka_unit_test(ports_that_are_reserved_or_have_a_listener_are_counted),
		cmocka_unit_test(open_files_of_both_engines),
		cmocka_unit_test(an_engine_that_is_refused_allows_nothing),
		cmocka_unit_test(a_route_is_examined_if_there_is_a_target),
		cmocka_unit_test(a_tracker_limits_only_if_it_tracks),
		cmocka_unit_test(memory_of_the_machine_and_of_the_group),
		cmocka_unit_test(what_only_slows_a_run_is_a_limit),
		cmocka_unit_test(what_cannot_be_read_is_not_known),
		cmocka_unit_test(a_quota_of_a_whole_processor_slows_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
