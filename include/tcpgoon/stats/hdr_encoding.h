/* SPDX-License-Identifier: MIT */
/* HdrHistogram's V2 encoding of histograms, as in .hlog files, for its tools. */
#ifndef TCPGOON_STATS_HDR_ENCODING_H
#define TCPGOON_STATS_HDR_ENCODING_H

#include <stddef.h>
#include <stdint.h>

#include "tcpgoon/base/error.h"
#include "tcpgoon/stats/histogram.h"

/*
 * Makes the uncompressed V2 payload: a header of 40 bytes, then the counts as ZigZag LEB128.
 * The caller frees *ret_payload. Returns 0, -ENOMEM or -EOVERFLOW (a count beyond 63 bits).
 */
int histogram_encode_payload(
	const struct histogram *histogram, uint8_t **ret_payload, size_t *ret_length);

/*
 * Makes the compressed form, in base64: "HISTFAAA...".
 * The caller frees *ret_text. Returns as above.
 */
int histogram_encode(const struct histogram *histogram, char **ret_text);

/*
 * Replaces the contents of an initialised histogram with what histogram_encode(), or another V2
 * encoder, wrote; on failure leaves it untouched. The counts are exact. Minimum, maximum and sums
 * are not part of the encoding: they are derived from the slots (their ends and middles). To have
 * them exact, store them separately. Returns 0, -ENOMEM, -EINVAL (not such a text, or damaged) or
 * -EOPNOTSUPP (another version or layout: lowest value other than 1, not 3 digits, values above
 * ours).
 */
int histogram_decode(struct histogram *histogram, const char *text, struct error *error);

#endif
