/* SPDX-License-Identifier: MIT */
/* Times in the JSON report: what people ask of a histogram, and all of it to be read back. */
#ifndef TCPGOON_REPORT_JSON_TIMES_H
#define TCPGOON_REPORT_JSON_TIMES_H

#include <jansson.h>

#include "report/json_field.h"
#include "tcpgoon/stats/histogram.h"

/* Count and statistics. Of an empty one, what it has not is null. */
json_t *json_times_make_summary(const struct histogram *histogram);

/* Count, moments, percentiles and all values encoded. Of an empty one, what it has not is null. */
json_t *json_times_make(const struct histogram *histogram);

/* Into an initialised histogram. Returns 0, -EINVAL or -ENOMEM with a message. */
int json_times_read(struct histogram *histogram, const json_t *object, struct json_place *place);

#endif
