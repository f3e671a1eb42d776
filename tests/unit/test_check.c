/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/plan/check.h"

/* A plan of so many connections from so many loopback sources, and a machine without limits. */
struct fixture {
	struct address target;
	struct source_range range;
	struct source_set set;
	struct plan plan;
	struct limits limits;
	struct check_own own;
	struct checks checks;
};

static const uint32_t one_set[1];
static const struct ports_policy no_policy;

static void prepare_ports(struct fixture *fixture, uint64_t connections, uint64_t sources,
	uint16_t port_low, uint16_t port_high)
{
	*fixture = (struct fixture){.plan.settings.connections = connections};
	assert_int_equal(address_parse_literal("127.0.0.1", 80, &fixture->target), 0);
	assert_int_equal(address_parse_literal("127.0.0.1", 0, &fixture->range.first), 0);
	fixture->range.count = sources;
	fixture->set = (struct source_set){.ranges = &fixture->range, .range_count = 1};
	fixture->plan.targets = (struct targets){.list = &fixture->target, .count = 1};
	const struct port_order_params ports = {
		.low = port_low, .high = port_high, .given = true, .policy = &no_policy};
	struct port_order order;
	assert_int_equal(port_order_init(&order, &ports), 0);
	const struct tuples_params params = {
		.targets = &fixture->plan.targets,
		.sets = &fixture->set,
		.set_count = 1,
		.set_of_target = one_set,
		.order = &order,
	};
	assert_int_equal(tuples_init(&fixture->plan.tuples, &params), 0);
	port_order_finish(&order);
	limits_init(&fixture->limits);
	fixture->own = (struct check_own){.nofile = 20000,
		.memlock = LIMITS_NONE,
		.cgroup.memory.limit = CGROUP_NONE,
		.space.limit = LIMITS_NONE};
}

static void prepare(struct fixture *fixture, uint64_t connections, uint64_t sources)
{
	prepare_ports(fixture, connections, sources, TUPLES_PORT_LOW, TUPLES_PORT_HIGH);
}

static const struct check *check(struct fixture *fixture, enum check_kind kind)
{
	const struct transport_params params = {
		.slots = fixture->plan.settings.connections,
		.nofile = fixture->own.nofile,
		.memlock = fixture->own.memlock,
	};
	transport_uring.needs(&params, &fixture->own.needs);
	check_plan(&fixture->checks, &fixture->plan, &fixture->limits, &fixture->own);
	tuples_finish(&fixture->plan.tuples);
	return &fixture->checks.list[kind];
}

/* The one limit fails, with these numbers and a fix that has this text, and no other does. */
static void assert_refused(struct fixture *fixture, enum check_kind kind, uint64_t have,
	uint64_t need, const char *fix)
{
	const struct check *found = check(fixture, kind);
	char sentence[CHECK_SENTENCE_MAX];
	assert_false(fixture->checks.possible);
	assert_int_equal(found->have, have);
	assert_int_equal(found->need, need);
	assert_non_null(strstr(found->fix, fix));
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		assert_int_equal(fixture->checks.list[i].ok, i != kind);
	}
	assert_non_null(strstr(check_refusal(&fixture->checks, sentence), fix));
}

static void a_million_on_this_machine(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1000000, 17);
	check(&fixture, CHECK_TUPLES);
	assert_true(fixture.checks.possible);
	assert_int_equal(fixture.checks.needs.queues, 50);
	assert_int_equal(fixture.checks.needs.slots_per_queue, 20000);
	char sentence[CHECK_SENTENCE_MAX];
	assert_string_equal(check_refusal(&fixture.checks, sentence), "");
}

static void too_few_tuples(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 70000, 1);
	assert_refused(&fixture, CHECK_TUPLES, 64512, 70000, "2 source addresses with --source");
}

static void no_port_but_the_target_s_own(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare_ports(&fixture, 1, 1, 80, 80);
	assert_refused(&fixture, CHECK_TUPLES, 0, 1, "another port with --source-port");
	prepare_ports(&fixture, 1, 1, 80, 81);
	assert_true(check(&fixture, CHECK_TUPLES)->ok);
	/* The kernel's choice has no need of a range. */
	prepare_ports(&fixture, 1, 1, 80, 80);
	fixture.plan.tuples.port_auto = true;
	assert_true(check(&fixture, CHECK_TUPLES)->ok);
	prepare_ports(&fixture, 1, 0, 80, 80);
	assert_true(check(&fixture, CHECK_TUPLES)->ok);
}

static void too_few_open_files(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100000, 2);
	fixture.own.nofile = 64;
	assert_refused(&fixture, CHECK_OPEN_FILES, 64, 329, "ulimit -n 329");
	prepare(&fixture, 10, 1);
	fixture.own.nofile = 5;
	assert_refused(&fixture, CHECK_OPEN_FILES, 5, 25, "ulimit -n 25");
	/* And so many are enough, but no fewer. */
	prepare(&fixture, 100000, 2);
	fixture.own.nofile = 329;
	assert_true(check(&fixture, CHECK_OPEN_FILES)->ok);
	prepare(&fixture, 100000, 2);
	fixture.own.nofile = 328;
	assert_false(check(&fixture, CHECK_OPEN_FILES)->ok);
}

static void too_little_locked_memory(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 20000, 1);
	fixture.own.memlock = 4096;
	const struct check *found = check(&fixture, CHECK_LOCKED);
	assert_false(found->ok);
	assert_int_equal(found->have, 4096);
	assert_in_range(found->need, 4097, 20480);
	assert_true(check_is_bytes(CHECK_LOCKED));
	assert_non_null(strstr(found->fix, "ulimit -l"));
}

static void rings_shrink_before_the_locked_memory_is_too_little(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1000000, 17);
	fixture.own.memlock = 8 << 20;
	assert_true(check(&fixture, CHECK_LOCKED)->ok);
	prepare(&fixture, 1000000, 17);
	fixture.own.memlock = 1 << 20;
	const struct check *found = check(&fixture, CHECK_LOCKED);
	assert_true(found->ok);
	assert_true(found->need <= 1 << 20);
}

static void too_few_files_on_the_host(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 10000, 1);
	fixture.limits.files_max = 12000;
	fixture.limits.files_used = 3000;
	assert_refused(&fixture, CHECK_SYSTEM_FILES, 12000, 13000, "sysctl -w fs.file-max=13000");
	prepare(&fixture, 10000, 1);
	fixture.limits.files_max = 12000;
	fixture.limits.files_used = 3000;
	fixture.own.exempt_from_file_max = true;
	assert_true(check(&fixture, CHECK_SYSTEM_FILES)->ok);
}

static void a_target_here_has_its_end_here(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 10000, 1);
	fixture.limits.files_max = 12000;
	fixture.limits.files_used = 1000;
	assert_true(check(&fixture, CHECK_SYSTEM_FILES)->ok);
	prepare(&fixture, 10000, 1);
	fixture.limits.files_max = 12000;
	fixture.limits.files_used = 1000;
	fixture.plan.target_is_here = true;
	assert_int_equal(check(&fixture, CHECK_SYSTEM_FILES)->need, 21000);
	assert_false(fixture.checks.possible);
}

static void too_small_a_connection_tracker(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1000, 1);
	fixture.limits.conntrack_max = 1000;
	fixture.limits.conntrack_used = 5;
	assert_refused(&fixture, CHECK_CONNTRACK, 1000, 1005, "nf_conntrack_max=1005");
	/* One that tracks nothing limits nothing, and neither does one without a limit. */
	prepare(&fixture, 1000, 1);
	fixture.limits.conntrack_max = 10;
	fixture.limits.conntrack_used = 0;
	assert_true(check(&fixture, CHECK_CONNTRACK)->ok);
	prepare(&fixture, 1000, 1);
	fixture.limits.conntrack_max = 0;
	fixture.limits.conntrack_used = 5;
	assert_true(check(&fixture, CHECK_CONNTRACK)->ok);
}

static void tcp_memory_used_up_by_others(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 10, 1);
	fixture.limits.tcp_memory_low_pages = 100;
	fixture.limits.tcp_memory_pressure_pages = 200;
	fixture.limits.tcp_memory_max_pages = 300;
	fixture.limits.tcp_memory_used_pages = 300;
	assert_refused(&fixture, CHECK_TCP_MEMORY, 300, 301, "tcp_mem='200 400 600'");
}

static void too_little_memory(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1000000, 17);
	fixture.plan.target_is_here = true;
	fixture.limits.memory_available_bytes = UINT64_C(2) << 30;
	const struct check *found = check(&fixture, CHECK_MEMORY);
	assert_false(found->ok);
	assert_in_range(found->need, UINT64_C(7) << 30, UINT64_C(9) << 30);
	assert_non_null(strstr(found->fix, "--connections 24"));
}

static void the_control_group_may_have_less_memory(void **state)
{
	(void)state;
	struct fixture fixture;
	const struct cgroup_limit limit = {
		.limit = 64 << 20, .left = 60 << 20, .file = "/sys/fs/cgroup/pod/memory.max"};
	prepare(&fixture, 20000, 1);
	fixture.own.cgroup.memory = limit;
	const struct check *found = check(&fixture, CHECK_GROUP_MEMORY);
	assert_false(found->ok);
	assert_int_equal(found->have, 60 << 20);
	assert_in_range(found->need, 20000 * 4316, 20000 * 4316 + (3 << 20));
	assert_non_null(strstr(found->fix, "--connections 14"));
	assert_non_null(strstr(
		found->fix, "a higher limit than 64.0 MiB in /sys/fs/cgroup/pod/memory.max"));
	/* So much more is what is missing. */
	char wanted[32];
	snprintf(wanted, sizeof(wanted), "memory.max: %llu",
		(unsigned long long)((64 << 20) + found->need - found->have));
	assert_non_null(strstr(found->fix, wanted));
	/* No other limit is too low, and what the fix says does. */
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		assert_int_equal(fixture.checks.list[i].ok, i != CHECK_GROUP_MEMORY);
	}
	uint64_t advised = strtoull(strchr(found->fix, ' '), NULL, 10);
	prepare(&fixture, advised, 1);
	fixture.own.cgroup.memory = limit;
	assert_true(check(&fixture, CHECK_GROUP_MEMORY)->ok);
	prepare(&fixture, advised + 1, 1);
	fixture.own.cgroup.memory = limit;
	assert_false(check(&fixture, CHECK_GROUP_MEMORY)->ok);
	/* A target here is taken for one of the same group. */
	prepare(&fixture, advised, 1);
	fixture.own.cgroup.memory = limit;
	fixture.plan.target_is_here = true;
	assert_false(check(&fixture, CHECK_GROUP_MEMORY)->ok);
}

static void a_long_path_leaves_the_sentence_whole(void **state)
{
	(void)state;
	struct fixture fixture;
	char sentence[CHECK_SENTENCE_MAX];
	prepare(&fixture, 20000, 1);
	fixture.own.cgroup.memory = (struct cgroup_limit){.limit = 1000, .left = 1000};
	memset(fixture.own.cgroup.memory.file, 'x', CGROUP_PATH_MAX - 1);
	check(&fixture, CHECK_GROUP_MEMORY);
	check_refusal(&fixture.checks, sentence);
	assert_non_null(strstr(sentence, fixture.own.cgroup.memory.file));
}

static void too_little_address_space(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1000000, 17);
	fixture.own.space =
		(struct limits_space){.limit = 20 << 20, .left = 12 << 20, .letter = 'v'};
	const struct check *found = check(&fixture, CHECK_ADDRESS_SPACE);
	assert_false(found->ok);
	assert_int_equal(found->have, 12 << 20);
	unsigned long advised = strtoul(strstr(found->fix, "ulimit -v ") + 10, NULL, 10);
	prepare(&fixture, 1000000, 17);
	fixture.own.space = (struct limits_space){
		.limit = advised << 10, .left = (advised << 10) - (8 << 20), .letter = 'v'};
	assert_true(check(&fixture, CHECK_ADDRESS_SPACE)->ok);
}

static void the_most_connections_are_those_that_a_check_still_allows(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 1, 1);
	fixture.limits.conntrack_max = 1000;
	fixture.limits.conntrack_used = 5;
	fixture.own.nofile = 100;
	const struct plan *plan = &fixture.plan;
	const struct limits *limits = &fixture.limits;
	const struct check_own *own = &fixture.own;
	assert_int_equal(check_most(CHECK_CONNTRACK, plan, limits, own, &transport_uring), 995);
	assert_int_equal(check_most(CHECK_TUPLES, plan, limits, own, &transport_uring), 64512);
	uint64_t by_epoll = check_most(CHECK_OPEN_FILES, plan, limits, own, &transport_epoll);
	assert_in_range(by_epoll, 50, 99);
	assert_true(check_most(CHECK_OPEN_FILES, plan, limits, own, &transport_uring) > by_epoll);
	assert_true(check_most(CHECK_MEMORY, plan, limits, own, &transport_uring) == LIMITS_NONE);
	/* Not even one. */
	fixture.limits.conntrack_used = 1000;
	assert_int_equal(check_most(CHECK_CONNTRACK, plan, limits, own, &transport_uring), 0);
	tuples_finish(&fixture.plan.tuples);
}

/* Only what would be a limit if it could be read. */
static void what_cannot_be_read_is_unknown_and_refuses_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100, 1);
	check(&fixture, CHECK_TUPLES);
	assert_true(fixture.checks.possible);
	assert_false(fixture.checks.certain);
	for (int i = 0; i < CHECK_KIND_MAX; i++) {
		bool unread = i == CHECK_SYSTEM_FILES || i == CHECK_TCP_MEMORY || i == CHECK_MEMORY;
		assert_int_equal(fixture.checks.list[i].unknown, unread);
		assert_true(fixture.checks.list[i].ok);
	}
	prepare(&fixture, 100, 1);
	fixture.limits.files_max = INT64_MAX; /* disabled */
	fixture.limits.tcp_memory_max_pages = 300;
	fixture.limits.tcp_memory_used_pages = 1;
	fixture.limits.memory_available_bytes = UINT64_C(1) << 40;
	check(&fixture, CHECK_TUPLES);
	assert_true(fixture.checks.certain);
}

/* With what is in use taken for nothing, too little is still too little. */
static void what_certainly_lacks_is_not_unknown(void **state)
{
	(void)state;
	struct fixture fixture;
	prepare(&fixture, 100, 1);
	fixture.limits.files_max = 100;
	assert_true(check(&fixture, CHECK_SYSTEM_FILES)->unknown);
	prepare(&fixture, 101, 1);
	fixture.limits.files_max = 100;
	const struct check *files = check(&fixture, CHECK_SYSTEM_FILES);
	assert_false(files->unknown);
	assert_false(files->ok);
	prepare(&fixture, 101, 1);
	fixture.own.exempt_from_file_max = true;
	assert_false(check(&fixture, CHECK_SYSTEM_FILES)->unknown);
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < CHECK_KIND_MAX; i++) {
		assert_non_null(check_name((enum check_kind)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_on_this_machine),
		cmocka_unit_test(too_few_tuples),
		cmocka_unit_test(no_port_but_the_target_s_own),
		cmocka_unit_test(too_few_open_files),
		cmocka_unit_test(too_little_locked_memory),
		cmocka_unit_test(rings_shrink_before_the_locked_memory_is_too_little),
		cmocka_unit_test(too_few_files_on_the_host),
		cmocka_unit_test(a_target_here_has_its_end_here),
		cmocka_unit_test(too_small_a_connection_tracker),
		cmocka_unit_test(tcp_memory_used_up_by_others),
		cmocka_unit_test(too_little_memory),
		cmocka_unit_test(the_control_group_may_have_less_memory),
		cmocka_unit_test(a_long_path_leaves_the_sentence_whole),
		cmocka_unit_test(too_little_address_space),
		cmocka_unit_test(the_most_connections_are_those_that_a_check_still_allows),
		cmocka_unit_test(what_cannot_be_read_is_unknown_and_refuses_nothing),
		cmocka_unit_test(what_certainly_lacks_is_not_unknown),
		cmocka_unit_test(every_kind_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
