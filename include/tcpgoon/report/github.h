/* SPDX-License-Identifier: MIT */
/* What a run in a step of GitHub Actions says in the form that GitHub reads. */
#ifndef TCPGOON_REPORT_GITHUB_H
#define TCPGOON_REPORT_GITHUB_H

#include <stdio.h>

#include "tcpgoon/result/result.h"
#include "tcpgoon/verdict/verdict.h"

/* GitHub shows that many of a step. */
#define GITHUB_ANNOTATIONS_MAX 10

/*
 * Writes the exit status, the thresholds that were not kept and the findings as annotations, a line
 * each, the first GITHUB_ANNOTATIONS_MAX of them. Nothing where all is well. `result` is NULL for a
 * verdict on several.
 */
void github_annotations_write(
	FILE *out, const struct result *result, const struct verdict *verdict);

#endif
