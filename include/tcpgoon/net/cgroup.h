/* SPDX-License-Identifier: MIT */
/* What the control groups of this process allow it: version 1 and 2, its own and those above. */
#ifndef TCPGOON_NET_CGROUP_H
#define TCPGOON_NET_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* No limit, or none that can be seen from here. */
#define CGROUP_NONE UINT64_MAX

#define CGROUP_PATH_MAX 512

/* A limit on an amount; of several groups', the one that leaves the least. */
struct cgroup_limit {
	uint64_t limit; /* CGROUP_NONE: there is none, and the rest says nothing */
	uint64_t left;
	char file[CGROUP_PATH_MAX]; /* that it stands in */
};

/* CPU time; of several groups' quotas, the one with the least share. */
struct cgroup_cpu {
	uint64_t quota_us; /* in each period; CGROUP_NONE: there is none */
	uint64_t period_us;
	char file[CGROUP_PATH_MAX]; /* that it stands in */
	/* Since the groups were made, all of them together. */
	uint64_t throttled; /* how often one was stopped until its next period */
	uint64_t throttled_ns; /* and for how long, of all processors together */
};

struct cgroup {
	struct cgroup_limit memory; /* bytes; what the kernel can take back is left */
	struct cgroup_limit processes; /* threads are counted too */
	struct cgroup_cpu cpu;
};

/* Which of them: each costs some files to read. */
enum cgroup_part {
	CGROUP_MEMORY = 1,
	CGROUP_PROCESSES = 2,
	CGROUP_CPU = 4,
	CGROUP_ALL = 7,
};

/*
 * Reads these parts from the files of the process below `root` ("" for those of this machine). The
 * others, and what cannot be read, are CGROUP_NONE. Limits above the root of a cgroup namespace, as
 * in most containers, cannot be seen.
 */
void cgroup_read(const char *root, unsigned parts, struct cgroup *ret_cgroup);

/* The parts of it. Pure. */

/*
 * From the text of /proc/self/cgroup: the group of the version 1 controller, or of version 2 where
 * that is NULL. Returns 0 or -ENOENT.
 */
int cgroup_parse_membership(
	const char *text, const char *controller, char ret_path[CGROUP_PATH_MAX]);

/* Where the groups of a hierarchy are to be found. */
struct cgroup_place {
	char top[CGROUP_PATH_MAX]; /* the directory of the uppermost that can be seen */
	char own[CGROUP_PATH_MAX]; /* that of the process, or the nearest above it: top or below it */
};

/*
 * From the text of /proc/self/mountinfo: where that hierarchy is mounted such that the group `path`
 * is in it. Returns 0 or -ENOENT.
 */
int cgroup_parse_mounts(
	const char *text, const char *controller, const char *path, struct cgroup_place *ret_place);

/* "max", "-1" and what no machine has are CGROUP_NONE. False where it is no number. */
bool cgroup_parse_amount(const char *text, uint64_t *ret_amount);

/* The number behind a key, in lines like "nr_throttled 12"; 0 where there is none. */
uint64_t cgroup_parse_stat(const char *text, const char *key);

#endif
