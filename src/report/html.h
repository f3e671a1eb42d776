/* SPDX-License-Identifier: MIT */
/* The report as one page for a browser, of one result or of several side by side. */
#ifndef TCPGOON_REPORT_HTML_H
#define TCPGOON_REPORT_HTML_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_html;

#endif
