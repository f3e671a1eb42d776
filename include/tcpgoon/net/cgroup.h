/* SPDX-License-Identifier: MIT */
/* What the control groups of this process allow: versions 1 and 2, its own and all above it. */
#ifndef TCPGOON_NET_CGROUP_H
#define TCPGOON_NET_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* No limit, or no limit that can be seen from here. */
#define CGROUP_NONE UINT64_MAX

#define CGROUP_PATH_MAX 512

/* A limit on an amount. If several groups have one, the one that leaves the least. */
struct cgroup_limit {
	uint64_t limit; /* CGROUP_NONE: there is none; ignore the rest */
	uint64_t left;
	char file[CGROUP_PATH_MAX]; /* the file that sets it */
};

/* CPU time. If several groups have a quota, the smallest one. */
struct cgroup_cpu {
	uint64_t quota_us; /* in each period; CGROUP_NONE: there is none */
	uint64_t period_us;
	char file[CGROUP_PATH_MAX]; /* the file that sets it */
	/* Sums over all groups, since each was created. */
	uint64_t throttled; /* how often a group was stopped until its next period */
	uint64_t throttled_ns; /* for how long, summed over processors */
};

struct cgroup {
	struct cgroup_limit memory; /* bytes; memory that the kernel can reclaim counts as left */
	struct cgroup_limit processes; /* threads are counted too */
	struct cgroup_cpu cpu;
};

/* Which parts to read: each takes a few files. */
enum cgroup_part {
	CGROUP_MEMORY = 1,
	CGROUP_PROCESSES = 2,
	CGROUP_CPU = 4,
	CGROUP_ALL = 7,
};

/*
 * Reads these parts from the files of this process below `root` ("" for the real ones). Other
 * parts, and those that cannot be read, are CGROUP_NONE. Limits above the root of a cgroup
 * namespace, which most containers have, cannot be seen.
 */
void cgroup_read(const char *root, unsigned parts, struct cgroup *ret_cgroup);

/* The pure functions that cgroup_read() is made of. */

/*
 * Finds, in the text of /proc/self/cgroup, the group of a version 1 controller, or of version 2 if
 * `controller` is NULL. Returns 0 or -ENOENT.
 */
int cgroup_parse_membership(
	const char *text, const char *controller, char ret_path[CGROUP_PATH_MAX]);

/* Where the groups of a hierarchy are. */
struct cgroup_place {
	char top[CGROUP_PATH_MAX]; /* directory of the topmost visible group */
	char own[CGROUP_PATH_MAX]; /* directory of our own group, or the nearest one above it */
};

/*
 * Finds, in the text of /proc/self/mountinfo, a mount of that hierarchy that contains the group
 * `path`. Returns 0 or -ENOENT.
 */
int cgroup_parse_mounts(
	const char *text, const char *controller, const char *path, struct cgroup_place *ret_place);

/* "max", "-1" and absurdly large numbers are CGROUP_NONE. False if it is not a number. */
bool cgroup_parse_amount(const char *text, uint64_t *ret_amount);

/* The number after a key, in lines like "nr_throttled 12"; 0 if the key is missing. */
uint64_t cgroup_parse_stat(const char *text, const char *key);

#endif
