/* SPDX-License-Identifier: MIT */
/* A summary in GitHub's Markdown. */
#ifndef TCPGOON_REPORT_MARKDOWN_H
#define TCPGOON_REPORT_MARKDOWN_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_markdown;

#endif
