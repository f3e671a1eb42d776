/* SPDX-License-Identifier: MIT */
/* The formats of -o FORMAT=PATH: a new one is a file of its own and a row in this list. */
#ifndef TCPGOON_REPORT_FORMATS_H
#define TCPGOON_REPORT_FORMATS_H

#include "tcpgoon/report/report.h"

/* Ends with NULL. */
extern const struct report_ops *const report_formats[];

#endif
