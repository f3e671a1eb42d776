/* SPDX-License-Identifier: MIT */
/* What was dialled, in a word for people. */
#ifndef TCPGOON_REPORT_TARGET_H
#define TCPGOON_REPORT_TARGET_H

#include <stdio.h>

#include "tcpgoon/result/result.h"

/*
 * Writes "host:80", "host(192.0.2.1):80" or "[::1]:80": the address only where it adds something.
 * Where nothing was dialled, the host alone as it was given. Escaped for display.
 */
void target_write(FILE *out, const struct result *result);

/* The same as a string, which the caller frees; NULL where memory is short. */
char *target_text(const struct result *result);

#endif
