/* SPDX-License-Identifier: MIT */
/* The figures and times as OpenMetrics, for the textfile collector of Prometheus' node_exporter. */
#ifndef TCPGOON_REPORT_OPENMETRICS_H
#define TCPGOON_REPORT_OPENMETRICS_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_openmetrics;

#endif
