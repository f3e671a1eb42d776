/* SPDX-License-Identifier: MIT */
/* The report for people: the lines of the Go program, which scripts read, then our own. */
#ifndef TCPGOON_REPORT_TEXT_H
#define TCPGOON_REPORT_TEXT_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_text;
/* The same with annotations (report/github). */
extern const struct report_ops report_text_for_github;

#endif
