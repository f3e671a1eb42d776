/* SPDX-License-Identifier: MIT */
/* The times as HdrHistogram's log, for its tools. */
#ifndef TCPGOON_REPORT_HLOG_H
#define TCPGOON_REPORT_HLOG_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_hlog;

#endif
