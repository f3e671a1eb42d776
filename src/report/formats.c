/* SPDX-License-Identifier: MIT */
#include "tcpgoon/report/formats.h"

#include <stddef.h>

#include "report/json.h"

const struct report_ops *const report_formats[] = {
	&report_json,
	NULL,
};
