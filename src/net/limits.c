/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/limits.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t limits_raise_nofile(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return 1024; /* what POSIX systems have given since the nineties */
	}
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
			limit = raised;
		}
	}
	return limit.rlim_cur;
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

uint64_t limits_memlock(void)
{
	struct rlimit limit;
	if (has_capability(CAP_IPC_LOCK) || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
		limit.rlim_cur == RLIM_INFINITY) {
		return LIMITS_NONE;
	}
	return limit.rlim_cur;
}
