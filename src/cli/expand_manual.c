/* SPDX-License-Identifier: MIT */
/* A tool of the build: the man page's source with the options in their place. */
#include <stdio.h>

#include "cli/manual.h"

int main(void)
{
	struct error error = ERROR_INIT;
	if (manual_expand(stdin, stdout, &error) < 0) {
		fprintf(stderr, "expand_manual: %s\n", error.text);
		return 1;
	}
	return 0;
}
