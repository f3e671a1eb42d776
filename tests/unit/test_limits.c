/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tcpgoon/net/limits.h"

#define MEMBER(name) offsetof(struct limits, name)

/* A file's text, and what it sets; a member of UNUSED is none. */
#define UNUSED SIZE_MAX

static const struct {
	enum limits_file file;
	const char *text;
	size_t members[4];
	uint64_t values[4];
} files[] = {
	{LIMITS_FILE_NR, "1440\t7\t9223372036854775807\n",
		{MEMBER(files_used), MEMBER(files_max), UNUSED, UNUSED},
		{1440, 9223372036854775807}},
	{LIMITS_CONNTRACK_MAX, "262144\n", {MEMBER(conntrack_max), UNUSED, UNUSED, UNUSED},
		{262144}},
	{LIMITS_CONNTRACK_COUNT, "12\n", {MEMBER(conntrack_used), UNUSED, UNUSED, UNUSED}, {12}},
	{LIMITS_TCP_MEM, "286434\t381913\t572868\n",
		{MEMBER(tcp_memory_low_pages), MEMBER(tcp_memory_pressure_pages),
			MEMBER(tcp_memory_max_pages), UNUSED},
		{286434, 381913, 572868}},
	{LIMITS_SOCKSTAT,
		"sockets: used 15\nTCP: inuse 1 orphan 4 tw 3 alloc 2 mem 330\n"
		"UDP: inuse 0 mem 9\nFRAG: inuse 0 memory 0\n",
		{MEMBER(tcp_sockets), MEMBER(time_wait_used), MEMBER(tcp_memory_used_pages),
			MEMBER(tcp_orphans)},
		{2, 3, 330, 4}},
	{LIMITS_TIME_WAIT_MAX, "131072\n", {MEMBER(time_wait_max), UNUSED, UNUSED, UNUSED},
		{131072}},
	{LIMITS_TIME_WAIT_REUSE, "2\n", {MEMBER(time_wait_reuse), UNUSED, UNUSED, UNUSED}, {2}},
	{LIMITS_SOMAXCONN, "4096", {MEMBER(backlog_max), UNUSED, UNUSED, UNUSED}, {4096}},
	{LIMITS_SYN_RETRIES, "6\n", {MEMBER(syn_retries), UNUSED, UNUSED, UNUSED}, {6}},
	{LIMITS_PORT_RANGE, "32768\t60999\n", {MEMBER(port_low), MEMBER(port_high), UNUSED, UNUSED},
		{32768, 60999}},
	{LIMITS_MEMINFO,
		"MemTotal:       24679532 kB\nMemFree:        20000000 kB\n"
		"MemAvailable:   21000001 kB\nBuffers: 1 kB\n",
		{MEMBER(memory_bytes), MEMBER(memory_available_bytes), UNUSED, UNUSED},
		{24679532 * UINT64_C(1024), 21000001 * UINT64_C(1024)}},
};

static uint64_t member(const struct limits *limits, size_t offset)
{
	uint64_t value;
	memcpy(&value, (const char *)limits + offset, sizeof(value));
	return value;
}

static void assert_all_absent(const struct limits *limits)
{
	for (size_t offset = 0; offset < sizeof(*limits); offset += sizeof(uint64_t)) {
		assert_true(member(limits, offset) == LIMITS_NONE);
	}
}

static void each_file_sets_its_own_and_no_other(void **state)
{
	(void)state;
	assert_int_equal(sizeof(files) / sizeof(files[0]), LIMITS_FILES_MAX);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct limits limits;
		limits_init(&limits);
		assert_int_equal(limits_parse(&limits, files[i].file, files[i].text), 0);
		for (size_t m = 0; m < 4 && files[i].members[m] != UNUSED; m++) {
			assert_true(member(&limits, files[i].members[m]) == files[i].values[m]);
			memset((char *)&limits + files[i].members[m], 0xff, sizeof(uint64_t));
		}
		assert_all_absent(&limits);
	}
}

static void what_is_no_such_file_sets_nothing(void **state)
{
	(void)state;
	const char *const texts[] = {"", "\n", "none\n", "-1\n", "12x 4y 5z\n",
		"99999999999999999999 99999999999999999999 99999999999999999999\n", "TCP: inuse\n",
		"TCP: alloc tw mem\n", "MemTotal:\nMemAvailable: kB\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (int file = 0; file < LIMITS_FILES_MAX; file++) {
			struct limits limits;
			limits_init(&limits);
			assert_int_equal(
				limits_parse(&limits, (enum limits_file)file, texts[i]), -EBADMSG);
			assert_all_absent(&limits);
		}
	}
}

/* MemAvailable came later than MemTotal, tw later than inuse. */
static void what_is_there_is_set_even_if_something_is_missing(void **state)
{
	(void)state;
	struct limits limits;
	limits_init(&limits);
	assert_int_equal(limits_parse(&limits, LIMITS_MEMINFO, "MemTotal: 5 kB\n"), -EBADMSG);
	assert_int_equal(limits.memory_bytes, 5120);
	assert_true(limits.memory_available_bytes == LIMITS_NONE);
	assert_int_equal(limits_parse(&limits, LIMITS_SOCKSTAT, "TCP: inuse 1 mem 7\n"), -EBADMSG);
	assert_int_equal(limits.tcp_memory_used_pages, 7);
	assert_true(limits.tcp_sockets == LIMITS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_sets_its_own_and_no_other),
		cmocka_unit_test(what_is_no_such_file_sets_nothing),
		cmocka_unit_test(what_is_there_is_set_even_if_something_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
