/* SPDX-License-Identifier: MIT */
/* A build tool: fills the options and tables into the source of the man page. */
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
