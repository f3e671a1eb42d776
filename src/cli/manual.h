/* SPDX-License-Identifier: MIT */
/* Generates the parts of the man page that come from tables. */
#ifndef TCPGOON_CLI_MANUAL_H
#define TCPGOON_CLI_MANUAL_H

#include <stdio.h>

#include "tcpgoon/base/error.h"

/*
 * Copies a page written for scdoc. A line "@options COMMAND@" becomes the options of that command;
 * "@causes@", "@examples@", "@findings@", "@metrics@", "@operators@" and "@statistics@" become the
 * tables of that name. Returns 0, -EINVAL (no such command or table) or -EIO, with a message.
 */
int manual_expand(FILE *in, FILE *out, struct error *error);

#endif
