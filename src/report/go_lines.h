/* SPDX-License-Identifier: MIT */
/* The lines of the Go program, to the byte. */
#ifndef TCPGOON_REPORT_GO_LINES_H
#define TCPGOON_REPORT_GO_LINES_H

#include <stdio.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/result/snapshot.h"

/* "Total: 4, Dialing: 1, ..." */
void go_lines_status(FILE *out, const struct snapshot *snapshot);

/* The statistics, to the empty line that ends them. */
void go_lines_result(FILE *out, const struct result *result);

#endif
