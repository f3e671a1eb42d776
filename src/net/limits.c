/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tcpgoon/base/cleanup.h"
#include "tcpgoon/net/procfile.h"

uint64_t limits_raise_nofile(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return 1024; /* the default since the nineties */
	}
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
			limit = raised;
		}
	}
	return limit.rlim_cur;
}

void limits_read_nofile(uint64_t *ret_soft)
{
	struct rlimit limit;
	bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
	*ret_soft = known ? limit.rlim_cur : LIMITS_NONE;
}

static bool has_capability(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	if (syscall(SYS_capget, &header, data) < 0) {
		return false;
	}
	return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}

bool limits_exempt_from_file_max(void)
{
	return has_capability(CAP_SYS_ADMIN);
}

uint64_t limits_memlock(void)
{
	struct rlimit limit;
	if (has_capability(CAP_IPC_LOCK) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
		limit.rlim_cur == RLIM_INFINITY) {
		return LIMITS_NONE;
	}
	return limit.rlim_cur;
}

/* Takes the limit if it leaves less than the tightest so far. */
static void tighten_space(
	struct limits_space *space, __rlimit_resource_t resource, uint64_t used, char letter)
{
	struct rlimit limit;
	if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) {
		return;
	}
	uint64_t left = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	if (space->limit == LIMITS_NONE || left < space->left) {
		*space = (struct limits_space){
			.limit = limit.rlim_cur, .left = left, .letter = letter};
	}
}

void limits_read_space(struct limits_space *ret_space)
{
	*ret_space = (struct limits_space){.limit = LIMITS_NONE};
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL) {
		return;
	}
	uint64_t size = 0;
	uint64_t data = 0;
	int fields = fscanf(file, "%" SCNu64 " %*u %*u %*u %*u %" SCNu64, &size, &data);
	fclose(file);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (fields == 2) {
		tighten_space(ret_space, RLIMIT_AS, size * page, 'v');
		tighten_space(ret_space, RLIMIT_DATA, data * page, 'd');
	}
}

/* The kernel's set may be larger than cpu_set_t: it has at most 8,192. */
#define PROCESSORS_MAX 8192

uint64_t limits_processors(void)
{
	unsigned long words[PROCESSORS_MAX / (8 * sizeof(unsigned long))] = {0};
	if (sched_getaffinity(0, sizeof(words), (cpu_set_t *)words) < 0) {
		return 0;
	}
	return (uint64_t)CPU_COUNT_S(sizeof(words), (cpu_set_t *)words);
}

/* Where a number is in a file, and where it is stored. */
struct limit_field {
	const char *line; /* the line begins with this; NULL: the first line */
	const char *key; /* the word before the number; NULL: the number at `position` */
	size_t position; /* among the words of the line, from 0 */
	size_t offset; /* in struct limits */
	uint64_t unit;
};

#define FIELDS_MAX 4

struct limit_source {
	const char *path;
	struct limit_field fields[FIELDS_MAX];
};

#define INTO(member) .offset = offsetof(struct limits, member), .unit = 1
#define SYSCTL(sysctl_path, member)                           \
	{                                                     \
		.path = "/proc/sys/" sysctl_path, .fields = { \
			{INTO(member)},                       \
		}                                             \
	}

/* Fields with a unit of 0 are unused. */
static const struct limit_source limit_sources[LIMITS_FILES_MAX] = {
	[LIMITS_FILE_NR] =
		{
			.path = "/proc/sys/fs/file-nr",
			.fields = {{.position = 0, INTO(files_used)},
				{.position = 2, INTO(files_max)}},
		},
	[LIMITS_CONNTRACK_MAX] = SYSCTL("net/netfilter/nf_conntrack_max", conntrack_max),
	[LIMITS_CONNTRACK_COUNT] = SYSCTL("net/netfilter/nf_conntrack_count", conntrack_used),
	[LIMITS_TCP_MEM] =
		{
			.path = "/proc/sys/net/ipv4/tcp_mem",
			.fields = {{.position = 0, INTO(tcp_memory_low_pages)},
				{.position = 1, INTO(tcp_memory_pressure_pages)},
				{.position = 2, INTO(tcp_memory_max_pages)}},
		},
	[LIMITS_SOCKSTAT] =
		{
			.path = "/proc/net/sockstat",
			.fields = {{.line = "TCP:", .key = "orphan", INTO(tcp_orphans)},
				{.line = "TCP:", .key = "alloc", INTO(tcp_sockets)},
				{.line = "TCP:", .key = "tw", INTO(time_wait_used)},
				{.line = "TCP:", .key = "mem", INTO(tcp_memory_used_pages)}},
		},
	[LIMITS_TIME_WAIT_MAX] = SYSCTL("net/ipv4/tcp_max_tw_buckets", time_wait_max),
	[LIMITS_TIME_WAIT_REUSE] = SYSCTL("net/ipv4/tcp_tw_reuse", time_wait_reuse),
	[LIMITS_SOMAXCONN] = SYSCTL("net/core/somaxconn", backlog_max),
	[LIMITS_SYN_RETRIES] = SYSCTL("net/ipv4/tcp_syn_retries", syn_retries),
	[LIMITS_PORT_RANGE] =
		{
			.path = "/proc/sys/net/ipv4/ip_local_port_range",
			.fields = {{.position = 0, INTO(port_low)},
				{.position = 1, INTO(port_high)}},
		},
	[LIMITS_MEMINFO] =
		{
			.path = "/proc/meminfo",
			.fields = {{.line = "MemTotal:",
					   .position = 1,
					   .offset = offsetof(struct limits, memory_bytes),
					   .unit = 1024},
				{.line = "MemAvailable:",
					.position = 1,
					.offset = offsetof(struct limits, memory_available_bytes),
					.unit = 1024}},
		},
};

void limits_init(struct limits *limits)
{
	/* Every member is a uint64_t, and LIMITS_NONE is all ones. */
	memset(limits, 0xff, sizeof(*limits));
}

static const char *find_line(const char *text, const char *begin)
{
	const char *line = text;
	while (begin != NULL && strncmp(line, begin, strlen(begin)) != 0) {
		line = strchr(line, '\n');
		if (line == NULL) {
			return NULL;
		}
		line++;
	}
	return line;
}

/* Finds the number at `position`, or after `key`. Returns 0 or -EBADMSG. */
static int find_number(const char *line, const struct limit_field *field, uint64_t *ret_value)
{
	bool wanted = false;
	for (size_t i = 0;; i++) {
		line += strspn(line, " \t");
		size_t length = strcspn(line, " \t\n");
		if (length == 0) {
			return -EBADMSG;
		}
		wanted = wanted || (field->key == NULL && i == field->position);
		if (wanted) {
			char *end;
			errno = 0;
			uint64_t value = strtoull(line, &end, 10);
			if (line[0] < '0' || line[0] > '9' || end != line + length || errno != 0 ||
				__builtin_mul_overflow(value, field->unit, &value)) {
				return -EBADMSG;
			}
			*ret_value = value;
			return 0;
		}
		wanted = field->key != NULL && strlen(field->key) == length &&
			memcmp(line, field->key, length) == 0;
		line += length;
	}
}

int limits_parse(struct limits *limits, enum limits_file file, const char *text)
{
	int result = 0;
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		const struct limit_field *field = &limit_sources[file].fields[i];
		if (field->unit == 0) {
			break;
		}
		const char *line = find_line(text, field->line);
		uint64_t value;
		int r = line == NULL ? -EBADMSG : find_number(line, field, &value);
		if (r < 0) {
			result = r;
			continue;
		}
		memcpy((char *)limits + field->offset, &value, sizeof(value));
	}
	return result;
}

int limits_read_sockets(struct limits *limits)
{
	CLEANUP(cleanup_free) char *text = NULL;
	int r = procfile_read(limit_sources[LIMITS_SOCKSTAT].path, &text);
	return r < 0 ? r : limits_parse(limits, LIMITS_SOCKSTAT, text);
}

void limits_read(struct limits *ret_limits)
{
	limits_init(ret_limits);
	for (size_t i = 0; i < LIMITS_FILES_MAX; i++) {
		char *text = NULL;
		if (procfile_read(limit_sources[i].path, &text) == 0) {
			/* What the file lacks stays LIMITS_NONE. */
			(void)limits_parse(ret_limits, (enum limits_file)i, text);
			free(text);
		}
	}
	ret_limits->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
}
