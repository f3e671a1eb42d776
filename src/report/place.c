/* SPDX-License-Identifier: MIT */
/*
 * The path is followed here, component by component, and not by the kernel at each use. Four things
 * need that:
 *
 * - A report replaces the file that a symbolic link leads to, or creates it there. So the directory
 *   of the target must be known, and it must stay the same from the check to the rename, whatever
 *   becomes of the path during the run: it is held open.
 * - A symbolic link in a directory that is shared by everybody, as /tmp, may be another user's, who
 *   would choose which of our files is overwritten. Linux refuses to follow such a link if
 *   fs.protected_symlinks is set, at the end of a path. It is not set everywhere, so the same rule
 *   is applied here, to every component: the link must be ours or belong to the directory's owner.
 * - The links in /proc/PID/fd are no names. /proc/self/fd/1 reads as the name of the file that
 *   descriptor 1 was opened by, and a report that took that name would take the file away from the
 *   descriptor. Such a path is the descriptor itself.
 * - Two paths are compared by what they lead to: the same name in the same directory, also before
 *   the file exists, or the same file.
 */
#include "tcpgoon/report/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tcpgoon/base/units.h"

/* As many as the kernel follows. */
#define LINKS_MAX 40

/* What is left to follow. */
struct walk {
	int directory_fd;
	char rest[PATH_MAX];
	unsigned links;
};

/* Goes on in this directory; takes the descriptor, which may be a negative errno. */
static int enter_take_fd(struct walk *walk, int fd, struct error *error)
{
	if (fd < 0) {
		return error_set_errno(error, fd);
	}
	if (walk->directory_fd >= 0) {
		close(walk->directory_fd);
	}
	walk->directory_fd = fd;
	return 0;
}

static int open_directory(int directory_fd, const char *name, int flags)
{
	int fd = openat(directory_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

/* Puts `head` before what is left; it starts at the root where it is absolute. */
static int start_over(struct walk *walk, const char *head, struct error *error)
{
	char joined[PATH_MAX];
	const char *slash = walk->rest[0] != '\0' ? "/" : "";
	int length = snprintf(joined, sizeof(joined), "%s%s%s", head, slash, walk->rest);
	if (length < 0 || (size_t)length >= sizeof(joined)) {
		return error_set_errno(error, -ENAMETOOLONG);
	}
	memcpy(walk->rest, joined, (size_t)length + 1);
	if (joined[0] == '/' || walk->directory_fd < 0) {
		const char *start = joined[0] == '/' ? "/" : ".";
		return enter_take_fd(walk, open_directory(AT_FDCWD, start, 0), error);
	}
	return 0;
}

bool place_is_shared(const struct stat *directory)
{
	return (directory->st_mode & S_ISVTX) != 0 &&
		(directory->st_mode & (S_IWOTH | S_IWGRP)) != 0;
}

static int check_link(const struct walk *walk, const struct stat *link, struct error *error)
{
	struct stat directory;
	if (fstat(walk->directory_fd, &directory) < 0) {
		return error_set_errno(error, -errno);
	}
	if (place_is_shared(&directory) && link->st_uid != geteuid() &&
		link->st_uid != directory.st_uid) {
		return error_set(error, -EACCES,
			"a symbolic link on the way belongs to another user (uid %u) and is in a "
			"directory shared by all: give a path without it",
			(unsigned)link->st_uid);
	}
	return 0;
}

static bool is_in_proc(int directory_fd)
{
	struct statfs filesystem;
	return fstatfs(directory_fd, &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
}

/* The descriptor of ours that a link of /proc stands for; -1: none. */
static int own_descriptor(const char *name, const struct stat *target)
{
	uint64_t number;
	struct stat own;
	if (units_parse_count(name, 0, INT_MAX, &number, NULL) < 0 ||
		fstat((int)number, &own) < 0 || !place_is_same_file(&own, target)) {
		return -1;
	}
	return (int)number;
}

/* A link of /proc, which is no name: the kernel follows it. */
static int enter_proc_link(
	struct walk *walk, struct place *place, const char *name, bool last, struct error *error)
{
	if (!last) {
		return enter_take_fd(walk, open_directory(walk->directory_fd, name, 0), error);
	}
	if (fstatat(walk->directory_fd, name, &place->status, 0) < 0) {
		return error_set_errno(error, -errno);
	}
	place->exists = true;
	place->descriptor = own_descriptor(name, &place->status);
	place->others_descriptor = place->descriptor < 0;
	return 0;
}

static int enter_link(
	struct walk *walk, const char *name, const struct stat *link, struct error *error)
{
	char target[PATH_MAX];
	int r = check_link(walk, link, error);
	if (r < 0) {
		return r;
	}
	if (++walk->links > LINKS_MAX) {
		return error_set_errno(error, -ELOOP);
	}
	ssize_t length = readlinkat(walk->directory_fd, name, target, sizeof(target) - 1);
	if (length < 0) {
		return error_set_errno(error, -errno);
	}
	target[length] = '\0';
	return start_over(walk, target, error);
}

/*
 * Takes the next component off what is left. "" is the end. *ret_last: nothing stands behind it,
 * not even a slash, which would ask for a directory.
 */
static int take_component(
	struct walk *walk, char name[NAME_MAX + 1], bool *ret_last, struct error *error)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");
	if (length > NAME_MAX) {
		return error_set_errno(error, -ENAMETOOLONG);
	}
	memcpy(name, start, length);
	name[length] = '\0';
	*ret_last = start[length] == '\0';
	memmove(walk->rest, start + length, strlen(start + length) + 1);
	return 0;
}

/* One step. Returns 1 at the end of the path, 0 where it goes on, or a negative errno. */
static int step(
	struct walk *walk, struct place *place, char name[NAME_MAX + 1], struct error *error)
{
	bool last = false;
	int r = take_component(walk, name, &last, error);
	if (r < 0) {
		return r;
	}
	if (name[0] == '\0' || (last && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0))) {
		return error_set_errno(error, -EISDIR);
	}
	struct stat status;
	if (fstatat(walk->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return last && errno == ENOENT ? 1 : error_set_errno(error, -errno);
	}
	if (S_ISLNK(status.st_mode) && is_in_proc(walk->directory_fd)) {
		r = enter_proc_link(walk, place, name, last, error);
		return r == 0 && last ? 1 : r;
	}
	if (S_ISLNK(status.st_mode)) {
		return enter_link(walk, name, &status, error);
	}
	if (last) {
		place->exists = true;
		place->status = status;
		return 1;
	}
	return enter_take_fd(walk, open_directory(walk->directory_fd, name, O_NOFOLLOW), error);
}

int place_find(struct place *place, const char *path, struct error *error)
{
	struct walk walk = {.directory_fd = -1};
	struct place found = PLACE_INIT;
	char name[NAME_MAX + 1];
	int r = path[0] == '\0' ? error_set_errno(error, -ENOENT) : start_over(&walk, path, error);
	while (r == 0) {
		r = step(&walk, &found, name, error);
	}
	if (r > 0 && found.exists && S_ISDIR(found.status.st_mode) && found.descriptor < 0) {
		r = error_set_errno(error, -EISDIR);
	}
	if (r > 0 && fstat(walk.directory_fd, &found.directory) < 0) {
		r = error_set_errno(error, -errno);
	}
	if (r > 0) {
		found.name = strdup(name);
		r = found.name == NULL ? error_set_errno(error, -ENOMEM) : r;
	}
	if (r < 0) {
		if (walk.directory_fd >= 0) {
			close(walk.directory_fd);
		}
		return r;
	}
	found.directory_fd = walk.directory_fd;
	*place = found;
	return 0;
}

int place_open(const struct place *place, int flags)
{
	/*
	 * Another process's descriptor is a link that is to be followed, and not to be truncated.
	 */
	flags |= place->others_descriptor ? O_APPEND : O_NOFOLLOW;
	int fd = openat(place->directory_fd, place->name, O_WRONLY | O_NOCTTY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

void place_finish(struct place *place)
{
	if (place->directory_fd >= 0) {
		close(place->directory_fd);
	}
	free(place->name);
	*place = (struct place)PLACE_INIT;
}

bool place_is_same(const struct place *a, const struct place *b)
{
	if (a->name == NULL || b->name == NULL) {
		return false;
	}
	return (a->exists && b->exists && place_is_same_file(&a->status, &b->status)) ||
		(place_is_same_file(&a->directory, &b->directory) && strcmp(a->name, b->name) == 0);
}
