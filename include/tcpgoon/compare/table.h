/* SPDX-License-Identifier: MIT */
/* A comparison as a table for people. */
#ifndef TCPGOON_COMPARE_TABLE_H
#define TCPGOON_COMPARE_TABLE_H

#include <stdio.h>

#include "tcpgoon/compare/comparison.h"

void table_print(FILE *out, const struct comparison *comparison, enum exit_status status);

#endif
