/* SPDX-License-Identifier: MIT */
/*
 * Who may overwrite what
 *
 * A report at a path replaces the file that was there: it is made beside it, without a name where
 * the filesystem can do that (O_TMPFILE), and takes the name when it is complete. So a reader finds
 * the old report or the new one, a full disk leaves the old one, and a killed program leaves nothing
 * behind. Not synced to the disk: the promise is about readers, not about power cuts.
 *
 * Only an ordinary file of our own is replaced. Everything else is written where it is:
 *
 * - A descriptor that we were given (-, /dev/stdout, /dev/fd/3), and the file that the standard
 *   output or the standard error already is: through that descriptor, behind what it has been given.
 * - A pipe or a character device.
 * - A file of another user, which stays the other's; and one that a rename cannot replace, as the
 *   directory is not ours to write, or it is a mount point. Its set-user-ID and set-group-ID bits
 *   are taken away, as the kernel does it for everybody but root. It must have one name only: by
 *   another (a hard link) it may be a file that nobody meant. Its space is reserved first, so that
 *   a full disk is noticed while the old report is still there.
 *
 * What is refused: a file or a pipe of another user in a directory that all share, as /tmp, as the
 * kernel does it where fs.protected_regular and fs.protected_fifos are set; a block device.
 *
 * A file that replaces ours has the permissions that the old one had, as far as the umask allows,
 * and its group where we may give it; where not, the group has no more than others have, and so it
 * is where an ACL was, as the group's bits are then the ACL's mask. ACLs, other extended attributes
 * and hard links are not kept.
 */
#include "tcpgoon/report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tcpgoon/base/clock.h"
#include "tcpgoon/base/writer.h"

#define MODE_NEW 0666 /* less the umask */

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
	char names[128] = "";
	size_t used = 0;
	for (; *formats != NULL && used < sizeof(names); formats++) {
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			used > 0 ? ", " : "", (*formats)->name);
	}
	return error_set(error, -EINVAL, "'%.*s' is no format of a report; there are: %s",
		length < 40 ? (int)length : 40, text, names);
}

const char *output_failure(int code)
{
	return code == -EINTR ? "interrupted while it waited for its reader" : strerror(-code);
}

static int fail(int code, struct error *error)
{
	return error_set(error, code, "%s", output_failure(code));
}

/* Says what it is about, before why. */
static int fail_path(const char *path, int code, struct error *error)
{
	error_prefix(error, "'%.300s' cannot be written", path);
	return code;
}

/* ---- Streams ---------------------------------------------------------------------------------- */

/* Waits where the descriptor does not block, as another program may have set it. */
static int write_all(int fd, const char *text, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t written = write(fd, text + done, length - done);
		if (written >= 0) {
			done += (size_t)written;
		} else if (errno == EAGAIN) {
			struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
			poll(&poll_fd, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Waits for the reader of a stream, who may be a person, unless it is told to stop. */
static int write_waiting(const struct output *output, const char *text, size_t length)
{
	struct writer writer;
	writer_init(&writer, output->fd);
	ssize_t r = 0;
	for (size_t done = 0; r >= 0 && done < length;) {
		r = writer_write(&writer, text + done, length - done);
		if (r > 0) {
			done += (size_t)r;
		} else if (r == -EAGAIN) {
			r = writer_wait(&writer, output->stop_fd, CLOCK_NEVER);
		}
	}
	writer_finish(&writer);
	return r < 0 ? (int)r : 0;
}

/* A handle of our own on it, so that closing ours leaves theirs. */
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

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Two reports in one of these are mixed; in a device they are not, or nobody minds. */
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
			is_same_file(&status, &place->status));
}

/* What a stream is that a path leads to; -1: a descriptor that is neither, or none. */
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

static int open_flags(const struct place *place, int flags)
{
	/* Another process's descriptor is a link that is to be followed, and not to be truncated. */
	flags |= place->others_descriptor ? O_APPEND : O_NOFOLLOW;
	int fd = openat(place->directory_fd, place->name, O_WRONLY | O_NOCTTY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
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
			"it is a pipe of another user (uid %u) in a directory that all share",
			(unsigned)status->st_uid);
	}
	if (S_ISFIFO(status->st_mode)) {
		/* Opened only for a run: its reader sees the end of what is opened and closed. */
		return faccessat(place->directory_fd, place->name, W_OK, AT_EACCESS) < 0
			? fail(-errno, error)
			: 0;
	}
	int fd = open_flags(place, O_NONBLOCK);
	return fd < 0 ? fail(fd, error) : take_stream_fd(output, fd, error);
}

bool output_is_unconnected(const struct output *output)
{
	return output->kind == OUTPUT_STREAM && output->fd < 0 && output->place.name != NULL;
}

int output_connect(struct output *output, bool wait, struct error *error)
{
	int fd = open_flags(&output->place, wait ? 0 : O_NONBLOCK);
	if (fd == -ENXIO && !wait) {
		return -EAGAIN;
	}
	int r = fd < 0 ? fail(fd, error) : take_stream_fd(output, fd, error);
	return r < 0 ? fail_path(output->name, r, error) : 0;
}

/* ---- Files that are replaced ------------------------------------------------------------------ */

#define TEMPORARY_MAX sizeof(".tcpgoon-0123456789abcdef")

/* A new file in the directory; its name is "" where it has none yet. */
struct temporary {
	int fd;
	char name[TEMPORARY_MAX];
};

/* Nobody can have made a file of this name before. */
static int make_name(char name[TEMPORARY_MAX])
{
	uint64_t random;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		return -errno;
	}
	snprintf(name, TEMPORARY_MAX, ".tcpgoon-%016" PRIx64, random);
	return 0;
}

static int create_named(struct temporary *temporary, int directory_fd, mode_t mode)
{
	int r = make_name(temporary->name);
	if (r < 0) {
		return r;
	}
	temporary->fd = openat(
		directory_fd, temporary->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return temporary->fd < 0 ? -errno : 0;
}

static int create_unnamed(struct temporary *temporary, int directory_fd, mode_t mode)
{
	temporary->name[0] = '\0';
	temporary->fd = openat(directory_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	return temporary->fd < 0 ? -errno : 0;
}

/* Gives it a name that is not taken. Needs no privilege by this way, but /proc. */
static int link_unnamed(int fd, int directory_fd, const char *name)
{
	char path[sizeof("/proc/self/fd/") + 12];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, directory_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static void discard(struct temporary *temporary, int directory_fd)
{
	if (temporary->fd >= 0) {
		close(temporary->fd);
	}
	if (temporary->name[0] != '\0') {
		unlinkat(directory_fd, temporary->name, 0);
	}
}

static bool has_acl(const struct place *place)
{
	char path[sizeof("/proc/self/fd//") + 12 + NAME_MAX];
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", place->directory_fd, place->name);
	return lgetxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

/* Permissions without those of the group that others do not have. */
static mode_t group_as_others(mode_t mode)
{
	return (mode & ~(mode_t)S_IRWXG) | (mode & ((mode & S_IRWXO) << 3));
}

/* What to create it with; the kernel takes off the umask. */
static mode_t wanted_mode(const struct place *place)
{
	if (!place->exists) {
		return MODE_NEW;
	}
	mode_t mode = place->status.st_mode & MODE_NEW;
	return has_acl(place) ? group_as_others(mode) : mode;
}

/* Nobody is let in by a group that the old file did not have. */
static int keep_group(int fd, const struct place *place)
{
	struct stat status;
	if (!place->exists) {
		return 0;
	}
	if (fstat(fd, &status) < 0) {
		return -errno;
	}
	if (status.st_gid == place->status.st_gid ||
		fchown(fd, (uid_t)-1, place->status.st_gid) == 0) {
		return 0;
	}
	return fchmod(fd, group_as_others(status.st_mode & 0777)) < 0 ? -errno : 0;
}

/* What has the name now, which may have come during the run, must still be ours to replace. */
static int check_holder(const struct place *place)
{
	struct stat status;
	if (fstatat(place->directory_fd, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	bool is_known = place->exists && is_same_file(&status, &place->status);
	bool is_ours =
		(S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) && status.st_uid == geteuid();
	return is_known || is_ours ? 0 : -EEXIST;
}

/* Gives a complete file the name of the place: at once where that is free, else by a rename. */
static int take_name(const struct place *place, struct temporary *temporary)
{
	int r = check_holder(place);
	if (r == 0 && temporary->name[0] == '\0') {
		r = link_unnamed(temporary->fd, place->directory_fd, place->name);
		if (r != -EEXIST) {
			return r;
		}
		char name[TEMPORARY_MAX];
		r = make_name(name);
		if (r == 0) {
			r = link_unnamed(temporary->fd, place->directory_fd, name);
		}
		if (r == 0) {
			memcpy(temporary->name, name, sizeof(name));
		}
	}
	if (r < 0) {
		return r;
	}
	if (renameat(place->directory_fd, temporary->name, place->directory_fd, place->name) < 0) {
		return -errno;
	}
	temporary->name[0] = '\0';
	return 0;
}

/* Only a close finds a full disk of another machine, so one comes before it takes the name. */
static int fill(int fd, const struct place *place, const char *text, size_t length)
{
	int r = keep_group(fd, place);
	if (r == 0) {
		r = write_all(fd, text, length);
	}
	if (r == 0) {
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r = copy < 0 || close(copy) < 0 ? -errno : 0;
	}
	return r;
}

static int replace_by(
	struct output *output, struct temporary *temporary, const char *text, size_t length)
{
	struct place *place = &output->place;
	int r = fill(temporary->fd, place, text, length);
	if (r == 0) {
		r = take_name(place, temporary);
	}
	if (r == 0) {
		r = fstat(temporary->fd, &output->written) < 0 ? -errno : 0;
		place->exists = true;
		place->status = output->written;
	}
	return r;
}

/* Not every filesystem has files without a name, and not every system has /proc to name them. */
static int replace(struct output *output, const char *text, size_t length)
{
	static int (*const ways[])(struct temporary *, int, mode_t) = {
		create_unnamed, create_named};
	int directory_fd = output->place.directory_fd;
	int r = 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct temporary temporary = {.fd = -1};
		r = ways[i](&temporary, directory_fd, wanted_mode(&output->place));
		if (r == 0) {
			r = replace_by(output, &temporary, text, length);
		}
		discard(&temporary, directory_fd);
		if (r == 0 || r == -ENOSPC || r == -EDQUOT || r == -EFBIG) {
			break;
		}
	}
	return r;
}

/* Whether a file can be made beside it, as a rename needs. */
static int try_beside(const struct place *place)
{
	struct temporary temporary = {.fd = -1};
	int r = create_unnamed(&temporary, place->directory_fd, MODE_NEW);
	if (r < 0) {
		r = create_named(&temporary, place->directory_fd, MODE_NEW);
		if (r < 0) {
			temporary.name[0] = '\0';
		}
	}
	discard(&temporary, place->directory_fd);
	return r;
}

static bool has_attributes(int directory_fd, const char *name, int flags, uint64_t attributes)
{
	struct statx status;
	return statx(directory_fd, name, flags | AT_NO_AUTOMOUNT, 0, &status) == 0 &&
		(status.stx_attributes & attributes) != 0;
}

/* Whether no rename can replace it, though a file can be made beside it. */
static bool is_pinned(const struct place *place)
{
	return has_attributes(place->directory_fd, place->name, AT_SYMLINK_NOFOLLOW,
		       STATX_ATTR_MOUNT_ROOT | STATX_ATTR_APPEND) ||
		has_attributes(place->directory_fd, "", AT_EMPTY_PATH, STATX_ATTR_APPEND);
}

/* ---- Files that are written in place ---------------------------------------------------------- */

/* Looked at again at each opening: the file may be another one by then. */
static int check_in_place(const struct place *place, const struct stat *status, struct error *error)
{
	if (!S_ISREG(status->st_mode) || status->st_uid != place->status.st_uid) {
		return error_set(
			error, -ESTALE, "another file has taken its name since the run began");
	}
	if (status->st_nlink > 1) {
		return error_set(error, -EMLINK,
			"it cannot be replaced, and is not overwritten as it has another name "
			"(hard link)");
	}
	return 0;
}

/* Not waiting: another user may have a lease on it. */
static int open_in_place(const struct place *place, struct stat *ret_status, struct error *error)
{
	int fd = open_flags(place, O_NONBLOCK);
	if (fd < 0) {
		return fail(fd, error);
	}
	int r = fstat(fd, ret_status) < 0 ? fail(-errno, error)
					  : check_in_place(place, ret_status, error);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* Makes room for a longer report while the old one is still there. */
static int reserve(int fd, off_t old_length, size_t length)
{
	if ((off_t)length <= old_length || fallocate(fd, 0, 0, (off_t)length) == 0) {
		return 0;
	}
	int r = -errno;
	if (r != -ENOSPC && r != -EDQUOT && r != -EFBIG) {
		return 0; /* it cannot be asked for here */
	}
	return ftruncate(fd, old_length) < 0 ? -errno : r;
}

static int overwrite(
	int fd, const struct stat *old, const char *text, size_t length, struct error *error)
{
	if ((old->st_mode & (S_ISUID | S_ISGID)) != 0) {
		/* Where it is not ours to change, the kernel does it at the first write. */
		(void)fchmod(fd, old->st_mode & (07777 & ~(mode_t)(S_ISUID | S_ISGID)));
	}
	int r = reserve(fd, old->st_size, length);
	if (r < 0) {
		return fail(r, error);
	}
	r = write_all(fd, text, length);
	if (r == 0 && ftruncate(fd, (off_t)length) < 0) {
		r = -errno;
	}
	if (r < 0) {
		struct stat status;
		bool emptied =
			ftruncate(fd, 0) == 0 && fstat(fd, &status) == 0 && status.st_size == 0;
		return error_set(error, r, "%s; it could only be overwritten, and %s", strerror(-r),
			emptied ? "is empty now" : "may have half of a report in it now");
	}
	return 0;
}

static int write_in_place(
	struct output *output, const char *text, size_t length, struct error *error)
{
	struct stat old;
	int fd = open_in_place(&output->place, &old, error);
	if (fd < 0) {
		return fd;
	}
	int r = overwrite(fd, &old, text, length, error);
	if (r == 0 && fstat(fd, &output->written) < 0) {
		r = fail(-errno, error);
	}
	if (close(fd) < 0 && r == 0) {
		r = fail(-errno, error);
	}
	return r;
}

/* ---- Opening ---------------------------------------------------------------------------------- */

/* Whether it can be written where it is. */
static int try_in_place(struct output *output, struct error *error)
{
	struct stat status;
	int fd = open_in_place(&output->place, &status, error);
	if (fd < 0) {
		return fd;
	}
	close(fd);
	output->kind = OUTPUT_IN_PLACE;
	return 0;
}

/* An ordinary file that is there. */
static int open_old_file(struct output *output, struct error *error)
{
	const struct place *place = &output->place;
	const struct stat *status = &place->status;
	bool ours = status->st_uid == geteuid();
	if (place_is_shared(&place->directory) && !ours &&
		status->st_uid != place->directory.st_uid) {
		return error_set(error, -EACCES,
			"it belongs to another user (uid %u), in a directory that all share: remove "
			"it first, or give another path",
			(unsigned)status->st_uid);
	}
	/* A rename asks for no permission on the file itself. */
	if (faccessat(place->directory_fd, place->name, W_OK, AT_EACCESS) < 0) {
		return fail(-errno, error);
	}
	if (ours && !is_pinned(place) && try_beside(place) == 0) {
		output->kind = OUTPUT_REPLACED;
		return 0;
	}
	return try_in_place(output, error);
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
		output->kind = OUTPUT_REPLACED;
		r = try_beside(place);
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
		return error_set(error, -EINVAL,
			"'%.100s' is not FORMAT=PATH, as in json=result.json", text);
	}
	size_t length = (size_t)(equals - text);
	const struct report_ops *format = find_format(formats, text, length);
	if (format == NULL) {
		return fail_format(formats, text, length, error);
	}
	const char *path = equals + 1;
	struct output opened = OUTPUT_INIT;
	opened.format = format;
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

int output_open_stream(struct output *output, const struct report_ops *format, FILE *stream,
	const char *name, struct error *error)
{
	struct output opened = OUTPUT_INIT;
	opened.format = format;
	opened.name = name;
	int r = open_descriptor(&opened, fileno(stream), error);
	if (r == 0) {
		*output = opened;
	}
	return r;
}

/* What it is written to, where that exists already. */
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
		return output->place.exists ? "a file that is replaced at the end" : "a new file";
	case OUTPUT_IN_PLACE:
		return "a file that is overwritten at the end, as it cannot be replaced";
	}
	return "";
}

bool output_is_shared(const struct output *a, const struct output *b)
{
	struct stat status_a;
	struct stat status_b;
	return a->fd >= 0 && b->fd >= 0 && fstat(a->fd, &status_a) == 0 &&
		fstat(b->fd, &status_b) == 0 && is_same_file(&status_a, &status_b);
}

bool output_is_same(const struct output *a, const struct output *b)
{
	struct stat status_a;
	struct stat status_b;
	if (a->claim != OUTPUT_CLAIMS_NONE && a->claim == b->claim) {
		return true;
	}
	if (find_status(a, &status_a) && find_status(b, &status_b)) {
		return is_same_file(&status_a, &status_b) && is_mixable(&status_a);
	}
	return place_is_same(&a->place, &b->place);
}

/* ---- Writing ---------------------------------------------------------------------------------- */

/* No reason begins in this way. */
#define NO_REASON "\001"

/* How much of the report is the same whatever else may fail from now on. */
static int find_common(const struct output *output, const struct result *result,
	const struct verdict *verdict, const char *text, size_t length, size_t *ret_common)
{
	struct verdict *other = malloc(sizeof(*other));
	if (other == NULL) {
		return -ENOMEM;
	}
	*other = *verdict;
	verdict_fail(other, NO_REASON);
	char *other_text = NULL;
	size_t other_length = 0;
	int r = report_render(output->format, result, other, &other_text, &other_length);
	free(other);
	if (r < 0) {
		return r;
	}
	size_t common = 0;
	while (common < length && common < other_length && text[common] == other_text[common]) {
		common++;
	}
	free(other_text);
	/* Whole lines: on a terminal a message may come next. */
	while (common > 0 && text[common - 1] != '\n') {
		common--;
	}
	*ret_common = common;
	return 0;
}

int output_begin(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error)
{
	if (output->kind != OUTPUT_STREAM) {
		return 0;
	}
	char *text = NULL;
	size_t length = 0;
	size_t common = 0;
	int r = report_render(output->format, result, verdict, &text, &length);
	if (r == 0) {
		r = find_common(output, result, verdict, text, length, &common);
	}
	if (r == 0) {
		r = write_waiting(output, text, common);
		output->sent = common;
	}
	free(text);
	return r < 0 ? fail_path(output->name, fail(r, error), error) : 0;
}

static int write_stream(struct output *output, const char *text, size_t length, struct error *error)
{
	int r = write_waiting(output, text + output->sent, length - output->sent);
	if (r == 0 && output->epilogue != NULL) {
		r = write_waiting(output, output->epilogue, strlen(output->epilogue));
	}
	if (close(output->fd) < 0 && r == 0) {
		r = -errno;
	}
	output->fd = -1;
	return r < 0 ? fail(r, error) : 0;
}

/* A rename may still fail at the end, for what could not be tried before. */
static int write_file(struct output *output, const char *text, size_t length, struct error *error)
{
	int r = -EXDEV;
	if (output->kind == OUTPUT_REPLACED) {
		r = replace(output, text, length);
		bool is_refused = r == -EXDEV || r == -EBUSY || r == -EPERM || r == -EACCES;
		if (r == 0 || !is_refused || !output->place.exists) {
			return r < 0 ? fail(r, error) : 0;
		}
	}
	return write_in_place(output, text, length, error);
}

/* A signal that ends the program shall not leave a file half made; it comes a moment later. */
static void block_signals(sigset_t *ret_old)
{
	sigset_t set;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

int output_write(struct output *output, const struct result *result, const struct verdict *verdict,
	struct error *error)
{
	char *text = NULL;
	size_t length = 0;
	int r = report_render(output->format, result, verdict, &text, &length);
	if (r < 0) {
		fail(r, error);
	} else if (output->kind == OUTPUT_STREAM) {
		r = write_stream(output, text, length, error);
	} else {
		sigset_t old;
		block_signals(&old);
		r = write_file(output, text, length, error);
		sigprocmask(SIG_SETMASK, &old, NULL);
		output->told_status = r == 0 ? (int)verdict->exit_status : output->told_status;
	}
	free(text);
	return r < 0 ? fail_path(output->name, r, error) : 0;
}

/* The number of a file that is gone may be given to the next. */
static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return is_same_file(a, b) && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int output_withdraw(struct output *output)
{
	const struct place *place = &output->place;
	struct stat status;
	if (output->kind == OUTPUT_STREAM || output->told_status < 0) {
		return 0;
	}
	if (fstatat(place->directory_fd, place->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!is_unchanged(&status, &output->written)) {
		return 0; /* another report by now */
	}
	output->told_status = -1;
	if (output->kind == OUTPUT_REPLACED && unlinkat(place->directory_fd, place->name, 0) == 0) {
		return 0;
	}
	int fd = open_in_place(place, &status, NULL);
	if (fd < 0) {
		return fd;
	}
	int r = ftruncate(fd, 0) < 0 ? -errno : 0;
	close(fd);
	return r;
}

void output_finish(struct output *output)
{
	if (output->fd >= 0) {
		close(output->fd);
	}
	place_finish(&output->place);
	*output = (struct output)OUTPUT_INIT;
}
