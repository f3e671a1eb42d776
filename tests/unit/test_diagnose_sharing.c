/* SPDX-License-Identifier: MIT */
#include "diagnose_fixture.h"

static void a_reserve_of_ports_is_not_worth_a_word(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	fixture->result.left.ports_of = 28232;
	const uint64_t enough[] = {28232, 14116, 3529};
	for (size_t i = 0; i < sizeof(enough) / sizeof(enough[0]); i++) {
		fixture->result.left.ports = enough[i];
		assert_nothing(fixture);
	}
	fixture->result.left.ports = RESULT_UNKNOWN;
	assert_nothing(fixture);
}

static void fewer_ports_than_the_reserve_are_told(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	fixture->result.left.ports_of = 28232;
	fixture->result.left.ports = 3528;
	fixture->result.settings.close_mode = CLOSE_RST;
	assert_only(fixture, "few_ports_left", 0,
		"The run left at most 3528 of the 28232 ports from which other programs "
		"on this host connect (ip_local_port_range).");
	assert_null(strstr(find(fixture, "few_ports_left")->hint, "a minute"));
	fixture->result.settings.close_mode = CLOSE_FIN;
	assert_non_null(strstr(find(fixture, "few_ports_left")->hint, "a minute after the run"));
	assert_int_equal(find(fixture, "few_ports_left")->weight, FINDING_REMARK);
	fixture->result.left.ports = 0;
	assert_only(fixture, "few_ports_left", 0,
		"The run left none of the 28232 ports from which other programs on this "
		"host connect (ip_local_port_range).");
}

static void files_of_the_host_are_told_where_the_run_took_them(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	fixture->result.left.files_of = 100000;
	fixture->result.left.files = 4999;
	fixture->result.max_concurrent = 4999;
	assert_nothing(fixture);
	fixture->result.max_concurrent = 90000;
	assert_only(fixture, "host_nearly_full", 0,
		"This host had 4999 of 100000 open files left (fs.file-max) while the run had 90000 "
		"connections.");
	fixture->result.left.files = 5000;
	assert_nothing(fixture);
}

static void memory_of_the_host_is_told_where_the_run_took_it(void **state)
{
	struct fixture *fixture = *state;
	establish(fixture, 100);
	fixture->result.left.memory_of_bytes = UINT64_C(8) << 30;
	fixture->result.left.memory_bytes = UINT64_C(256) << 20;
	fixture->result.max_concurrent = 1000;
	assert_nothing(fixture);
	fixture->result.max_concurrent = 1000000;
	assert_only(fixture, "host_nearly_full", 0,
		"This host had 256.0 MiB of memory left while the run had 1000000 connections.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reserve_of_ports_is_not_worth_a_word),
		TEST(fewer_ports_than_the_reserve_are_told),
		TEST(files_of_the_host_are_told_where_the_run_took_them),
		TEST(memory_of_the_host_is_told_where_the_run_took_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
