/* SPDX-License-Identifier: MIT */
/* The report for programs: JSON as src/report/tcpgoon-result-2.schema.json describes it. */
#ifndef TCPGOON_REPORT_JSON_H
#define TCPGOON_REPORT_JSON_H

#include <jansson.h>

#include "tcpgoon/report/report.h"

#define REPORT_JSON_SCHEMA "tcpgoon-result/2"

extern const struct report_ops report_json;

/* Parts of it, for formats that are JSON too; NULL where memory is short. */
json_t *json_make_report(const struct result *result, const struct verdict *verdict);
json_t *json_make_tool(void);
json_t *json_make_settings(const struct result *result);

/* Enough digits for what is computed; what is measured is a whole number. */
#define JSON_REAL_DIGITS 15

#endif
