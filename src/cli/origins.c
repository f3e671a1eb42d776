/* SPDX-License-Identifier: MIT */
/*
 * The sources of settings are read from the one that wins to the one that yields: the command line,
 * the environment, the file. Each sets only the options that none before it has set. So the values
 * of a repeatable option come from one source, and none has to be taken back.
 */
#include "cli/origins.h"

#include <stdlib.h>
#include <string.h>

struct kept_text {
	struct kept_text *next;
	char text[];
};

const char *origin_name(enum origin_kind kind)
{
	static const char *const names[ORIGIN_KINDS] = {
		[ORIGIN_DEFAULT] = "default",
		[ORIGIN_FILE] = "file",
		[ORIGIN_ENVIRONMENT] = "environment",
		[ORIGIN_COMMAND_LINE] = "command_line",
	};
	return names[kind];
}

char *origins_keep(struct origins *origins, const char *text, size_t length)
{
	struct kept_text *kept = malloc(sizeof(*kept) + length + 1);
	if (kept == NULL) {
		return NULL;
	}
	memcpy(kept->text, text, length);
	kept->text[length] = '\0';
	kept->next = origins->kept;
	origins->kept = kept;
	return kept->text;
}

void origins_finish(struct origins *origins)
{
	while (origins->kept != NULL) {
		struct kept_text *next = origins->kept->next;
		free(origins->kept);
		origins->kept = next;
	}
}
