/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/surroundings.h"

int main(int argc, char **argv)
{
	struct error error = ERROR_INIT;
	if (surroundings_settle(&error) < 0) {
		return command_fail(&error);
	}
	/* Line by line even into a pipe: scripts read lines as they come. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	int status = commands_dispatch(argc, argv, environ);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		/* A partial result must not look like a complete one. */
		error_set(&error, -EIO, "standard output could not be written%s",
			surroundings_was_closed(STDOUT_FILENO) ? ": it was closed at the start"
							       : "");
		return command_fail(&error);
	}
	return status;
}
