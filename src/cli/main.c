/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "tcpgoon/cli/command.h"

int main(int argc, char **argv)
{
	/* By lines also into a pipe: scripts read them as they come. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	int status = command_dispatch(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		/* Half a result must not look like a whole one. */
		struct error error;
		error_set(&error, -EIO, "standard output could not be written");
		return command_fail(&error);
	}
	return status;
}
