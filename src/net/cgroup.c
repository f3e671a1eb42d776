/* SPDX-License-Identifier: MIT */
/*
 * A process is in one group of version 2 and in one group of each hierarchy of version 1; both
 * versions may be in use at once. A group is bound by its own limits and by those of all groups
 * above it. So all directories from its own up to the mount point are read, and the tightest limit
 * counts.
 *
 * /proc/self/cgroup names the group relative to the root of the cgroup namespace.
 * /proc/self/mountinfo says which part of the hierarchy is mounted, and where. Neither is always
 * "/" (a container in the cgroup namespace of the host has only its own group mounted), and the
 * mount point need not be /sys/fs/cgroup. In a new namespace with the old mount, the root of the
 * mount is shown as "/..", which is a group above ours.
 *
 * Used memory is what a group is charged for, minus its file pages: the kernel reclaims those
 * before it kills anything. Sockets are charged to the group of the process that creates them.
 */
#include "tcpgoon/net/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpgoon/net/procfile.h"

/* Version 1 writes "no limit" as a number of whole pages just below 2^63. */
#define AMOUNT_MAX (UINT64_C(1) << 62)

/* Nobody nests groups deeper than this. */
#define LEVELS_MAX 64

struct word {
	const char *begin;
	size_t length;
};

/* Takes the next word of a line and moves *cursor past it; its length is 0 at the end. */
static struct word next_word(const char **cursor)
{
	*cursor += strspn(*cursor, " ");
	struct word word = {.begin = *cursor, .length = strcspn(*cursor, " \n")};
	*cursor += word.length;
	return word;
}

static bool is_word(struct word word, const char *text)
{
	return strlen(text) == word.length && memcmp(word.begin, text, word.length) == 0;
}

/* True if a comma-separated list contains the item. */
static bool lists(struct word list, const char *item)
{
	const char *end = list.begin + list.length;
	for (const char *at = list.begin; at < end;) {
		size_t length = strcspn(at, ", \n:");
		if (is_word((struct word){at, length}, item)) {
			return true;
		}
		at += length + 1;
	}
	return false;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end == NULL ? line + strlen(line) : end + 1;
}

static int copy(struct word word, char buffer[CGROUP_PATH_MAX])
{
	if (word.length == 0 || word.length >= CGROUP_PATH_MAX) {
		return -ENOENT;
	}
	memcpy(buffer, word.begin, word.length);
	buffer[word.length] = '\0';
	return 0;
}

int cgroup_parse_membership(
	const char *text, const char *controller, char ret_path[CGROUP_PATH_MAX])
{
	for (const char *line = text; *line != '\0'; line = next_line(line)) {
		/* "4:memory:/path", "0::/path" */
		size_t length = strcspn(line, "\n");
		const char *first = memchr(line, ':', length);
		if (first == NULL) {
			continue;
		}
		const char *second = memchr(first + 1, ':', length - (size_t)(first + 1 - line));
		if (second == NULL) {
			continue;
		}
		struct word controllers = {first + 1, (size_t)(second - first - 1)};
		bool wanted = controller == NULL ? controllers.length == 0
						 : lists(controllers, controller);
		if (wanted) {
			struct word path = {second + 1, (size_t)(line + length - second - 1)};
			return copy(path, ret_path);
		}
	}
	return -ENOENT;
}

/* Replaces the octal escapes that mountinfo has for blanks and the like. In place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++) {
		bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
			from[2] >= '0' && from[2] <= '7' && from[3] >= '0' && from[3] <= '7';
		if (octal) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

struct mount {
	char root[CGROUP_PATH_MAX]; /* the part of the hierarchy that is mounted */
	char point[CGROUP_PATH_MAX];
};

/* Returns 0, or -ENOENT if the line is another kind of mount. */
static int parse_mount(const char *line, const char *controller, struct mount *ret_mount)
{
	/* "32 31 0:29 ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS" */
	const char *cursor = line;
	struct word root = {0};
	struct word point = {0};
	struct word word;
	for (unsigned i = 0; i < 6; i++) {
		word = next_word(&cursor);
		root = i == 3 ? word : root;
		point = i == 4 ? word : point;
	}
	do {
		word = next_word(&cursor);
	} while (word.length > 0 && !is_word(word, "-"));
	struct word type = next_word(&cursor);
	next_word(&cursor);
	struct word options = next_word(&cursor);
	bool wanted = controller == NULL ? is_word(type, "cgroup2")
					 : is_word(type, "cgroup") && lists(options, controller);
	if (!wanted || copy(root, ret_mount->root) < 0 || copy(point, ret_mount->point) < 0) {
		return -ENOENT;
	}
	unescape(ret_mount->root);
	unescape(ret_mount->point);
	return 0;
}

/* The part of `path` below `root`, or NULL if it is not below it. */
static const char *below(const char *root, const char *path)
{
	if (strcmp(root, "/") == 0) {
		return path;
	}
	if (strncmp(root, "/..", 3) == 0) {
		return ""; /* a group above ours; the names between are unknown */
	}
	size_t length = strlen(root);
	bool within =
		strncmp(root, path, length) == 0 && (path[length] == '/' || path[length] == '\0');
	return within ? path + length : NULL;
}

int cgroup_parse_mounts(
	const char *text, const char *controller, const char *path, struct cgroup_place *ret_place)
{
	for (const char *line = text; *line != '\0'; line = next_line(line)) {
		struct mount mount;
		if (parse_mount(line, controller, &mount) < 0) {
			continue;
		}
		/*
		 * A group outside the root of the namespace has ".." in its name: use the groups
		 * above it.
		 */
		const char *rest = strncmp(path, "/..", 3) == 0 ? "" : below(mount.root, path);
		if (rest == NULL) {
			continue;
		}
		rest = strcmp(rest, "/") == 0 ? "" : rest;
		if (strlen(mount.point) + strlen(rest) >= CGROUP_PATH_MAX) {
			continue;
		}
		memcpy(ret_place->top, mount.point, sizeof(mount.point));
		snprintf(ret_place->own, sizeof(ret_place->own), "%s", mount.point);
		strcat(ret_place->own, rest);
		return 0;
	}
	return -ENOENT;
}

bool cgroup_parse_amount(const char *text, uint64_t *ret_amount)
{
	if (strncmp(text, "max", 3) == 0 || text[0] == '-') {
		*ret_amount = CGROUP_NONE;
		return true;
	}
	if (text[0] < '0' || text[0] > '9') {
		return false;
	}
	uint64_t amount = strtoull(text, NULL, 10);
	*ret_amount = amount >= AMOUNT_MAX ? CGROUP_NONE : amount;
	return true;
}

uint64_t cgroup_parse_stat(const char *text, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = text; *line != '\0'; line = next_line(line)) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			return strtoull(line + length + 1, NULL, 10);
		}
	}
	return 0;
}

/* One group of one hierarchy. */
struct level {
	const char *root;
	const char *directory;
};

static int name_file(const struct level *level, const char *name, char path[CGROUP_PATH_MAX])
{
	int length = snprintf(path, CGROUP_PATH_MAX, "%s/%s", level->directory, name);
	return length < CGROUP_PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Reads a file of the group; NULL if it is missing. The caller frees the text. */
static char *read_file(const struct level *level, const char *name)
{
	char path[2 * CGROUP_PATH_MAX];
	char *text;
	int length = snprintf(path, sizeof(path), "%s%s/%s", level->root, level->directory, name);
	if (length >= (int)sizeof(path) || procfile_read(path, &text) < 0) {
		return NULL;
	}
	return text;
}

static uint64_t read_amount(const struct level *level, const char *name)
{
	char *text = read_file(level, name);
	uint64_t amount = CGROUP_NONE;
	if (text != NULL && !cgroup_parse_amount(text, &amount)) {
		amount = CGROUP_NONE;
	}
	free(text);
	return amount;
}

/* How much of a limit is in use, and how much of that the kernel would reclaim. */
struct usage {
	const char *name; /* of its file */
	const char *reclaimable[3]; /* keys of memory.stat */
};

/* CGROUP_NONE if unknown. */
static uint64_t read_usage(const struct level *level, const struct usage *usage)
{
	uint64_t used = read_amount(level, usage->name);
	if (used == CGROUP_NONE || usage->reclaimable[0] == NULL) {
		return used;
	}
	char *text = read_file(level, "memory.stat");
	uint64_t reclaimable = 0;
	for (size_t i = 0; text != NULL && i < 3 && usage->reclaimable[i] != NULL; i++) {
		reclaimable += cgroup_parse_stat(text, usage->reclaimable[i]);
	}
	free(text);
	return used > reclaimable ? used - reclaimable : 0;
}

/* Takes the limit of a level if it leaves less than the tightest so far. */
static void tighten(struct cgroup_limit *limit, const struct level *level, const char *name,
	const struct usage *usage)
{
	uint64_t amount = read_amount(level, name);
	if (amount == CGROUP_NONE) {
		return; /* as in most groups: skip the other files */
	}
	uint64_t used = read_usage(level, usage);
	uint64_t in_use = used == CGROUP_NONE ? 0 : used;
	uint64_t left = in_use < amount ? amount - in_use : 0;
	if ((limit->limit == CGROUP_NONE || left < limit->left) &&
		name_file(level, name, limit->file) == 0) {
		limit->limit = amount;
		limit->left = left;
	}
}

static void look_at_memory_1(const struct level *level, struct cgroup *cgroup)
{
	static const struct usage usage = {
		"memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
	tighten(&cgroup->memory, level, "memory.limit_in_bytes", &usage);
}

static void look_at_memory_2(const struct level *level, struct cgroup *cgroup)
{
	static const struct usage usage = {
		"memory.current", {"inactive_file", "active_file", "slab_reclaimable"}};
	tighten(&cgroup->memory, level, "memory.max", &usage);
	tighten(&cgroup->memory, level, "memory.high", &usage);
}

static void look_at_processes(const struct level *level, struct cgroup *cgroup)
{
	static const struct usage usage = {.name = "pids.current"};
	tighten(&cgroup->processes, level, "pids.max", &usage);
}

/* Takes a quota if its share of a processor is smaller than the smallest so far. */
static void tighten_quota(struct cgroup_cpu *cpu, const struct level *level, const char *name,
	uint64_t quota_us, uint64_t period_us)
{
	if (quota_us == CGROUP_NONE || period_us == CGROUP_NONE || period_us == 0) {
		return;
	}
	bool less_share = cpu->quota_us == CGROUP_NONE ||
		(double)quota_us / (double)period_us <
			(double)cpu->quota_us / (double)cpu->period_us;
	if (less_share && name_file(level, name, cpu->file) == 0) {
		cpu->quota_us = quota_us;
		cpu->period_us = period_us;
	}
}

static void add_throttling(
	const struct level *level, const char *key, uint64_t unit_ns, struct cgroup_cpu *cpu)
{
	char *text = read_file(level, "cpu.stat");
	if (text != NULL) {
		cpu->throttled += cgroup_parse_stat(text, "nr_throttled");
		cpu->throttled_ns += cgroup_parse_stat(text, key) * unit_ns;
	}
	free(text);
}

static void look_at_cpu_1(const struct level *level, struct cgroup *cgroup)
{
	tighten_quota(&cgroup->cpu, level, "cpu.cfs_quota_us",
		read_amount(level, "cpu.cfs_quota_us"), read_amount(level, "cpu.cfs_period_us"));
	add_throttling(level, "throttled_time", 1, &cgroup->cpu);
}

static void look_at_cpu_2(const struct level *level, struct cgroup *cgroup)
{
	char *text = read_file(level, "cpu.max"); /* "10000 100000", "max 100000" */
	uint64_t quota_us;
	uint64_t period_us;
	char *blank = text == NULL ? NULL : strchr(text, ' ');
	if (blank != NULL && cgroup_parse_amount(text, &quota_us) &&
		cgroup_parse_amount(blank + 1, &period_us)) {
		tighten_quota(&cgroup->cpu, level, "cpu.max", quota_us, period_us);
	}
	free(text);
	add_throttling(level, "throttled_usec", 1000, &cgroup->cpu);
}

typedef void level_function(const struct level *level, struct cgroup *cgroup);

/* The parts in each hierarchy, and how to read them in a group. */
static const struct {
	const char *controller; /* NULL: version 2 */
	enum cgroup_part part;
	level_function *look;
} hierarchies[] = {
	{NULL, CGROUP_MEMORY, look_at_memory_2},
	{NULL, CGROUP_PROCESSES, look_at_processes},
	{NULL, CGROUP_CPU, look_at_cpu_2},
	{"memory", CGROUP_MEMORY, look_at_memory_1},
	{"pids", CGROUP_PROCESSES, look_at_processes},
	{"cpu", CGROUP_CPU, look_at_cpu_1},
};

/* Walks from the directory of the group up to the topmost. */
static void climb(
	const char *root, struct cgroup_place *place, level_function *look, struct cgroup *cgroup)
{
	size_t top = strlen(place->top);
	for (unsigned i = 0; i < LEVELS_MAX; i++) {
		const struct level level = {.root = root, .directory = place->own};
		look(&level, cgroup);
		char *slash = strrchr(place->own, '/');
		if (slash == NULL || (size_t)(slash - place->own) < top) {
			return;
		}
		*slash = '\0';
	}
}

static char *read_proc(const char *root, const char *name)
{
	return read_file(&(struct level){.root = root, .directory = "/proc/self"}, name);
}

void cgroup_read(const char *root, unsigned parts, struct cgroup *ret_cgroup)
{
	*ret_cgroup = (struct cgroup){
		.memory.limit = CGROUP_NONE,
		.processes.limit = CGROUP_NONE,
		.cpu.quota_us = CGROUP_NONE,
	};
	char *membership = read_proc(root, "cgroup");
	char *mounts = read_proc(root, "mountinfo");
	size_t count = sizeof(hierarchies) / sizeof(hierarchies[0]);
	for (size_t i = 0; membership != NULL && mounts != NULL && i < count; i++) {
		const char *controller = hierarchies[i].controller;
		char path[CGROUP_PATH_MAX];
		struct cgroup_place place;
		if ((parts & hierarchies[i].part) != 0 &&
			cgroup_parse_membership(membership, controller, path) == 0 &&
			cgroup_parse_mounts(mounts, controller, path, &place) == 0) {
			climb(root, &place, hierarchies[i].look, ret_cgroup);
		}
	}
	free(membership);
	free(mounts);
}
