/* SPDX-License-Identifier: MIT */
/* The report for programs: JSON as src/report/tcpgoon-result-2.schema.json describes it. */
#ifndef TCPGOON_REPORT_JSON_H
#define TCPGOON_REPORT_JSON_H

#include "tcpgoon/report/report.h"

#define REPORT_JSON_SCHEMA "tcpgoon-result/2"

extern const struct report_ops report_json;

#endif
