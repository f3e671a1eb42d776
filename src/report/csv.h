/* SPDX-License-Identifier: MIT */
/* The counts over time as a table: CSV, one line a sample of the series. */
#ifndef TCPGOON_REPORT_CSV_H
#define TCPGOON_REPORT_CSV_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_csv;

#endif
