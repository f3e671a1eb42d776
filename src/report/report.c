/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/report.h"

#include <errno.h>
#include <stdlib.h>

int report_render(const struct report_ops *format, const struct result *result,
	const struct verdict *verdict, char **ret_text, size_t *ret_length)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	if (memory == NULL) {
		return -ENOMEM;
	}
	int r = format->final(memory, result, verdict);
	if (r == 0 && ferror(memory)) {
		r = -ENOMEM;
	}
	/* Where the last reallocation fails, fclose() may still return 0, without a buffer. */
	if ((fclose(memory) != 0 || text == NULL) && r == 0) {
		r = -ENOMEM;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}
