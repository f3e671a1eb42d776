/* SPDX-License-Identifier: MIT */
/* What the page of the format html shows. */
#ifndef TCPGOON_REPORT_PAGE_DATA_H
#define TCPGOON_REPORT_PAGE_DATA_H

#include <jansson.h>
#include <stddef.h>

#include "tcpgoon/report/report.h"

/*
 * The JSON report of each part with the curves of its times, the verdict on all, and the tables
 * that name the members: NULL where memory is short.
 */
json_t *page_data_make(
	const struct report_part *parts, size_t count, const struct verdict *verdict);

#endif
