/* SPDX-License-Identifier: MIT */
#include "cli/confirm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tcpgoon/base/escape.h"

static void print_box(FILE *out, const struct settings *settings)
{
	fputs("****************************** WARNING ******************************\n"
	      "* You are going to run a TCP stress check with these arguments:\n"
	      "*	- Host: ",
		out);
	escape_write(out, settings->host);
	fputs("\n*	- TCP Port: ", out);
	escape_write(out, settings->ports);
	fprintf(out,
		"\n*	- # of concurrent connections: %" PRIu64 "\n"
		"*********************************************************************\n",
		settings->connections);
}

/* Strips blanks from both ends of a line, in place. */
static const char *trim(char *line)
{
	static const char blanks[] = " \t\r\n";
	char *begin = line + strspn(line, blanks);
	size_t length = strlen(begin);
	while (length > 0 && strchr(blanks, begin[length - 1]) != NULL) {
		length--;
	}
	begin[length] = '\0';
	return begin;
}

enum confirmation confirm_run(FILE *in, FILE *out, const struct settings *settings)
{
	print_box(out, settings);

	char *line = NULL;
	size_t size = 0;
	enum confirmation confirmation = CONFIRMATION_NONE;
	for (;;) {
		fputs("Do you want to continue? (y/N): ", out);
		fflush(out);
		ssize_t length = getline(&line, &size, in);
		if (length < 1 || line[length - 1] != '\n') {
			/* An unfinished line does not count either. */
			fputs("\nNot confirmed: the input ended without an answer\n", out);
			break;
		}
		const char *answer = trim(line);
		if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0) {
			confirmation = CONFIRMATION_GIVEN;
			break;
		}
		if (answer[0] == '\0' || strcasecmp(answer, "n") == 0 ||
			strcasecmp(answer, "no") == 0) {
			fputs("\n*** Execution aborted as prompted by the user ***\n", out);
			confirmation = CONFIRMATION_REFUSED;
			break;
		}
		fputs("\nSorry, response not recognized. Try again, please\n", out);
	}
	free(line);
	return confirmation;
}
