/* SPDX-License-Identifier: MIT */
/*
 * The V2 encoding, every number big-endian:
 *
 *   compressed form        payload
 *    0  cookie 0x1c849314    0  cookie 0x1c849313
 *    4  length of the rest   4  length of the counts
 *    8  zlib stream          8  normalizing index offset: 0
 *                           12  significant digits
 *                           16  lowest discernible value, 64 bits
 *                           24  highest trackable value, 64 bits
 *                           32  integer to double conversion ratio: 1.0, 64 bits
 *                           40  counts
 *
 * A count is ZigZag LEB128 of 64 bits, where the ninth byte carries eight bits, so that nine are
 * enough. A negative number means that many slots of zero; slots after that of the maximum are left
 * out. The slot of a value depends only on the lowest value and the digits, so encodings with
 * another highest value decode too, if their counts stay within our slots.
 */
#include "tcpgoon/stats/hdr_encoding.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tcpgoon/base/cleanup.h"

#define PAYLOAD_COOKIE UINT32_C(0x1c849303)
#define COMPRESSED_COOKIE UINT32_C(0x1c849304)
/* The word size of older versions; V2 writes 1 and ignores it. */
#define COOKIE_WORD_SIZE UINT32_C(0x10)
#define COOKIE_WORD_MASK UINT32_C(0xf0)

#define PAYLOAD_HEADER 40
#define COMPRESSED_HEADER 8
#define LEB128_MAX 9
#define PAYLOAD_MAX (PAYLOAD_HEADER + LEB128_MAX * HISTOGRAM_COUNTS_LENGTH)

/* 1.0 as IEEE 754 double. */
#define CONVERSION_RATIO_ONE UINT64_C(0x3ff0000000000000)

static void put_u32(uint8_t *out, uint32_t value)
{
	value = htobe32(value);
	memcpy(out, &value, sizeof(value));
}

static void put_u64(uint8_t *out, uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
}

static uint32_t get_u32(const uint8_t *in)
{
	uint32_t value;
	memcpy(&value, in, sizeof(value));
	return be32toh(value);
}

static uint64_t get_u64(const uint8_t *in)
{
	uint64_t value;
	memcpy(&value, in, sizeof(value));
	return be64toh(value);
}

/* Returns how many bytes it took. */
static size_t put_zigzag(uint8_t *out, int64_t number)
{
	uint64_t value = ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
	size_t used = 0;
	while (value >= 0x80 && used < LEB128_MAX - 1) {
		out[used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[used++] = (uint8_t)value;
	return used;
}

/* Returns how many bytes it took, or 0 if they end within the number. */
static size_t get_zigzag(const uint8_t *in, size_t length, int64_t *ret_number)
{
	uint64_t value = 0;
	for (size_t i = 0; i < length; i++) {
		bool last_possible = i == LEB128_MAX - 1;
		uint64_t bits = last_possible ? in[i] : in[i] & 0x7f;
		value |= bits << (7 * i);
		if (last_possible || (in[i] & 0x80) == 0) {
			*ret_number = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
			return i + 1;
		}
	}
	return 0;
}

int histogram_encode_payload(
	const struct histogram *histogram, uint8_t **ret_payload, size_t *ret_length)
{
	size_t slots = histogram_slot(histogram->max_us) + 1;
	CLEANUP(cleanup_free) uint8_t *payload = malloc(PAYLOAD_HEADER + LEB128_MAX * slots);
	if (payload == NULL) {
		return -ENOMEM;
	}
	size_t length = PAYLOAD_HEADER;
	for (size_t i = 0; i < slots;) {
		if (histogram->counts[i] > INT64_MAX) {
			return -EOVERFLOW;
		}
		int64_t number = (int64_t)histogram->counts[i];
		i++;
		if (number == 0) {
			number = -1;
			for (; i < slots && histogram->counts[i] == 0; i++) {
				number--;
			}
		}
		length += put_zigzag(payload + length, number);
	}
	put_u32(payload, PAYLOAD_COOKIE | COOKIE_WORD_SIZE);
	put_u32(payload + 4, (uint32_t)(length - PAYLOAD_HEADER));
	put_u32(payload + 8, 0);
	put_u32(payload + 12, HISTOGRAM_SIGNIFICANT_DIGITS);
	put_u64(payload + 16, 1);
	put_u64(payload + 24, HISTOGRAM_HIGHEST_US);
	put_u64(payload + 32, CONVERSION_RATIO_ONE);
	*ret_payload = cleanup_take(&payload);
	*ret_length = length;
	return 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *base64_encode(const uint8_t *data, size_t length)
{
	char *text = malloc((length + 2) / 3 * 4 + 1);
	if (text == NULL) {
		return NULL;
	}
	char *out = text;
	for (size_t i = 0; i < length; i += 3) {
		size_t bytes = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)data[i] << 16;
		group |= bytes > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		group |= bytes > 2 ? (uint32_t)data[i + 2] : 0;
		*out++ = base64_digits[group >> 18];
		*out++ = base64_digits[group >> 12 & 63];
		*out++ = bytes > 1 ? base64_digits[group >> 6 & 63] : '=';
		*out++ = bytes > 2 ? base64_digits[group & 63] : '=';
	}
	*out = '\0';
	return text;
}

/* Returns 0, -ENOMEM or -EINVAL; strict: padded, without blanks or line ends. */
static int base64_decode(const char *text, uint8_t **ret_data, size_t *ret_length)
{
	size_t digits = strspn(text, base64_digits);
	size_t padding = strspn(text + digits, "=");
	if (text[digits + padding] != '\0' || (digits + padding) % 4 != 0 || padding > 2) {
		return -EINVAL;
	}
	uint8_t *data = malloc(digits / 4 * 3 + 3);
	if (data == NULL) {
		return -ENOMEM;
	}
	size_t length = 0;
	uint32_t bits = 0;
	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 | (uint32_t)(strchr(base64_digits, text[i]) - base64_digits);
		if (i % 4 != 0) {
			data[length++] = (uint8_t)(bits >> (6 - i % 4 * 2));
		}
	}
	*ret_data = data;
	*ret_length = length;
	return 0;
}

int histogram_encode(const struct histogram *histogram, char **ret_text)
{
	CLEANUP(cleanup_free) uint8_t *payload = NULL;
	size_t length = 0;
	int r = histogram_encode_payload(histogram, &payload, &length);
	if (r < 0) {
		return r;
	}
	uLongf deflated = compressBound(length);
	CLEANUP(cleanup_free) uint8_t *compressed = malloc(COMPRESSED_HEADER + deflated);
	/* There is room for compressBound(), so only lack of memory can make it fail. */
	if (compressed == NULL ||
		compress(compressed + COMPRESSED_HEADER, &deflated, payload, length) != Z_OK) {
		return -ENOMEM;
	}
	put_u32(compressed, COMPRESSED_COOKIE | COOKIE_WORD_SIZE);
	put_u32(compressed + 4, (uint32_t)deflated);
	char *text = base64_encode(compressed, COMPRESSED_HEADER + deflated);
	if (text == NULL) {
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}

/* Adds `count` values that were in `slot` to a histogram that is being rebuilt. */
static int restore_slot(struct histogram *histogram, size_t slot, uint64_t count)
{
	uint64_t lowest = histogram_slot_lowest_us(slot);
	uint64_t highest = histogram_slot_highest_us(slot);
	uint64_t middle = lowest + (highest - lowest + 1) / 2;
	uint128 squares;
	uint64_t all;
	if (__builtin_mul_overflow((uint128)middle * middle, count, &squares) ||
		__builtin_add_overflow(histogram->sum_squares_us2, squares, &squares) ||
		__builtin_add_overflow(histogram->count, count, &all)) {
		return -EINVAL;
	}
	histogram->counts[slot] = count;
	histogram->count = all;
	histogram->sum_us += (uint128)middle * count;
	histogram->sum_squares_us2 = squares;
	if (lowest < histogram->min_us) {
		histogram->min_us = lowest;
	}
	histogram->max_us = highest;
	return 0;
}

static int decode_counts(
	struct histogram *histogram, const uint8_t *data, size_t length, struct error *error)
{
	size_t slot = 0;
	while (length > 0) {
		int64_t number;
		size_t used = get_zigzag(data, length, &number);
		if (used == 0) {
			return error_set(error, -EINVAL, "the histogram's counts are cut off");
		}
		data += used;
		length -= used;
		/*
		 * If a run of zeros is longer than all slots, it only matters that it is too long.
		 */
		uint64_t slots = number < 0 ? -(uint64_t)number : 1;
		if (slots > HISTOGRAM_COUNTS_LENGTH - slot) {
			return error_set(error, -EOPNOTSUPP,
				"the histogram reaches above %d slots of 3 significant digits",
				HISTOGRAM_COUNTS_LENGTH);
		}
		if (number > 0 && restore_slot(histogram, slot, (uint64_t)number) < 0) {
			return error_set(error, -EINVAL, "the histogram's counts are absurd");
		}
		slot += slots;
	}
	return 0;
}

static int decode_payload(
	struct histogram *histogram, const uint8_t *payload, size_t length, struct error *error)
{
	if (length < PAYLOAD_HEADER || (get_u32(payload) & ~COOKIE_WORD_MASK) != PAYLOAD_COOKIE ||
		get_u32(payload + 4) != length - PAYLOAD_HEADER) {
		return error_set(error, -EINVAL, "not a V2 payload of HdrHistogram");
	}
	if (get_u32(payload + 8) != 0 || get_u32(payload + 12) != HISTOGRAM_SIGNIFICANT_DIGITS ||
		get_u64(payload + 16) != 1 || get_u64(payload + 32) != CONVERSION_RATIO_ONE) {
		return error_set(error, -EOPNOTSUPP,
			"a histogram of another layout: expected lowest value 1, %d significant "
			"digits, whole numbers",
			HISTOGRAM_SIGNIFICANT_DIGITS);
	}
	return decode_counts(histogram, payload + PAYLOAD_HEADER, length - PAYLOAD_HEADER, error);
}

/* Extracts the payload from the compressed form. The caller frees *ret_payload. */
static int inflate_payload(const uint8_t *compressed, size_t length, uint8_t **ret_payload,
	size_t *ret_length, struct error *error)
{
	if (length < COMPRESSED_HEADER) {
		return error_set(error, -EINVAL, "too short for a histogram");
	}
	if ((get_u32(compressed) & ~COOKIE_WORD_MASK) != COMPRESSED_COOKIE) {
		return error_set(error, -EOPNOTSUPP,
			"not a compressed V2 histogram, which begins with HISTFAAA");
	}
	if (get_u32(compressed + 4) != length - COMPRESSED_HEADER) {
		return error_set(error, -EINVAL,
			"the histogram has %zu bytes where its header says %u",
			length - COMPRESSED_HEADER, get_u32(compressed + 4));
	}
	/* No more than a full histogram of ours: a decompression bomb is rejected as too large. */
	CLEANUP(cleanup_free) uint8_t *payload = malloc(PAYLOAD_MAX);
	if (payload == NULL) {
		return error_set(error, -ENOMEM, "out of memory");
	}
	uLongf inflated = PAYLOAD_MAX;
	int z = uncompress(
		payload, &inflated, compressed + COMPRESSED_HEADER, length - COMPRESSED_HEADER);
	if (z != Z_OK) {
		return z == Z_MEM_ERROR
			? error_set(error, -ENOMEM, "out of memory")
			: error_set(error, -EINVAL, "the histogram does not inflate");
	}
	*ret_payload = cleanup_take(&payload);
	*ret_length = inflated;
	return 0;
}

int histogram_decode(struct histogram *histogram, const char *text, struct error *error)
{
	CLEANUP(cleanup_free) uint8_t *compressed = NULL;
	CLEANUP(cleanup_free) uint8_t *payload = NULL;
	CLEANUP(histogram_finish) struct histogram decoded = HISTOGRAM_INIT;
	size_t compressed_length = 0;
	int r = base64_decode(text, &compressed, &compressed_length);
	if (r < 0) {
		return error_set(error, r, r == -ENOMEM ? "out of memory" : "not base64");
	}
	size_t length = 0;
	r = inflate_payload(compressed, compressed_length, &payload, &length, error);
	if (r < 0) {
		return r;
	}
	r = histogram_init(&decoded);
	if (r < 0) {
		return error_set(error, r, "out of memory");
	}
	r = decode_payload(&decoded, payload, length, error);
	if (r < 0) {
		return r;
	}
	histogram_finish(histogram);
	*histogram = decoded;
	decoded.counts = NULL; /* `histogram` owns them now */
	return 0;
}
