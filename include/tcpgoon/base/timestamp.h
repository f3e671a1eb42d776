/* SPDX-License-Identifier: MIT */
/* Instants of the wall clock as people write them. */
#ifndef TCPGOON_BASE_TIMESTAMP_H
#define TCPGOON_BASE_TIMESTAMP_H

#include <stdint.h>

#include "tcpgoon/base/error.h"

/*
 * Parses RFC 3339 with its offset ("2026-11-25T19:00:00.250+01:00", "...Z") or seconds since the
 * epoch ("1795633200.25"); digits beyond nanoseconds are refused. Returns 0, or -EINVAL with a
 * message that quotes the text.
 */
int timestamp_parse(const char *text, uint64_t *ret_ns, struct error *error);

/* "2026-11-25T18:00:00.250Z". Returns `buffer`. */
#define TIMESTAMP_TEXT_MAX 48
char *timestamp_format(uint64_t ns, char buffer[TIMESTAMP_TEXT_MAX]);

#endif
