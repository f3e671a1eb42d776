/* SPDX-License-Identifier: MIT */
/* The parts of the man page that are made from the tables. */
#ifndef TCPGOON_CLI_MANUAL_H
#define TCPGOON_CLI_MANUAL_H

#include <stdio.h>

#include "tcpgoon/base/error.h"

/*
 * Copies a page in scdoc's language. A line "@options COMMAND@" becomes the options of that
 * command; a line "@causes@", "@findings@", "@metrics@", "@operators@" or "@statistics@" what the
 * program has of these. Returns 0, -EINVAL (no such command or table) or -EIO, with a message.
 */
int manual_expand(FILE *in, FILE *out, struct error *error);

#endif
