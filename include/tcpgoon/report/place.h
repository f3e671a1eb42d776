/* SPDX-License-Identifier: MIT */
/* Where a path leads: a name in a directory that is held open, or a descriptor of our own. */
#ifndef TCPGOON_REPORT_PLACE_H
#define TCPGOON_REPORT_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "tcpgoon/base/error.h"

struct place {
	int directory_fd; /* -1: none, as of one that is not found yet */
	char *name; /* in the directory; it was no symbolic link */
	struct stat directory;
	bool exists;
	struct stat status; /* where it exists; after a report was written there, of that file */
	int descriptor; /* the path names this one of ours, as /dev/stdout does; -1: none */
	bool others_descriptor; /* the path names a descriptor of another process */
};

#define PLACE_INIT                                   \
	{                                            \
		.directory_fd = -1, .descriptor = -1 \
	}

/*
 * Follows the path to its end, which may be missing. Returns 0, -EISDIR, or another negative errno
 * with a message that does not name the path: "No such file or directory".
 */
int place_find(struct place *place, const char *path, struct error *error);
/* Accepts one that was not found. */
void place_finish(struct place *place);

/*
 * Whether everyone may create files in the directory and no one may remove another's, as in /tmp:
 * what is found there under a known name may be a trap.
 */
bool place_is_shared(const struct stat *directory);

/*
 * Opens what is there for writing, without O_CREAT; a link that has come in its stead is not
 * followed. Returns a descriptor that is the caller's, or a negative errno.
 */
int place_open(const struct place *place, int flags);

static inline bool place_is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether both are the same name in the same directory, or the same file by two names. */
bool place_is_same(const struct place *a, const struct place *b);

#endif
