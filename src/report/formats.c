/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/formats.h"

#include <stddef.h>

#include "report/connection_lines.h"
#include "report/csv.h"
#include "report/hlog.h"
#include "report/html.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/markdown.h"
#include "report/ndjson.h"
#include "report/openmetrics.h"
#include "report/otlp.h"

const struct report_ops *const report_formats[] = {
	&report_json,
	&report_ndjson,
	&report_csv,
	&report_junit,
	&report_connections,
	&report_hlog,
	&report_openmetrics,
	&report_markdown,
	&report_otlp,
	&report_html,
	NULL,
};

const char *report_format_name_at(size_t index)
{
	const size_t count = sizeof(report_formats) / sizeof(report_formats[0]) - 1;
	return index < count ? report_formats[index]->name : NULL;
}
