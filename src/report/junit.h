/* SPDX-License-Identifier: MIT */
/* Thresholds and verdict as JUnit's test cases, for a CI. */
#ifndef TCPGOON_REPORT_JUNIT_H
#define TCPGOON_REPORT_JUNIT_H

#include "tcpgoon/report/report.h"

extern const struct report_ops report_junit;

#endif
