/* SPDX-License-Identifier: MIT */
/*
 * The file is that of a CI's step, and other commands of the step write to it too, though rarely at
 * the same time. O_APPEND keeps their words and ours apart. A file that has grown since is not cut:
 * what we added before stays then, and the new addition follows.
 */
#include "tcpgoon/report/appended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/file.h"
#include "report/fit.h"
#include "tcpgoon/base/cleanup.h"

#define MODE_NEW 0666 /* less the umask */

int appended_try(const struct place *place)
{
	if (!place->exists) {
		return faccessat(place->directory_fd, ".", W_OK | X_OK, AT_EACCESS) < 0 ? -errno
											: 0;
	}
	int fd = appended_open(place);
	if (fd >= 0) {
		close(fd);
	}
	return fd < 0 ? fd : 0;
}

int appended_open(const struct place *place)
{
	const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
	bool descriptor = place->descriptor >= 0 || place->others_descriptor;
	if (place->exists && (descriptor || !S_ISREG(place->status.st_mode))) {
		return -EINVAL;
	}
	int fd = openat(place->directory_fd, place->name,
		place->exists ? flags : flags | O_CREAT | O_EXCL, MODE_NEW);
	return fd < 0 ? -errno : fd;
}

int appended_withdraw(int fd, struct addition *addition)
{
	struct stat status;
	if (fstat(fd, &status) < 0) {
		return -errno;
	}
	bool is_last = status.st_size == addition->at + (off_t)addition->length;
	if (addition->length > 0 && is_last && ftruncate(fd, addition->at) < 0) {
		return -errno;
	}
	addition->length = 0;
	return 0;
}

int appended_write(int fd, struct addition *addition, const char *text, size_t length, size_t most)
{
	struct stat status;
	int r = appended_withdraw(fd, addition);
	if (r < 0 || fstat(fd, &status) < 0) {
		return r < 0 ? r : -errno;
	}
	CLEANUP(cleanup_free) char *lines = malloc(length + 1);
	if (lines == NULL) {
		return -ENOMEM;
	}
	lines[0] = '\n'; /* the last line of others may lack its end */
	memcpy(lines + 1, text, length);
	size_t there = (size_t)status.st_size;
	size_t fitting = fit_lines(lines, length + 1, there < most ? most - there : 0);
	addition->at = status.st_size;
	addition->length = fitting;
	r = file_write(fd, lines, fitting);
	if (r < 0) {
		(void)!ftruncate(fd, addition->at);
		addition->length = 0;
	}
	return r;
}
