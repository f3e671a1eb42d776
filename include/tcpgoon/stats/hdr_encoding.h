/* SPDX-License-Identifier: MIT */
/* Histograms as HdrHistogram's V2 encoding: what .hlog files hold and its tools read. */
#ifndef TCPGOON_STATS_HDR_ENCODING_H
#define TCPGOON_STATS_HDR_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/stats/histogram.h"

/*
 * The V2 payload, not compressed: a header of 40 bytes, then the counts as ZigZag LEB128.
 * The caller frees *ret_payload. Returns 0, -ENOMEM or -EOVERFLOW (a count beyond 63 bits).
 */
int histogram_encode_payload(
	const struct histogram *histogram, uint8_t **ret_payload, size_t *ret_length);

/*
 * The payload deflated, behind the header of the compressed form, as base64: "HISTFAAA...".
 * The caller frees *ret_text. Returns as above.
 */
int histogram_encode(const struct histogram *histogram, char **ret_text);

/*
 * Replaces the contents of an initialised histogram by what histogram_encode, or another V2
 * encoder, wrote; untouched on failure. The counts come back exactly. Minimum, maximum and sums are
 * not part of the encoding: they are taken from the slots (their ends, their middles), so who wants
 * them exact stores them beside.
 * Returns 0, -ENOMEM, -EINVAL (not such a text, or damaged) or -EOPNOTSUPP (another version or
 * layout: lowest value other than 1, not 3 digits, values above ours).
 */
int histogram_decode(struct histogram *histogram, const char *text, struct error *error);

#endif
