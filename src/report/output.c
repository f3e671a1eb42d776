/* SPDX-License-Identifier: MIT */
/*
 * Who may overwrite what
 *
 * A report at a path replaces the existing file (report/file) if that is an ordinary file of our
 * own: when it is complete, or at the start of the run if it is a report of lines. Everything else is
 * written in place:
 *
 * - A descriptor that we were given (-, /dev/stdout, /dev/fd/3), and the file that the standard
 *   output or the standard error already is: through that descriptor, after what it already got.
 * - A pipe or a character device.
 * - A file of another user, which keeps its owner; and one that a rename cannot replace, because the
 *   directory is not ours to write or it is a mount point.
 *
 * Refused are a file or pipe of another user in a shared directory such as /tmp, as the kernel does
 * if fs.protected_regular and fs.protected_fifos are set, and block devices.
 */
#include "tcpgoon/report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/file.h"
#include "report/markdown.h"
#include "tcpgoon/base/nearest.h"

#define STANDARD_PATH "-"

static const struct report_ops *find_format(
	const struct report_ops *const *formats, const char *name, size_t length)
{
	for (; *formats != NULL; formats++) {
		if (strlen((*formats)->name) == length &&
			memcmp((*formats)->name, name, length) == 0) {
			return *formats;
		}
	}
	return NULL;
}

static int fail_format(const struct report_ops *const *formats, const char *text, size_t length,
	struct error *error)
{
	char names[256] = "";
	char question[NEAREST_QUESTION_MAX];
	struct nearest nearest = NEAREST_INIT(text, length);
	size_t used = 0;
	for (; *formats != NULL && used < sizeof(names); formats++) {
		nearest_offer(&nearest, (*formats)->name);
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			used > 0 ? ", " : "", (*formats)->name);
	}
	return error_set(error, -EINVAL, "'%.*s' is not a report format; there are: %s%s",
		length < 40 ? (int)length : 40, text, names, nearest_ask(&nearest, "", question));
}

const char *output_failure(int code)
{
	return code == -EINTR ? "interrupted while waiting for its reader" : strerror(-code);
}

static int fail(int code, struct error *error)
{
	return error_set(error, code, "%s", output_failure(code));
}

/* Puts the path before the reason. */
static int fail_path(const char *path, int code, struct error *error)
{
	error_prefix(error, "'%.300s' cannot be written", path);
	return code;
}

/* ---- Streams --------------------------------------------------------------------------------- */

/* Duplicates it, so that closing ours leaves theirs open. */
static int open_descriptor(struct output *output, int descriptor, struct error *error)
{
	int flags = fcntl(descriptor, F_GETFL);
	if (flags < 0) {
		return fail(-errno, error);
	}
	if ((flags & O_PATH) != 0) {
		return error_set(error, -EBADF, "descriptor %d is not open", descriptor);
	}
	if ((flags & O_ACCMODE) == O_RDONLY) {
		return error_set(
			error, -EBADF, "descriptor %d is open for reading only", descriptor);
	}
	int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0) {
		return fail(-errno, error);
	}
	output->kind = OUTPUT_STREAM;
	output->fd = fd;
	return 0;
}

/* Two reports in one of these would be mixed; in a device they are not, or it does not matter. */
static bool is_mixable(const struct stat *status)
{
	return !S_ISCHR(status->st_mode);
}

/* Whether the path leads to the file that this descriptor of ours is. */
static bool is_descriptor(const struct place *place, int descriptor)
{
	struct stat status;
	return place->descriptor == descriptor ||
		(place->exists && is_mixable(&place->status) && fstat(descriptor, &status) == 0 &&
			place_is_same_file(&status, &place->status));
}

/* The standard stream that a path leads to; otherwise its descriptor, or -1. */
static int claimed_descriptor(
	const struct place *place, int standard_output, enum output_claim *ret_claim)
{
	if (is_descriptor(place, standard_output)) {
		*ret_claim = OUTPUT_CLAIMS_STDOUT;
		return standard_output;
	}
	if (is_descriptor(place, STDERR_FILENO)) {
		*ret_claim = OUTPUT_CLAIMS_STDERR;
		return STDERR_FILENO;
	}
	*ret_claim = OUTPUT_CLAIMS_NONE;
	return place->descriptor;
}

/* From here on writes to it wait. Consumes the descriptor, on failure too. */
static int take_stream_fd(struct output *output, int fd, struct error *error)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
		int r = -errno;
		close(fd);
		return fail(r, error);
	}
	output->fd = fd;
	return 0;
}

/* A pipe, a device or another process's descriptor. */
static int open_special(struct output *output, struct error *error)
{
	const struct place *place = &output->place;
	const struct stat *status = &place->status;
	output->kind = OUTPUT_STREAM;
	if (S_ISBLK(status->st_mode)) {
		return error_set(error, -ENOTSUP,
			"it is a block device, and a report would overwrite what is on it");
	}
	if (S_ISFIFO(status->st_mode) && !place->others_descriptor &&
		place_is_shared(&place->directory) && status->st_uid != geteuid() &&
		status->st_uid != place->directory.st_uid) {
		return error_set(error, -EACCES,
			"it is a pipe of another user (uid %u) in a directory shared by all",
			(unsigned)status->st_uid);
	}
	if (S_ISFIFO(status->st_mode)) {
		/* Opened only for a run: its reader would take a close for the end. */
		return faccessat(place->directory_fd, place->name, W_OK, AT_EACCESS) < 0
			? fail(-errno, error)
			: 0;
	}
	int fd = place_open(place, O_NONBLOCK);
	return fd < 0 ? fail(fd, error) : take_stream_fd(output, fd, error);
}

bool output_is_unconnected(const struct output *output)
{
	return output->kind == OUTPUT_STREAM && output->fd < 0 && output->place.name != NULL;
}

int output_connect(struct output *output, bool wait, struct error *error)
{
	int fd = place_open(&output->place, wait ? 0 : O_NONBLOCK);
	if (fd == -ENXIO && !wait) {
		return -EAGAIN;
	}
	int r = fd < 0 ? fail(fd, error) : take_stream_fd(output, fd, error);
	return r < 0 ? fail_path(output->name, r, error) : 0;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* A file that a rename can put in its place. */
static enum output_kind kind_of_new_file(const struct output *output)
{
	return output->report.ops->mode == REPORT_STREAM ? OUTPUT_GROWING : OUTPUT_REPLACED;
}

/* It may be a trap. */
static int check_owner(const struct place *place, struct error *error)
{
	const struct stat *status = &place->status;
	if (place_is_shared(&place->directory) && status->st_uid != geteuid() &&
		status->st_uid != place->directory.st_uid) {
		return error_set(error, -EACCES,
			"it belongs to another user (uid %u), in a directory shared by all: "
			"remove it first, or give another path",
			(unsigned)status->st_uid);
	}
	return 0;
}

/* An existing ordinary file. */
static int open_old_file(struct output *output, struct error *error)
{
	const struct place *place = &output->place;
	bool ours = place->status.st_uid == geteuid();
	int r = check_owner(place, error);
	if (r < 0) {
		return r;
	}
	/* A rename needs no permission on the file itself. */
	if (faccessat(place->directory_fd, place->name, W_OK, AT_EACCESS) < 0) {
		return fail(-errno, error);
	}
	bool replaced = ours && file_try_replace(place) == 0;
	output->kind = replaced ? kind_of_new_file(output) : OUTPUT_IN_PLACE;
	return replaced ? 0 : file_try_overwrite(place, error);
}

static int open_path(
	struct output *output, const char *path, int standard_output, struct error *error)
{
	int r = place_find(&output->place, path, error);
	if (r < 0) {
		return r;
	}
	const struct place *place = &output->place;
	int descriptor = claimed_descriptor(place, standard_output, &output->claim);
	if (descriptor >= 0) {
		return open_descriptor(output, descriptor, error);
	}
	if (!place->exists) {
		output->kind = kind_of_new_file(output);
		r = file_try_replace(place);
		return r < 0 ? fail(r, error) : 0;
	}
	if (S_ISREG(place->status.st_mode) && !place->others_descriptor) {
		return open_old_file(output, error);
	}
	return open_special(output, error);
}

int output_open(struct output *output, const char *text, const struct report_ops *const *formats,
	FILE *standard_output, struct error *error)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals[1] == '\0') {
		return error_set(error, -EINVAL, "'%.100s' is not FORMAT=PATH, as in %s=result.%s",
			text, formats[0]->name, formats[0]->extension);
	}
	size_t length = (size_t)(equals - text);
	const struct report_ops *format = find_format(formats, text, length);
	if (format == NULL) {
		return fail_format(formats, text, length, error);
	}
	const char *path = equals + 1;
	struct output opened = OUTPUT_INIT;
	opened.report.ops = format;
	opened.name = path;
	int r;
	if (strcmp(path, STANDARD_PATH) == 0) {
		opened.claim = OUTPUT_CLAIMS_STDOUT;
		r = open_descriptor(&opened, fileno(standard_output), error);
	} else {
		r = open_path(&opened, path, fileno(standard_output), error);
	}
	if (r < 0) {
		output_finish(&opened);
		return fail_path(path, r, error);
	}
	*output = opened;
	return 0;
}

static int open_summary(struct output *output, const char *path, struct error *error)
{
	int r = place_find(&output->place, path, error);
	if (r == 0 && output->place.exists) {
		r = check_owner(&output->place, error);
	}
	if (r < 0) {
		return r;
	}
	output->kind = OUTPUT_APPENDED;
	r = appended_try(&output->place);
	return r == -EINVAL ? error_set(error, r, "it is not a file") : r < 0 ? fail(r, error) : 0;
}

int output_open_summary(struct output *output, const char *path, struct error *error)
{
	struct output opened = OUTPUT_INIT;
	opened.report.ops = &report_markdown;
	opened.name = path;
	int r = open_summary(&opened, path, error);
	if (r < 0) {
		output_finish(&opened);
		return fail_path(path, r, error);
	}
	*output = opened;
	return 0;
}

int output_open_stream(struct output *output, FILE *stream, const char *name, struct error *error)
{
	output->name = name;
	return open_descriptor(output, fileno(stream), error);
}

/* The status of what it is written to, if that exists. */
static bool find_status(const struct output *output, struct stat *ret_status)
{
	if (output->fd >= 0) {
		return fstat(output->fd, ret_status) == 0;
	}
	*ret_status = output->place.status;
	return output->place.exists;
}

const char *output_way(const struct output *output)
{
	switch (output->kind) {
	case OUTPUT_STREAM:
		return output->claim == OUTPUT_CLAIMS_STDOUT    ? "the standard output"
			: output->claim == OUTPUT_CLAIMS_STDERR ? "the standard error"
								: "written as it comes";
	case OUTPUT_REPLACED:
		return output->place.exists ? "a file, replaced at the end" : "a new file";
	case OUTPUT_GROWING:
		return output->place.exists ? "a file, replaced at the start and written as it goes"
					    : "a new file, written as it goes";
	case OUTPUT_IN_PLACE:
		return "a file, overwritten at the end because it cannot be replaced";
	case OUTPUT_APPENDED:
		return "added to what is there";
	}
	return "";
}

bool output_is_shared(const struct output *a, const struct output *b)
{
	struct stat status_a;
	struct stat status_b;
	return a->fd >= 0 && b->fd >= 0 && fstat(a->fd, &status_a) == 0 &&
		fstat(b->fd, &status_b) == 0 && place_is_same_file(&status_a, &status_b);
}

bool output_is_same(const struct output *a, const struct output *b)
{
	struct stat status_a;
	struct stat status_b;
	if (a->claim != OUTPUT_CLAIMS_NONE && a->claim == b->claim) {
		return true;
	}
	if (find_status(a, &status_a) && find_status(b, &status_b)) {
		return place_is_same_file(&status_a, &status_b) && is_mixable(&status_a);
	}
	return place_is_same(&a->place, &b->place);
}

void output_finish(struct output *output)
{
	if (output->fd >= 0) {
		close(output->fd);
	}
	place_finish(&output->place);
	report_finish(&output->report);
	*output = (struct output)OUTPUT_INIT;
}
