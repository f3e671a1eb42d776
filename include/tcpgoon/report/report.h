/* SPDX-License-Identifier: MIT */
/* The one interface of all report formats: each is a file with a `const struct report_ops`. */
#ifndef TCPGOON_REPORT_REPORT_H
#define TCPGOON_REPORT_REPORT_H

#include <stdio.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"
#include "tcpgoon/verdict/verdict.h"

/* Each writes to `out` and returns 0, or -EIO where it could not be written. */
struct report_ops {
	const char *name;
	/* A status line while the run goes on; NULL where the format has none. */
	int (*tick)(FILE *out, const struct snapshot *snapshot);
	/* The whole result, once. */
	int (*final)(FILE *out, const struct result *result, const struct verdict *verdict);
};

/*
 * The whole result in memory, which is the caller's: free(). Returns 0, -ENOMEM or what the format
 * failed with.
 */
int report_render(const struct report_ops *format, const struct result *result,
	const struct verdict *verdict, char **ret_text, size_t *ret_length);

#endif
