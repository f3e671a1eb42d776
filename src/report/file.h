/* SPDX-License-Identifier: MIT */
/* A report as an ordinary file: replaced by a rename, or overwritten where that cannot be. */
#ifndef TCPGOON_REPORT_FILE_H
#define TCPGOON_REPORT_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/report/place.h"

/*
 * Whether a complete file can take the name of the place. Leaves nothing behind. Returns 0 or a
 * negative errno (-EBUSY: what has the name cannot be replaced by a rename).
 */
int file_try_replace(const struct place *place);

/* Writes a file from its beginning; may be called once more, for another. 0 or a negative errno. */
typedef int file_content(void *context, int fd);

/*
 * Makes a file of the content, which takes the name when it is complete; then the place is that of
 * the new file. Returns 0 or a negative errno, and what had the name is as it was.
 */
int file_replace(struct place *place, file_content *content, void *context);

/*
 * Makes an empty file that takes the name at once, to be written as it comes. Returns a descriptor
 * that is the caller's, or a negative errno, and what had the name is as it was.
 */
int file_begin(struct place *place);
/*
 * Puts the text behind the first `offset` bytes of such a file, in place of what may be there.
 * Returns 0, or a negative errno, and the file ends there.
 */
int file_put_end(struct place *place, int fd, off_t offset, const char *text, size_t length);

/* Writes all of the text. Returns 0 or a negative errno. */
int file_write(int fd, const char *text, size_t length);

/*
 * Whether the file that is there can be overwritten. Returns 0 or a negative errno with a message.
 */
int file_try_overwrite(const struct place *place, struct error *error);

/*
 * Overwrites the file that is there, and keeps its state in the place. Returns 0 or a negative
 * errno with a message, which says so where the old text is lost.
 */
int file_overwrite(struct place *place, const char *text, size_t length, struct error *error);

/* Empties the file that is there. Returns 0 or a negative errno. */
int file_empty(const struct place *place);

#endif
