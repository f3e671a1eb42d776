/* SPDX-License-Identifier: MIT */
/* Whether two samples, or two ratios, differ by more than chance. */
#ifndef TCPGOON_STATS_TWO_SAMPLES_H
#define TCPGOON_STATS_TWO_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The two-sided p of Mann and Whitney's U: how often two samples of these sizes from one
 * distribution, whichever it is, are at least as far apart. Up to TWO_SAMPLES_EXACT_MAX values of
 * both together it is exact, with ties as they are; above, the normal approximation with its
 * corrections for ties and continuity. 1 if one sample is empty. Returns 0 or -ENOMEM.
 */
int two_samples_u(const double *a, size_t a_count, const double *b, size_t b_count, double *ret_p);

#define TWO_SAMPLES_EXACT_MAX 50

/* The least p that samples of these sizes can have: 2 of all ways to part them. */
double two_samples_u_least(size_t a_count, size_t b_count);

/*
 * The two-sided p of Fisher's exact test: how often, if `a_part` of `a_whole` and `b_part` of
 * `b_whole` are of one ratio, a table that is no more likely than this one comes about. Beyond a
 * million of the rarer outcome in either, the normal approximation. A part is at most its whole.
 */
double two_samples_fisher(uint64_t a_part, uint64_t a_whole, uint64_t b_part, uint64_t b_whole);

#endif
