/* SPDX-License-Identifier: MIT */
/* Sets up what a process inherits, descriptors and signals, as this program needs it. */
#ifndef TCPGOON_CLI_SURROUNDINGS_H
#define TCPGOON_CLI_SURROUNDINGS_H

#include <stdbool.h>

#include "tcpgoon/base/error.h"

/*
 * Call once, before anything else. Returns 0, or a negative errno with a message, though there may
 * be no descriptor to print it to.
 */
int surroundings_settle(struct error *error);

/* True if standard descriptor `fd` was closed when the program started. */
bool surroundings_was_closed(int fd);

/*
 * Calls a function, which must be async-signal-safe, before a signal ends the process; NULL: none.
 */
void surroundings_before_leaving(void (*function)(void));

/*
 * Ends the process as the default action of signal `number` does, so that the parent sees why.
 * Async-signal-safe.
 */
void surroundings_leave(int number) __attribute__((noreturn));

/*
 * From now on the first SIGINT, SIGTERM or SIGHUP makes the returned descriptor readable, and the
 * second ends the process. `stopped`: the first has already come. Returns -1 if no descriptor can
 * be had: then the first ends the process.
 */
int surroundings_stop_fd(bool stopped);

#endif
