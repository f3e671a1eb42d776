/* SPDX-License-Identifier: MIT */
/* The parsers, and trees of files as kernels and container engines make them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tcpgoon/net/cgroup.h"

#define MIB (UINT64_C(1) << 20)

static void membership_is_found_by_controller(void **state)
{
	(void)state;
	const char *text = "9:name=systemd:/user.slice\n4:memory:/a b/c\n3:cpu,cpuacct:/x:y\n"
			   "1:cpuset:/\n0::/two\n";
	const struct {
		const char *controller;
		const char *path;
	} expected[] = {{"memory", "/a b/c"}, {"cpu", "/x:y"}, {"cpuacct", "/x:y"}, {NULL, "/two"}};
	char path[CGROUP_PATH_MAX];
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(cgroup_parse_membership(text, expected[i].controller, path), 0);
		assert_string_equal(path, expected[i].path);
	}
	assert_int_equal(cgroup_parse_membership(text, "pids", path), -ENOENT);
	assert_int_equal(cgroup_parse_membership(text, "systemd", path), -ENOENT);
	assert_int_equal(cgroup_parse_membership("4:memory:/a\n", NULL, path), -ENOENT);
	const char *const broken[] = {"", "\n", "memory", "4:memory", "0::\n", ":::"};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]) - 1; i++) {
		assert_int_equal(cgroup_parse_membership(broken[i], "memory", path), -ENOENT);
	}
}

/* Mounts, the group of the process, and the directories that are its own and the uppermost. */
static const struct {
	const char *mounts;
	const char *controller;
	const char *path;
	const char *own; /* NULL: not to be found */
	const char *top;
} places[] = {
	/* version 2 on a host */
	{"35 25 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", NULL,
		"/user.slice/a", "/sys/fs/cgroup/user.slice/a", "/sys/fs/cgroup"},
	/* in a namespace of its own */
	{"35 25 0:30 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n", NULL, "/", "/sys/fs/cgroup",
		"/sys/fs/cgroup"},
	/* version 1, each controller somewhere else; a blank is written as \040 */
	{"32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	 "33 31 0:31 / /my\\040groups/mem rw - cgroup cgroup rw,memory\n",
		"memory", "/x", "/my groups/mem/x", "/my groups/mem"},
	{"32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n", "cpuacct", "/", "/cg/cpu",
		"/cg/cpu"},
	{"32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpuset\n", "cpu", "/", NULL, NULL},
	{"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "memory", "/", NULL,
		NULL},
	/* a container with the host's namespace: its own part is mounted */
	{"50 49 0:29 /docker/abc /sys/fs/cgroup/memory ro master:11 - cgroup cgroup rw,memory\n",
		"memory", "/docker/abc", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory"},
	{"50 49 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "memory",
		"/docker/abc/inner", "/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"},
	/* a part that the process is not in is none of its limits; the next mount may be */
	{"50 49 0:29 /docker/ab /other rw - cgroup2 cgroup2 rw\n"
	 "51 49 0:29 / /all rw - cgroup2 cgroup2 rw\n",
		NULL, "/docker/abc", "/all/docker/abc", "/all"},
	/* a new namespace under the old mount: what is mounted is above, its names unknown */
	{"35 25 0:30 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL, "/", "/sys/fs/cgroup",
		"/sys/fs/cgroup"},
	/* a process outside of the namespace's root */
	{"35 25 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL, "/../b", "/sys/fs/cgroup",
		"/sys/fs/cgroup"},
	{"", NULL, "/", NULL, NULL},
	{"35 25 0:30 /\n", NULL, "/", NULL, NULL},
};

static void places_are_found_by_mounts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct cgroup_place place;
		int r = cgroup_parse_mounts(
			places[i].mounts, places[i].controller, places[i].path, &place);
		assert_int_equal(r, places[i].own == NULL ? -ENOENT : 0);
		if (r == 0) {
			assert_string_equal(place.own, places[i].own);
			assert_string_equal(place.top, places[i].top);
		}
	}
}

static void amounts_may_be_none(void **state)
{
	(void)state;
	uint64_t amount = 7;
	assert_false(cgroup_parse_amount("", &amount));
	assert_false(cgroup_parse_amount("x\n", &amount));
	assert_int_equal(amount, 7);
	assert_true(cgroup_parse_amount("67108864\n", &amount));
	assert_int_equal(amount, 64 * MIB);
	const char *const none[] = {"max\n", "-1\n", "9223372036854771712\n", "max 100000\n"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_true(cgroup_parse_amount(none[i], &amount));
		assert_true(amount == CGROUP_NONE);
	}
}

static void statistics_are_found_by_key(void **state)
{
	(void)state;
	const char *text = "nr_periods 20\nnr_throttled 12\nthrottled_usec 990\n";
	assert_int_equal(cgroup_parse_stat(text, "nr_throttled"), 12);
	assert_int_equal(cgroup_parse_stat(text, "throttled_usec"), 990);
	assert_int_equal(cgroup_parse_stat(text, "throttled"), 0);
	assert_int_equal(cgroup_parse_stat("", "nr_throttled"), 0);
}

/* A file below the root of a tree, with the directories that it needs. */
static void put(const char *root, const char *path, const char *text)
{
	char full[1024];
	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_tree(void **state)
{
	char template[] = "/tmp/test_cgroup.XXXXXX";
	*state = mkdtemp(template) == NULL ? NULL : strdup(template);
	return *state == NULL ? -1 : 0;
}

static int remove_tree(void **state)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -r '%s'", (char *)*state);
	free(*state);
	return system(command);
}

static const char mounts_2[] = "35 25 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";

static void the_tightest_of_version_2_counts(void **state)
{
	const char *root = *state;
	struct cgroup cgroup;
	put(root, "/proc/self/cgroup", "0::/pod/box\n");
	put(root, "/proc/self/mountinfo", mounts_2);
	put(root, "/sys/fs/cgroup/pod/box/memory.max", "max\n");
	put(root, "/sys/fs/cgroup/pod/box/memory.high", "1073741824\n");
	put(root, "/sys/fs/cgroup/pod/box/memory.current", "1048576\n");
	put(root, "/sys/fs/cgroup/pod/box/cpu.max", "50000 100000\n");
	put(root, "/sys/fs/cgroup/pod/box/cpu.stat", "nr_throttled 2\nthrottled_usec 30\n");
	put(root, "/sys/fs/cgroup/pod/box/pids.max", "100\n");
	put(root, "/sys/fs/cgroup/pod/box/pids.current", "40\n");
	put(root, "/sys/fs/cgroup/pod/memory.max", "67108864\n");
	put(root, "/sys/fs/cgroup/pod/memory.high", "max\n");
	put(root, "/sys/fs/cgroup/pod/memory.current", "41943040\n");
	put(root, "/sys/fs/cgroup/pod/memory.stat",
		"anon 1000\nfile 9000000\ninactive_file 8388608\nactive_file 2097152\n"
		"slab_reclaimable 4194304\n");
	put(root, "/sys/fs/cgroup/pod/cpu.max", "20000 200000\n");
	put(root, "/sys/fs/cgroup/pod/cpu.stat", "nr_throttled 5\nthrottled_usec 70\n");
	put(root, "/sys/fs/cgroup/cpu.stat", "usage_usec 99\n");
	cgroup_read(root, CGROUP_ALL, &cgroup);
	/* 64 MiB less 40, of which 14 are given back. */
	assert_int_equal(cgroup.memory.limit, 64 * MIB);
	assert_int_equal(cgroup.memory.left, (64 - 40 + 14) * MIB);
	assert_string_equal(cgroup.memory.file, "/sys/fs/cgroup/pod/memory.max");
	assert_int_equal(cgroup.cpu.quota_us, 20000);
	assert_int_equal(cgroup.cpu.period_us, 200000);
	assert_string_equal(cgroup.cpu.file, "/sys/fs/cgroup/pod/cpu.max");
	assert_int_equal(cgroup.cpu.throttled, 7);
	assert_int_equal(cgroup.cpu.throttled_ns, 100000);
	assert_int_equal(cgroup.processes.limit, 100);
	assert_int_equal(cgroup.processes.left, 60);

	/* Only what is asked for. */
	cgroup_read(root, CGROUP_PROCESSES, &cgroup);
	assert_int_equal(cgroup.processes.limit, 100);
	assert_true(cgroup.memory.limit == CGROUP_NONE);
	assert_true(cgroup.cpu.quota_us == CGROUP_NONE);

	/* What slows a group down from there on is a limit as well. */
	put(root, "/sys/fs/cgroup/pod/box/memory.high", "2097152\n");
	cgroup_read(root, CGROUP_ALL, &cgroup);
	assert_int_equal(cgroup.memory.limit, 2 * MIB);
	assert_int_equal(cgroup.memory.left, 1 * MIB);
	assert_string_equal(cgroup.memory.file, "/sys/fs/cgroup/pod/box/memory.high");

	/* And a group that is beyond its limit has nothing left. */
	put(root, "/sys/fs/cgroup/pod/memory.current", "99999999\n");
	put(root, "/sys/fs/cgroup/pod/memory.stat", "\n");
	cgroup_read(root, CGROUP_ALL, &cgroup);
	assert_int_equal(cgroup.memory.left, 0);
	assert_string_equal(cgroup.memory.file, "/sys/fs/cgroup/pod/memory.max");
}

static void version_1_has_a_hierarchy_a_controller(void **state)
{
	const char *root = *state;
	struct cgroup cgroup;
	put(root, "/proc/self/cgroup", "4:memory:/job\n3:cpu,cpuacct:/docker/abc\n0::/\n");
	put(root, "/proc/self/mountinfo",
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"32 31 0:29 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	put(root, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "67108864\n");
	put(root, "/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "20971520\n");
	put(root, "/sys/fs/cgroup/memory/job/memory.stat",
		"inactive_file 1\ntotal_inactive_file 4194304\ntotal_active_file 0\n");
	put(root, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put(root, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "9999999999\n");
	put(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "10000\n");
	put(root, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	put(root, "/sys/fs/cgroup/cpu/cpu.stat",
		"nr_periods 9\nnr_throttled 8\nthrottled_time 720000000\n");
	cgroup_read(root, CGROUP_ALL, &cgroup);
	assert_int_equal(cgroup.memory.limit, 64 * MIB);
	assert_int_equal(cgroup.memory.left, (64 - 20 + 4) * MIB);
	assert_string_equal(cgroup.memory.file, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes");
	assert_int_equal(cgroup.cpu.quota_us, 10000);
	assert_string_equal(cgroup.cpu.file, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
	assert_int_equal(cgroup.cpu.throttled, 8);
	assert_int_equal(cgroup.cpu.throttled_ns, 720000000);
	assert_true(cgroup.processes.limit == CGROUP_NONE);

	put(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	cgroup_read(root, CGROUP_ALL, &cgroup);
	assert_true(cgroup.cpu.quota_us == CGROUP_NONE);
}

static void without_groups_there_is_no_limit(void **state)
{
	const char *root = *state;
	struct cgroup cgroup;
	for (unsigned i = 0; i < 3; i++) {
		if (i == 1) {
			put(root, "/proc/self/cgroup", "0::/a\n");
		} else if (i == 2) {
			put(root, "/proc/self/mountinfo", mounts_2);
		}
		cgroup_read(root, CGROUP_ALL, &cgroup);
		assert_true(cgroup.memory.limit == CGROUP_NONE);
		assert_true(cgroup.processes.limit == CGROUP_NONE);
		assert_true(cgroup.cpu.quota_us == CGROUP_NONE);
		assert_int_equal(cgroup.cpu.throttled, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(membership_is_found_by_controller),
		cmocka_unit_test(places_are_found_by_mounts),
		cmocka_unit_test(amounts_may_be_none),
		cmocka_unit_test(statistics_are_found_by_key),
		cmocka_unit_test_setup_teardown(
			the_tightest_of_version_2_counts, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(
			version_1_has_a_hierarchy_a_controller, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(
			without_groups_there_is_no_limit, make_tree, remove_tree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
