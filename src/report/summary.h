/* SPDX-License-Identifier: MIT */
/* Our own report for people: what it comes to, why, and the numbers. */
#ifndef TCPGOON_REPORT_SUMMARY_H
#define TCPGOON_REPORT_SUMMARY_H

#include <stdio.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

void summary_print(FILE *out, const struct result *result, const struct verdict *verdict);
/* The same without the last line, of one of several results; and what follows the last of them. */
void summary_print_one(FILE *out, const struct result *result, const struct verdict *verdict);
void summary_print_status(FILE *out, const struct verdict *verdict); /* the last line */
void summary_print_all(FILE *out, size_t count, const struct verdict *verdict);

#endif
