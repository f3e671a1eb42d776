/* SPDX-License-Identifier: MIT */
/* Scripts that complete the command line in a shell, generated from the tables. */
#ifndef TCPGOON_CLI_COMPLETION_H
#define TCPGOON_CLI_COMPLETION_H

#include <stdio.h>

#include "tcpgoon/base/error.h"

/* The names of the shells; ends with NULL. */
extern const char *const completion_shells[];

/* `shell` is one of them. Returns 0, or -EINVAL with a message. */
int completion_print(FILE *out, const char *shell, struct error *error);

#endif
