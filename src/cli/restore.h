/* SPDX-License-Identifier: MIT */
/* Gives the terminal back as it was, however the process ends or stops. */
#ifndef TCPGOON_CLI_RESTORE_H
#define TCPGOON_CLI_RESTORE_H

#include <stdbool.h>

/* What shows the cursor again and ends any attribute. */
#define RESTORE_SEQUENCE "\033[0m\033[?25h"

/*
 * From now on a signal that ends the process (also a crash) or stops it (^Z) gives the terminal back
 * first. `fd`: that of the terminal, or of what records it.
 */
void restore_arm(int fd);
void restore_disarm(void);

/*
 * There are so many rows below the cursor, and what comes next should come below them; the cursor is
 * hidden. -1: there is nothing to give back.
 */
void restore_set_rows(int rows);

/* Whether the process was stopped, and its terminal given back, since this was last asked. */
bool restore_was_stopped(void);

#endif
