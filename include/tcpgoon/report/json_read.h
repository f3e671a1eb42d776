/* SPDX-License-Identifier: MIT */
/* A stored JSON report, read back into the result that it was written from. */
#ifndef TCPGOON_REPORT_JSON_READ_H
#define TCPGOON_REPORT_JSON_READ_H

#include <stddef.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/result/result.h"

/*
 * Reads what report_json wrote, without loss: the verdict on it is the same. `text` may be any
 * bytes. On success *ret_result is a result that the caller finishes; it must not be one that holds
 * anything, and is untouched on failure. Returns 0, -ENOMEM, or -EINVAL with a message that names
 * the member that is wrong.
 *
 * Verdict, thresholds and findings of the document are passed over: they can be had of the result.
 * So are members that are not known.
 */
int json_read(const char *text, size_t length, struct result *ret_result, struct error *error);

#endif
