/* SPDX-License-Identifier: MIT */
/* What a process inherits, set as this program needs it: descriptors, signals. */
#ifndef TCPGOON_CLI_SURROUNDINGS_H
#define TCPGOON_CLI_SURROUNDINGS_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"

/*
 * Once, before anything else. Returns 0 or a negative errno with a message, which there may be no
 * descriptor to say on.
 */
int surroundings_settle(struct error *error);

/* Whether standard descriptor `fd` was closed when the program was started. */
bool surroundings_was_closed(int fd);

/*
 * Ends the process as signal `number` does whose action is the default, so that the parent sees
 * why. Async-signal-safe.
 */
void surroundings_leave(int number) __attribute__((noreturn));

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP makes the descriptor that is returned readable,
 * and the second ends the process. `stopped`: the first has been. Returns -1 where there is no
 * descriptor to be had: then the first ends the process.
 */
int surroundings_stop_fd(bool stopped);

#endif
