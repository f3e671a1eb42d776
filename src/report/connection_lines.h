/* SPDX-License-Identifier: MIT */
/* Each connection of the run as a line of CSV. */
#ifndef TCPGOON_REPORT_CONNECTION_LINES_H
#define TCPGOON_REPORT_CONNECTION_LINES_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_connections;

#endif
