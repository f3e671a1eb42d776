/* SPDX-License-Identifier: MIT */
/* Lines made to fit where there is room for so many bytes. */
#ifndef TCPGOON_REPORT_FIT_H
#define TCPGOON_REPORT_FIT_H

#include <stddef.h>

/* What GitHub takes as the summary of a step, and what a Markdown report has at most. */
#define FIT_SUMMARY_MAX ((size_t)1 << 20)

/*
 * Cuts the text to at most `room` bytes, behind a whole line, and says so in a last one. Returns
 * the new length, which is 0 if not even that line fits.
 */
size_t fit_lines(char *text, size_t length, size_t room);

#endif
