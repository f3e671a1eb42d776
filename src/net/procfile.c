/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/procfile.h"

#include <errno.h>
#include <stdio.h>

#include "tcpgoon/base/cleanup.h"

int procfile_read(const char *path, char **ret_text)
{
	CLEANUP(cleanup_fclose) FILE *file = fopen(path, "re");
	if (file == NULL) {
		return -errno;
	}
	/* These files do not tell their length; without NUL bytes, the whole file is one "line". */
	CLEANUP(cleanup_free) char *text = NULL;
	size_t size = 0;
	errno = 0;
	ssize_t length = getdelim(&text, &size, '\0', file);
	if (length < 0) {
		return ferror(file) && errno > 0 ? -errno : -ENODATA;
	}
	*ret_text = cleanup_take(&text);
	return 0;
}
