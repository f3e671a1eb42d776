/* SPDX-License-Identifier: MIT */
/*
 * The exit statuses: scripts rely on them. The help, the man page and the README have this table.
 */
#ifndef TCPGOON_VERDICT_EXIT_STATUS_H
#define TCPGOON_VERDICT_EXIT_STATUS_H

#include <stdbool.h>

enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_INCOMPLETE = 1,
	EXIT_STATUS_FAILURES = 2,
	EXIT_STATUS_THRESHOLD = 3,
	EXIT_STATUS_LOCAL_LIMIT = 4,
	EXIT_STATUSES,
};

/* In a line: the end of a sentence, without a full stop. */
const char *exit_status_summary(enum exit_status status);

/* In sentences. */
const char *exit_status_meaning(enum exit_status status);

/* Whether `status` wins where both apply. */
bool exit_status_outweighs(enum exit_status status, enum exit_status other);

/* The one that wins over all but `rank` others; those of ranks 0, 1, ... are their order. */
enum exit_status exit_status_of_rank(int rank);

#endif
