/* SPDX-License-Identifier: MIT */
/* The result as OpenTelemetry's metrics, for a collector's file receiver. */
#ifndef TCPGOON_REPORT_OTLP_H
#define TCPGOON_REPORT_OTLP_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_otlp;

#endif
