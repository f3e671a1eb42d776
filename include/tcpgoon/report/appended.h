/* SPDX-License-Identifier: MIT */
/* A report that is added to what a file has already. */
#ifndef TCPGOON_REPORT_APPENDED_H
#define TCPGOON_REPORT_APPENDED_H

#include <stddef.h>
#include <sys/types.h>

#include "tcpgoon/report/place.h"

/* Whether appended_open() is going to succeed. Makes no file. Returns 0 or a negative errno. */
int appended_try(const struct place *place);

/*
 * Opens the file, and makes it where it is missing. Returns a descriptor that is the caller's, or a
 * negative errno (-EINVAL: it is no ordinary file).
 */
int appended_open(const struct place *place);

/* What a report has added to the file at `fd`. */
struct addition {
	off_t at; /* where it begins; the file was so long before */
	size_t length; /* 0: nothing was added */
};

/*
 * Adds the text, on a line of its own, cut to what makes the file no longer than `most` bytes
 * (report/fit). What was added before is taken back first, unless others have added to the file
 * since. Returns 0, or a negative errno, and then the file is as it was without the addition.
 */
int appended_write(int fd, struct addition *addition, const char *text, size_t length, size_t most);

/* Takes back what was added, unless others have added to the file since. Returns as above. */
int appended_withdraw(int fd, struct addition *addition);

#endif
