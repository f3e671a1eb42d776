/* SPDX-License-Identifier: MIT */
/*
 * A report replaces the existing file: it is written next to it, without a name if the filesystem
 * supports that (O_TMPFILE), and takes the name when it is complete. So a reader finds the old
 * report or the new one, a full disk leaves the old one, and a killed program leaves nothing
 * behind. It is not synced to the disk: the promise is about readers, not about power cuts.
 *
 * The new file has the permissions of the old one, as far as the umask allows, and its group if we
 * may set it. If we may not, or if there was an ACL (the group's bits are then its mask), the group
 * gets no more than others have. ACLs, other extended attributes and hard links are not kept.
 *
 * A file that is overwritten keeps its owner. Its set-user-ID and set-group-ID bits are removed, as
 * the kernel does for everyone but root. It must have only one name: under another (a hard link) it
 * may be a file that was not meant. Its space is reserved first, so that a full disk is noticed
 * while the old report is still there.
 */
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MODE_NEW 0666 /* less the umask */

int file_write(int fd, const char *text, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t written = write(fd, text + done, length - done);
		if (written >= 0) {
			done += (size_t)written;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* ---- Replaced -------------------------------------------------------------------------------- */

#define TEMPORARY_MAX sizeof(".tcpgoon-0123456789abcdef")

/* A new file in the directory; its name is "" where it has none yet. */
struct temporary {
	int fd;
	char name[TEMPORARY_MAX];
};

/* No other program can have made a file of this name before. */
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

/* Gives it an unused name. This way needs no privilege, but /proc. */
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

/* Permissions to create it with; the kernel subtracts the umask. */
static mode_t wanted_mode(const struct place *place)
{
	if (!place->exists) {
		return MODE_NEW;
	}
	mode_t mode = place->status.st_mode & MODE_NEW;
	return has_acl(place) ? group_as_others(mode) : mode;
}

/* A group that the old file did not have gets no access. */
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
	bool is_known = place->exists && place_is_same_file(&status, &place->status);
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

/* Only a close finds a full disk of another machine, so one comes before the file counts. */
static int try_close(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 || close(copy) < 0 ? -errno : 0;
}

static int fill(int fd, const struct place *place, file_content *content, void *context)
{
	int r = keep_group(fd, place);
	if (r == 0) {
		r = content(context, fd);
	}
	return r == 0 ? try_close(fd) : r;
}

static int note_status(int fd, struct place *place)
{
	place->exists = true;
	return fstat(fd, &place->status) < 0 ? -errno : 0;
}

static int replace_by(
	struct place *place, struct temporary *temporary, file_content *content, void *context)
{
	int r = fill(temporary->fd, place, content, context);
	if (r == 0) {
		r = take_name(place, temporary);
	}
	return r == 0 ? note_status(temporary->fd, place) : r;
}

/* Another way to make the file would fail as well. */
static bool is_final(int code)
{
	return code == -ENOSPC || code == -EDQUOT || code == -EFBIG || code == -ENOMEM;
}

/* Not every filesystem has files without a name, and not every system has /proc to name them. */
static int replace(struct place *place, file_content *content, void *context, int *ret_fd)
{
	static int (*const ways[])(struct temporary *, int, mode_t) = {
		create_unnamed, create_named};
	int r = 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct temporary temporary = {.fd = -1};
		r = ways[i](&temporary, place->directory_fd, wanted_mode(place));
		if (r == 0) {
			r = replace_by(place, &temporary, content, context);
		}
		if (r == 0 && ret_fd != NULL) {
			*ret_fd = temporary.fd;
			temporary.fd = -1;
		}
		discard(&temporary, place->directory_fd);
		if (r == 0 || is_final(r)) {
			break;
		}
	}
	return r;
}

int file_replace(struct place *place, file_content *content, void *context)
{
	return replace(place, content, context, NULL);
}

static int no_content(void *context, int fd)
{
	(void)context;
	(void)fd;
	return 0;
}

int file_begin(struct place *place)
{
	int fd = -1;
	int r = replace(place, no_content, NULL, &fd);
	return r < 0 ? r : fd;
}

int file_put_end(struct place *place, int fd, off_t offset, const char *text, size_t length)
{
	int r = 0;
	if (ftruncate(fd, offset) < 0 || lseek(fd, offset, SEEK_SET) < 0) {
		return -errno;
	}
	r = file_write(fd, text, length);
	if (r == 0) {
		r = try_close(fd);
	}
	if (r == 0) {
		return note_status(fd, place);
	}
	(void)!ftruncate(fd, offset); /* half an end is none */
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

int file_try_replace(const struct place *place)
{
	if (place->exists && is_pinned(place)) {
		return -EBUSY;
	}
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

/* ---- Overwritten ----------------------------------------------------------------------------- */

/* Checked at each opening: the file may have been exchanged. */
static int check_in_place(const struct place *place, const struct stat *status, struct error *error)
{
	if (!S_ISREG(status->st_mode) || status->st_uid != place->status.st_uid) {
		return error_set(
			error, -ESTALE, "another file has taken its name since the run began");
	}
	if (status->st_nlink > 1) {
		return error_set(error, -EMLINK,
			"it cannot be replaced, and is not overwritten because it has another "
			"name (hard link)");
	}
	return 0;
}

/* Without waiting: another user may hold a lease on it. */
static int open_in_place(const struct place *place, struct stat *ret_status, struct error *error)
{
	int fd = place_open(place, O_NONBLOCK);
	if (fd < 0) {
		return error_set_errno(error, fd);
	}
	int r = fstat(fd, ret_status) < 0 ? error_set_errno(error, -errno)
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
		return error_set_errno(error, r);
	}
	r = file_write(fd, text, length);
	if (r == 0 && ftruncate(fd, (off_t)length) < 0) {
		r = -errno;
	}
	if (r < 0) {
		struct stat status;
		bool emptied =
			ftruncate(fd, 0) == 0 && fstat(fd, &status) == 0 && status.st_size == 0;
		return error_set(error, r, "%s; it could only be overwritten, and %s", strerror(-r),
			emptied ? "is empty now" : "may now contain half a report");
	}
	return 0;
}

int file_try_overwrite(const struct place *place, struct error *error)
{
	struct stat status;
	int fd = open_in_place(place, &status, error);
	if (fd < 0) {
		return fd;
	}
	close(fd);
	return 0;
}

int file_overwrite(struct place *place, const char *text, size_t length, struct error *error)
{
	struct stat old;
	int fd = open_in_place(place, &old, error);
	if (fd < 0) {
		return fd;
	}
	int r = overwrite(fd, &old, text, length, error);
	if (r == 0 && fstat(fd, &place->status) < 0) {
		r = error_set_errno(error, -errno);
	}
	if (close(fd) < 0 && r == 0) {
		r = error_set_errno(error, -errno);
	}
	return r;
}

int file_empty(const struct place *place)
{
	struct stat status;
	int fd = open_in_place(place, &status, NULL);
	if (fd < 0) {
		return fd;
	}
	int r = ftruncate(fd, 0) < 0 ? -errno : 0;
	close(fd);
	return r;
}
