/* SPDX-License-Identifier: MIT */
/* What a result means: a pure function to the exit status. */
#ifndef TCPGOON_VERDICT_VERDICT_H
#define TCPGOON_VERDICT_VERDICT_H

#include "tcpgoon/result/result.h"

/* Documented in the man page and the README; scripts rely on them. */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_INCOMPLETE = 1, /* interrupted, not confirmed, wrong usage, could not work */
	EXIT_STATUS_FAILURES = 2, /* connections failed, or were dropped while held */
	EXIT_STATUS_LOCAL_LIMIT = 4, /* this machine cannot do what was asked */
};

enum exit_status verdict_exit_status(const struct result *result);

#endif
