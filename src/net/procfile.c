/* SPDX-License-Identifier: MIT */
#include "tcpgoon/net/procfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int procfile_read(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		return -errno;
	}
	/* These files do not say how long they are; one without a NUL byte is one "line" of it. */
	char *text = NULL;
	size_t size = 0;
	errno = 0;
	ssize_t length = getdelim(&text, &size, '\0', file);
	int r = 0;
	if (length < 0) {
		r = ferror(file) && errno > 0 ? -errno : -ENODATA;
	}
	fclose(file);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}
