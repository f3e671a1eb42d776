/* SPDX-License-Identifier: MIT */
/* The run as it goes: a JSON object a line, as tcpgoon-lines-1.schema.json describes them. */
#ifndef TCPGOON_REPORT_NDJSON_H
#define TCPGOON_REPORT_NDJSON_H

#include "tcpgoon/report/report.h"

#define REPORT_NDJSON_SCHEMA "tcpgoon-lines/1"

extern const struct report_ops report_ndjson;

#endif
