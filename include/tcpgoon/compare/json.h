/* SPDX-License-Identifier: MIT */
/* A comparison as JSON, which follows tcpgoon-comparison-1.schema.json. */
#ifndef TCPGOON_COMPARE_JSON_H
#define TCPGOON_COMPARE_JSON_H

#include "tcpgoon/compare/comparison.h"
#include "tcpgoon/report/report.h"

#define COMPARE_JSON_SCHEMA "tcpgoon-comparison/1"

/* The result and the verdict that it is given say nothing to it. */
extern const struct report_ops compare_json;

/* What a report of this format tells; it must outlive the report. Returns 0 or -ENOMEM. */
int compare_json_begin(struct report *report, const struct comparison *comparison);

#endif
