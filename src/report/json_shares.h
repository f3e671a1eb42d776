/* SPDX-License-Identifier: MIT */
/* The shares that thresholds may ask for, each with its 95% interval, in the JSON report. */
#ifndef TCPGOON_REPORT_JSON_SHARES_H
#define TCPGOON_REPORT_JSON_SHARES_H

#include <jansson.h>

#include "tcpgoon/result/result.h"

/* An object with a member for each metric that is a count of connections; NULL: memory is short. */
json_t *json_shares_make(const struct result *result);

#endif
