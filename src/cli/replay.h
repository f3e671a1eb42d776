/* SPDX-License-Identifier: MIT */
/* The samples of a stored result, told as if its run were going on. */
#ifndef TCPGOON_CLI_REPLAY_H
#define TCPGOON_CLI_REPLAY_H

#include "tcpgoon/base/error.h"
#include "tcpgoon/report/report.h"

/*
 * Begins the report, unless it has been, and gives it each sample of the series. Returns 0, or
 * -ENOMEM with a message.
 */
int replay(struct report *report, const struct result *result, struct error *error);

#endif
