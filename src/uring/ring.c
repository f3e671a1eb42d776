/* SPDX-License-Identifier: MIT */
/*
 * Set-up flags, each with its reason:
 *   SINGLE_ISSUER   one thread only; DEFER_TASKRUN asks for it
 *   DEFER_TASKRUN   completions are made when we ask for them, not whenever the kernel returns to
 *                   us: they come in batches and interrupt nothing
 *   TASKRUN_FLAG    tells from shared memory that there is deferred work, so that a scan over many
 *                   rings needs no system call for those that have none
 *   SUBMIT_ALL      a refused SQE does not hold up those behind it
 *   CQSIZE          more completions than submissions: a connection is watched far longer than
 *                   it is dialled
 * IORING_SETUP_NO_SQARRAY must never be added: liburing 2.3 does not know it and would corrupt
 * the ring.
 */
#include "tcpgoon/uring/ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tcpgoon/base/units.h"

#define RING_FLAGS                                                                             \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
		IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE)

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

static int explain_eperm(struct error *error)
{
	long disabled = read_number("/proc/sys/kernel/io_uring_disabled", "%ld", 0);
	if (disabled == 2) {
		return error_set(error, -EPERM,
			"io_uring is switched off on this host (kernel.io_uring_disabled = 2): "
			"run 'sysctl kernel.io_uring_disabled=0' as root");
	}
	if (disabled == 1) {
		return error_set(error, -EPERM,
			"io_uring is kept from this user (kernel.io_uring_disabled = 1): run as root, "
			"join the group that the sysctl kernel.io_uring_group names, or run "
			"'sysctl kernel.io_uring_disabled=0' as root");
	}
	if (read_number("/proc/self/status", "Seccomp: %ld", 0) == 2) {
		return error_set(error, -EPERM,
			"a seccomp filter blocks io_uring, as container engines do by default: run "
			"the container with a profile that allows io_uring_setup, io_uring_enter and "
			"io_uring_register (tools/seccomp-io-uring.json)");
	}
	return error_set(error, -EPERM,
		"this process may not use io_uring (io_uring_setup: EPERM): look for a security "
		"module's rule against it");
}

static int explain_enomem(struct error *error, size_t needed)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_MEMLOCK, &limit);
	char need_text[UNITS_TEXT_MAX];
	char have_text[UNITS_TEXT_MAX];
	return error_set(error, -ENOMEM,
		"no memory for an io_uring of %s: the limit of locked memory is %s for all that this "
		"user runs; raise it with 'ulimit -l'",
		units_format_bytes(needed, need_text),
		units_format_bytes(limit.rlim_cur, have_text));
}

static int explain_einval(struct error *error)
{
	struct io_uring probe;
	if (io_uring_queue_init(2, &probe, 0) == 0) {
		io_uring_queue_exit(&probe);
		return error_set(error, -EINVAL,
			"this kernel's io_uring is too old (no IORING_SETUP_DEFER_TASKRUN): "
			"Linux 6.1 or later is needed");
	}
	return error_set(error, -EINVAL, "this kernel refuses to set up an io_uring: EINVAL");
}

static int explain_failure(int code, size_t needed, struct error *error)
{
	switch (-code) {
	case EPERM:
		return explain_eperm(error);
	case ENOSYS:
		return error_set(error, code,
			"this kernel has no io_uring (built without it, a sandbox like gVisor, or "
			"older than 5.1): Linux 6.1 or later is needed");
	case EINVAL:
		return explain_einval(error);
	case ENOMEM:
		return explain_enomem(error, needed);
	case EMFILE:
		return error_set(error, code,
			"no file descriptor left for an io_uring: raise the limit with 'ulimit -n'");
	case ENFILE:
		return error_set(error, code,
			"this host has no file left for an io_uring: raise the sysctl fs.file-max");
	default:
		return error_set(error, code, "io_uring cannot be set up: %s", strerror(-code));
	}
}

int ring_init(struct io_uring *ring, unsigned sq_entries, unsigned cq_entries, struct error *error)
{
	struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = cq_entries};
	int r = io_uring_queue_init_params(sq_entries, ring, &params);
	if (r < 0) {
		return explain_failure(r, ring_memory(sq_entries, cq_entries), error);
	}
	return 0;
}

size_t ring_memory(unsigned sq_entries, unsigned cq_entries)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t header = 4 * 64; /* heads, tails and flags: struct io_rings, rounded up */
	size_t rings =
		header + cq_entries * sizeof(struct io_uring_cqe) + sq_entries * sizeof(unsigned);
	size_t sqes = sq_entries * sizeof(struct io_uring_sqe);
	return (rings + page - 1) / page * page + (sqes + page - 1) / page * page;
}

int ring_reserve(struct io_uring *ring, unsigned count)
{
	while (io_uring_sq_space_left(ring) < count) {
		int r = io_uring_submit(ring);
		if (r == -EBUSY || r == -EAGAIN) {
			/* The completion queue overflows or memory is short: let work run first. */
			r = io_uring_get_events(ring);
		}
		if (r < 0 && r != -EINTR) {
			return r;
		}
	}
	return 0;
}

int ring_flush(struct io_uring *ring)
{
	int r = io_uring_submit_and_get_events(ring);
	if (r == -EINTR || r == -EBUSY || r == -EAGAIN || r >= 0) {
		return 0; /* what was not taken stays queued for the next flush */
	}
	return r;
}
