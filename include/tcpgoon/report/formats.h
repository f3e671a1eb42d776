/* SPDX-License-Identifier: MIT */
/* The formats of -o FORMAT=PATH: a new one is a file of its own and a row in this list. */
#ifndef TCPGOON_REPORT_FORMATS_H
#define TCPGOON_REPORT_FORMATS_H

#include <stddef.h>

#include "tcpgoon/report/report.h"

/* Ends with NULL. */
extern const struct report_ops *const report_formats[];

/* "json"; NULL beyond the last. */
const char *report_format_name_at(size_t index);

#endif
