/* SPDX-License-Identifier: MIT */
/* What a run is doing, as a sentence for whoever waits. */
#ifndef TCPGOON_REPORT_PROGRESS_H
#define TCPGOON_REPORT_PROGRESS_H

#include "tcpgoon/result/event.h"

#define PROGRESS_MAX 160

/*
 * Writes "Holding 1,000 connections for 1m0s". Returns `buffer`, or NULL where it is not worth a
 * word.
 */
char *progress_describe(const struct event *event, char buffer[PROGRESS_MAX]);

#endif
