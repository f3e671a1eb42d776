/* SPDX-License-Identifier: MIT */
/*
 * One errno has many possible sources. A container's seccomp profile returns EPERM (Docker,
 * containerd) or ENOSYS (rootless Podman), and may do so for any of the three calls alone; a
 * security module returns EACCES; an old kernel EINVAL or ENOSYS. No errno names its source. So a
 * sentence names the call and the errno, which are known, then what else can be seen (a filter, the
 * sysctl, the release of the kernel) and what to change; and it says "or" if the source is not
 * certain.
 */
#include "uring/failure.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/units.h"
#include "tcpgoon/net/limits.h"

#define PROFILE                                                                       \
	"a profile that allows io_uring_setup, io_uring_enter and io_uring_register " \
	"(tools/seccomp-io-uring.json)"

static const char *const calls[FAILURE_CALL_MAX] = {
	[FAILURE_SETUP] = "io_uring_setup",
	[FAILURE_FILES] = "io_uring_register (a table of descriptors)",
	[FAILURE_FILES_UPDATE] = "io_uring_register (sockets into the table)",
	[FAILURE_EVENTFD] = "eventfd",
	[FAILURE_WAKE] = "io_uring_register (an eventfd)",
	[FAILURE_ENTER] = "io_uring_enter",
};

/* The first number in a file of /proc, or `otherwise`. */
static long read_number(const char *path, const char *format, long otherwise)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		return otherwise;
	}
	char line[256];
	long value = otherwise;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, format, &value) == 1) {
			break;
		}
	}
	fclose(file);
	return value;
}

static uint64_t soft_limit(__rlimit_resource_t resource)
{
	struct rlimit limit;
	return getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ? FAILURE_NO_LIMIT
										  : limit.rlim_cur;
}

static bool try_plain_ring(void)
{
	struct io_uring ring;
	if (io_uring_queue_init(2, &ring, 0) < 0) {
		return false;
	}
	io_uring_queue_exit(&ring);
	return true;
}

void failure_look(struct failure_view *ret_view)
{
	struct utsname name;
	*ret_view = (struct failure_view){
		.disabled = read_number("/proc/sys/kernel/io_uring_disabled", "%ld", 0),
		.seccomp = read_number("/proc/self/status", "Seccomp: %ld", -1),
		.memlock = soft_limit(RLIMIT_MEMLOCK),
		.memlock_applies = limits_memlock() != LIMITS_NONE,
		.nofile = soft_limit(RLIMIT_NOFILE),
		.uid = getuid(),
		.plain_ring_works = try_plain_ring(),
	};
	if (uname(&name) == 0) {
		snprintf(ret_view->kernel, sizeof(ret_view->kernel), "%s", name.release);
	}
}

/* "io_uring_enter fails with EPERM", "io_uring_enter has failed with EAGAIN for 10s". */
static const char *fact_of(const struct failure *failure, char text[160])
{
	const char *name = strerrorname_np(-failure->code);
	char lasted[UNITS_TEXT_MAX];
	if (failure->lasted_ns > 0) {
		units_format_duration(failure->lasted_ns / NSEC_PER_SEC * NSEC_PER_SEC, lasted);
		snprintf(text, 160, "%s has failed with %s for %s", calls[failure->call],
			name != NULL ? name : "an unknown error", lasted);
	} else {
		snprintf(text, 160, "%s fails with %s", calls[failure->call],
			name != NULL ? name : "an unknown error");
	}
	return text;
}

static const char *kernel_of(const struct failure_view *view)
{
	return view->kernel[0] != '\0' ? view->kernel : "of unknown release";
}

/* EPERM, EACCES, ENOSYS: the call is forbidden or missing. */
static int explain_denial(const struct failure *failure, const struct failure_view *view,
	const char *fact, struct error *error)
{
	bool is_setup = failure->call == FAILURE_SETUP;
	if (is_setup && failure->code == -EPERM && view->disabled == 2) {
		return error_set(error, failure->code,
			"io_uring is switched off on this host (kernel.io_uring_disabled = 2): "
			"run 'sysctl kernel.io_uring_disabled=0' as root");
	}
	if (is_setup && failure->code == -EPERM && view->disabled == 1) {
		return error_set(error, failure->code,
			"io_uring is closed to this user (kernel.io_uring_disabled = 1): run as "
			"root, join the group that the sysctl kernel.io_uring_group names, or "
			"run 'sysctl kernel.io_uring_disabled=0' as root");
	}
	if (failure->code == -EACCES) {
		return error_set(error, failure->code,
			"%s: a security module (SELinux, AppArmor, a BPF program) keeps io_uring "
			"from this process%s: check the audit log ('ausearch -m avc', 'dmesg') "
			"and allow it there",
			fact, view->seccomp == 2 ? ", or the seccomp filter that it has" : "");
	}
	if (view->seccomp == 2) {
		return error_set(error, failure->code,
			"%s: this process has a seccomp filter, and container engines block io_uring "
			"by one, whatever the kernel (%s) can do: run the container with " PROFILE,
			fact, kernel_of(view));
	}
	if (failure->code == -ENOSYS) {
		return error_set(error, failure->code,
			"%s: kernel %s does not offer it: it was built without io_uring, is "
			"older than 5.1, or is a sandbox such as gVisor%s: Linux 6.1 or later is "
			"needed",
			fact, kernel_of(view),
			view->seccomp < 0 ? "; or a seccomp filter says so (/proc cannot be read)"
					  : "");
	}
	return error_set(error, failure->code,
		"%s: something keeps io_uring from this process: a security module's rule%s", fact,
		view->seccomp < 0 ? ", or a container's seccomp filter (/proc cannot be read)"
				  : "");
}

static int explain_memory(const struct failure *failure, const struct failure_view *view,
	const char *fact, struct error *error)
{
	char needed[UNITS_TEXT_MAX];
	char limit[UNITS_TEXT_MAX];
	if (!view->memlock_applies || failure->memory == 0) {
		return error_set(error, failure->code,
			"%s: no memory for it: the machine, or the control group of this process, has "
			"none left; end other programs or raise the group's limit",
			fact);
	}
	units_format_bytes(failure->memory, needed);
	units_format_bytes(view->memlock, limit);
	if (failure->memory > view->memlock) {
		return error_set(error, failure->code,
			"%s: a ring of %s is more than the limit of locked memory, %s: raise it with "
			"'ulimit -l %llu'",
			fact, needed, limit, (unsigned long long)(failure->memory / 1024 + 1));
	}
	return error_set(error, failure->code,
		"%s: no memory for a ring of %s: the limit of locked memory (%s) is for all programs "
		"of the user (uid %u) together, and others may have used it up: end them or raise it "
		"with 'ulimit -l'; or the machine or the control group has no memory left",
		fact, needed, limit, view->uid);
}

static int explain_invalid(const struct failure *failure, const struct failure_view *view,
	const char *fact, struct error *error)
{
	const char *filter =
		view->seccomp == 2 ? ", or the seccomp filter of this process says so" : "";
	if (failure->call == FAILURE_SETUP && view->plain_ring_works) {
		return error_set(error, failure->code,
			"%s: kernel %s has an io_uring without IORING_SETUP_DEFER_TASKRUN: Linux 6.1 "
			"or later is needed",
			fact, kernel_of(view));
	}
	return error_set(error, failure->code,
		"%s: kernel %s does not know what is asked for%s: Linux 6.1 or later is needed",
		fact, kernel_of(view), filter);
}

static int explain_files(const struct failure *failure, const struct failure_view *view,
	const char *fact, struct error *error)
{
	unsigned long long nofile = (unsigned long long)view->nofile;
	if (failure->code == -ENFILE) {
		return error_set(error, failure->code,
			"%s: this host has no open file left: raise the sysctl fs.file-max", fact);
	}
	if (failure->slots > 0 && failure->slots > view->nofile) {
		return error_set(error, failure->code,
			"%s: %u slots are more than the limit of open files, %llu: raise it with "
			"'ulimit -n'",
			fact, failure->slots, nofile);
	}
	return error_set(error, failure->code,
		"%s: no file descriptor is left of %llu: raise the limit with 'ulimit -n'", fact,
		nofile);
}

static int explain_busy(const struct failure *failure, const struct failure_view *view,
	const char *fact, struct error *error)
{
	return error_set(error, failure->code,
		"%s: the kernel takes no more requests because it is short of memory%s: "
		"check the memory of the machine and of the control group, and dial "
		"fewer at a time",
		fact, view->seccomp == 2 ? ", or the seccomp filter of this process says so" : "");
}

int failure_explain(
	const struct failure *failure, const struct failure_view *view, struct error *error)
{
	char fact[160];
	fact_of(failure, fact);
	switch (-failure->code) {
	case EPERM:
	case EACCES:
	case ENOSYS:
		return explain_denial(failure, view, fact, error);
	case ENOMEM:
		return explain_memory(failure, view, fact, error);
	case EINVAL:
	case EOPNOTSUPP:
		return explain_invalid(failure, view, fact, error);
	case EMFILE:
	case ENFILE:
		return explain_files(failure, view, fact, error);
	case EAGAIN:
	case EBUSY:
		return explain_busy(failure, view, fact, error);
	default:
		return error_set(error, failure->code, "%s: %s%s", fact, strerror(-failure->code),
			view->seccomp == 2
				? "; this process has a seccomp filter, which may be why: allow "
				  "io_uring in it"
				: "; 'strace -e trace=/io_uring' shows the call");
	}
}

int failure_set(const struct failure *failure, struct error *error)
{
	struct failure_view view;
	failure_look(&view);
	return failure_explain(failure, &view, error);
}
