/* SPDX-License-Identifier: MIT */
/* The rules on failures that go by source address, family or port. */
#include "diagnose_fixture.h"

/* A group in which so many of the dialled were rejected, the first at that index. */
static struct failure_group *add_group(struct fixture *fixture, enum group_kind kind,
	const char *address, uint16_t port, uint64_t dialed)
{
	struct failure_groups *groups = &fixture->result.groups[kind];
	struct failure_group *group = &groups->list[groups->count++];
	*group = (struct failure_group){.dialed = dialed, .first_rejected = RESULT_UNKNOWN};
	assert_int_equal(address_parse_literal(address, port, &group->address), 0);
	return group;
}

static void set_rejected(struct failure_group *group, enum cause cause, uint32_t count,
	uint64_t first, uint64_t before)
{
	group->causes[cause] = count;
	group->first_rejected = first;
	group->before_rejected = before;
}

static void one_source_of_two(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 25);
	reject(fixture, CAUSE_TIMED_OUT, 25);
	fixture->result.first_rejected = 25;
	struct failure_group *group = add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 25);
	set_rejected(group, CAUSE_TIMED_OUT, 25, 25, 0);
	assert_only(fixture, "failures_by_source", 25,
		"From source 10.0.0.2, all 25 connections failed (no answer in time); from other sources, "
		"none of 25 did.");
	assert_int_equal(fixture->findings.list[0].side, CAUSE_SIDE_PATH);
	assert_non_null(strstr(fixture->findings.list[0].hint, "a limit would look the same"));
	/* They took turns: no order of the dials explains them. */
	fixture->result.first_rejected = 1;
	group->first_rejected = 1;
	assert_null(strstr(find(fixture, "failures_by_source")->hint, "would look the same"));
	/* Some of it came up. */
	group->dialed = 26;
	assert_no(fixture, "failures_by_source");
}

static void several_sources_and_causes(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	reject(fixture, CAUSE_REFUSED, 60);
	reject(fixture, CAUSE_TIMED_OUT, 3);
	fixture->result.first_rejected = 1;
	for (unsigned i = 0; i < 3; i++) {
		static const char *const sources[] = {"10.0.0.2", "10.0.0.3", "10.0.0.4"};
		struct failure_group *group =
			add_group(fixture, GROUP_SOURCE, sources[i], 0, i == 0 ? 22 : 20);
		set_rejected(group, CAUSE_REFUSED, 20, 1 + i, 0);
		group->causes[CAUSE_TIMED_OUT] = i == 0 ? 2 : 0;
	}
	assert_finding(fixture, "failures_by_source", 62,
		"From the sources 10.0.0.2, 10.0.0.3, ..., all 62 connections failed (most: "
		"connection refused); from other sources, 1 of 101 did.");
	assert_int_equal(fixture->findings.list[0].side, CAUSE_SIDE_REMOTE);
	/* Where many others failed as well, the source is not what tells them apart. */
	reject(fixture, CAUSE_REFUSED, 20);
	assert_no(fixture, "failures_by_source");
}

/* One in twenty is lost, two of them from the same source. */
static void small_groups_that_failed_by_chance(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 1900);
	reject(fixture, CAUSE_TIMED_OUT, 100);
	fixture->result.first_rejected = 7;
	struct failure_group *group = add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 2);
	set_rejected(group, CAUSE_TIMED_OUT, 2, 40, 0);
	assert_no(fixture, "failures_by_source");
	assert_finding(fixture, "partial_drop", 100,
		"100 of 2000 connections were never answered, while the others were "
		"answered.");
}

/* The limit was reached before the second source's turn came. */
static void a_limit_that_lies_before_the_group(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 24);
	reject(fixture, CAUSE_REFUSED, 26);
	fixture->result.first_rejected = 24;
	set_rejected(add_group(fixture, GROUP_SOURCE, "10.0.0.1", 0, 25), CAUSE_REFUSED, 1, 24, 24);
	set_rejected(add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 25), CAUSE_REFUSED, 25, 25, 0);
	assert_only(fixture, "connection_cap", 26,
		"The first 24 connections were established and stayed; of those dialled "
		"after them, 26 were rejected (26 refused, 0 timed out, 0 ended at once).");
}

static void a_limit_for_each(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 30);
	reject(fixture, CAUSE_REFUSED, 20);
	fixture->result.first_rejected = 15;
	set_rejected(
		add_group(fixture, GROUP_SOURCE, "10.0.0.1", 0, 25), CAUSE_REFUSED, 10, 15, 15);
	set_rejected(
		add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 25), CAUSE_REFUSED, 10, 40, 15);
	assert_only(fixture, "connection_cap", 20,
		"Of each of 2 sources, the first 15 connections were established and "
		"stayed; those dialled after them, 20 in all, were rejected.");
	assert_non_null(strstr(fixture->findings.list[0].hint, "a limit of 15 connections"));
	/* In no order. */
	fixture->result.groups[GROUP_SOURCE].list[1].before_rejected = 3;
	assert_no(fixture, "connection_cap");
}

static void a_limit_of_one_port(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 42);
	reject(fixture, CAUSE_REFUSED, 18);
	fixture->result.first_rejected = 25;
	struct failure_group *group = add_group(fixture, GROUP_PORT, "10.0.0.9", 8001, 30);
	set_rejected(group, CAUSE_REFUSED, 18, 25, 12);
	assert_only(fixture, "connection_cap", 18,
		"Of port 8001, the first 12 connections were established and stayed; "
		"those dialled after them, 18 in all, were rejected.");
}

static void set_target(
	struct fixture *fixture, const char *address, uint16_t port, uint64_t up, uint64_t failed)
{
	struct target_tally *target = &fixture->result.targets[fixture->result.target_count++];
	*target = (struct target_tally){.established = up, .failed = failed};
	assert_int_equal(address_parse_literal(address, port, &target->address), 0);
}

static void a_family_of_two_addresses(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 20);
	reject(fixture, CAUSE_TIMED_OUT, 20);
	fixture->result.first_rejected = 0;
	set_target(fixture, "2001:db8::1", 80, 0, 10);
	set_target(fixture, "192.0.2.1", 80, 20, 0);
	struct failure_group *group = add_group(fixture, GROUP_FAMILY, "2001:db8::1", 80, 20);
	set_rejected(group, CAUSE_TIMED_OUT, 20, 0, 0);
	/* One address may be down by itself. */
	assert_no(fixture, "failures_by_family");
	set_target(fixture, "2001:db8::2", 80, 0, 10);
	assert_only(fixture, "failures_by_family", 20,
		"Over IPv6, all 20 connections failed (no answer in time); over the other family, none of "
		"20 did.");
}

static void a_port_where_targets_have_no_tally(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 198);
	reject(fixture, CAUSE_REFUSED, 2);
	fixture->result.first_rejected = 7;
	struct failure_group *group = add_group(fixture, GROUP_PORT, "192.0.2.1", 8007, 2);
	set_rejected(group, CAUSE_REFUSED, 2, 7, 0);
	assert_only(fixture, "failures_by_port", 2,
		"To port 8007, all 2 connections failed (connection refused); to other ports, none "
		"of 198 did.");
}

/* What failed for want of something here says nothing of the source's path. */
static void failures_of_this_machine_are_no_group(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 25);
	reject(fixture, CAUSE_PORTS_EXHAUSTED, 25);
	struct failure_group *group = add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 25);
	group->causes[CAUSE_PORTS_EXHAUSTED] = 25;
	assert_no(fixture, "failures_by_source");
	assert_finding(fixture, "local_ports_exhausted", 25,
		"25 of 50 connections found no free local port on this machine, the "
		"first after less than 1 ms. These are all the connections from source 10.0.0.2, "
		"and no others.");
	group->dialed = 26;
	assert_finding(fixture, "local_ports_exhausted", 25,
		"25 of 50 connections found no free local port on this machine, the first after less "
		"than 1 ms.");
}

/* Each source has its own trouble: no rule on groups holds, and each cause says whose it is. */
static void causes_that_go_by_source(void **state)
{
	struct fixture *fixture = *state;
	reject(fixture, CAUSE_REFUSED, 25);
	reject(fixture, CAUSE_TIMED_OUT, 25);
	fixture->result.first_rejected = 0;
	set_rejected(add_group(fixture, GROUP_SOURCE, "10.0.0.1", 0, 25), CAUSE_REFUSED, 25, 0, 0);
	set_rejected(
		add_group(fixture, GROUP_SOURCE, "10.0.0.2", 0, 25), CAUSE_TIMED_OUT, 25, 25, 0);
	assert_no(fixture, "failures_by_source");
	assert_finding(fixture, "partial_drop", 25,
		"25 of 50 connections were never answered, while the others were "
		"answered. These are all the connections from source 10.0.0.2, "
		"and no others.");
	assert_finding(fixture, "no_listener", 25,
		"All 25 connections that were answered were refused. These are all the "
		"connections from source 10.0.0.1, and no others.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_source_of_two),
		TEST(several_sources_and_causes),
		TEST(small_groups_that_failed_by_chance),
		TEST(a_limit_that_lies_before_the_group),
		TEST(a_limit_for_each),
		TEST(a_limit_of_one_port),
		TEST(a_family_of_two_addresses),
		TEST(a_port_where_targets_have_no_tally),
		TEST(failures_of_this_machine_are_no_group),
		TEST(causes_that_go_by_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
