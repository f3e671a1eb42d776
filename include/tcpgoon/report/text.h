/* SPDX-License-Identifier: MIT */
/* The report as the Go program printed it, line by line: scripts read it. */
#ifndef TCPGOON_REPORT_TEXT_H
#define TCPGOON_REPORT_TEXT_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_text;

#endif
