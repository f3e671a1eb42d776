/* SPDX-License-Identifier: MIT */
/*
 * The vectors here are made by hand from the published description of the V2 encoding: cookies,
 * the 40 bytes of header and the ZigZag LEB128 of each count are spelled out byte by byte. The
 * compressed ones are decoded from texts that zlib and base64 of another implementation (Python's)
 * made of such bytes.
 */
#include "tcpgoon/stats/hdr_encoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define ANOTHER_LAYOUT                                                                         \
	"a histogram of another layout: expected lowest value 1, 3 significant digits, whole " \
	"numbers"

/* clang-format off */
#define HEADER(length) \
	0x1c, 0x84, 0x93, 0x13,                         /* cookie: V2, word size 1 */ \
	0x00, 0x00, 0x00, (length),                     /* bytes of counts */ \
	0x00, 0x00, 0x00, 0x00,                         /* normalizing index offset */ \
	0x00, 0x00, 0x00, 0x03,                         /* significant digits */ \
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, /* lowest: 1 */ \
	0x00, 0x00, 0x39, 0x5d, 0x18, 0x27, 0xc0, 0x00, /* highest: two years of µs */ \
	0x3f, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  /* ratio: 1.0 */
/* clang-format on */

struct fixture {
	struct histogram histogram;
	struct histogram decoded;
};

static int setup(void **state)
{
	static struct fixture fixture;
	assert_int_equal(histogram_init(&fixture.histogram), 0);
	assert_int_equal(histogram_init(&fixture.decoded), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	histogram_finish(&fixture->histogram);
	histogram_finish(&fixture->decoded);
	return 0;
}

static void assert_payload(
	const struct histogram *histogram, const uint8_t *expected, size_t expected_length)
{
	uint8_t *payload = NULL;
	size_t length = 0;
	assert_int_equal(histogram_encode_payload(histogram, &payload, &length), 0);
	assert_int_equal(length, expected_length);
	assert_memory_equal(payload, expected, length);
	free(payload);
}

static void payloads_are_as_spelled_out(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *histogram = &fixture->histogram;

	/* Empty: slot 0 alone, a run of one zero: ZigZag(-1) = 1. */
	static const uint8_t empty[] = {HEADER(1), 0x01};
	assert_payload(histogram, empty, sizeof(empty));

	/* One value of 0: ZigZag(1) = 2. */
	histogram_record(histogram, 0);
	static const uint8_t zero[] = {HEADER(1), 0x02};
	assert_payload(histogram, zero, sizeof(zero));

	/*
	 * 64 of 3 after that: slots 1 and 2 are a run of zeros, -2 -> 3; 64 -> 128 = 0x80 0x01.
	 * One of 2049: slot 2048, so 2044 zeros, -2044 -> 4087 = 0xf7 0x1f; then 2.
	 */
	histogram_record_n(histogram, 3, 64);
	histogram_record(histogram, 2049);
	static const uint8_t three[] = {HEADER(7), 0x02, 0x03, 0x80, 0x01, 0xf7, 0x1f, 0x02};
	assert_payload(histogram, three, sizeof(three));
}

static void the_greatest_count_takes_nine_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *histogram = &fixture->histogram;
	/* ZigZag(2^63 - 1) = 2^64 - 2: seven bits 0x7e, seven times seven ones, eight ones. */
	histogram_record_n(histogram, 0, INT64_MAX);
	static const uint8_t most[] = {
		HEADER(9), 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	assert_payload(histogram, most, sizeof(most));

	char *text = NULL;
	assert_int_equal(histogram_encode(histogram, &text), 0);
	assert_int_equal(histogram_decode(&fixture->decoded, text, NULL), 0);
	assert_int_equal(fixture->decoded.counts[0], INT64_MAX);
	free(text);

	histogram_record(histogram, 0);
	text = NULL;
	assert_int_equal(histogram_encode(histogram, &text), -EOVERFLOW);
	assert_null(text);
}

static void texts_begin_as_hlog_readers_expect(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 4; i++) {
		char *text = NULL;
		assert_int_equal(histogram_encode(&fixture->histogram, &text), 0);
		assert_memory_equal(text, "HISTFAAA", 8);
		assert_int_equal(strlen(text) % 4, 0);
		free(text);
		histogram_record(&fixture->histogram, UINT64_C(1) << (8 * i));
	}
}

static void what_was_encoded_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *histogram = &fixture->histogram;
	uint64_t random = 11;
	/* Growing, so that all remainders of base64 and all widths of LEB128 have their turn. */
	for (int i = 0; i < 120; i++) {
		char *text = NULL;
		assert_int_equal(histogram_encode(histogram, &text), 0);
		struct error error = ERROR_INIT;
		assert_int_equal(histogram_decode(&fixture->decoded, text, &error), 0);
		assert_string_equal(error.text, "");
		assert_memory_equal(fixture->decoded.counts, histogram->counts,
			HISTOGRAM_COUNTS_LENGTH * sizeof(uint64_t));
		assert_int_equal(fixture->decoded.count, histogram->count);

		/* Encoded again, it is the same text. */
		char *again = NULL;
		assert_int_equal(histogram_encode(&fixture->decoded, &again), 0);
		assert_string_equal(again, text);
		free(again);
		free(text);

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		/* The greater the value the fewer of it: their sum stays within 64 bits. */
		uint64_t value = (random >> 31) >> (i % 33);
		histogram_record_n(histogram, value, UINT64_C(1) << (i % 33));
	}
}

static void ends_and_sums_come_from_the_slots(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *histogram = &fixture->histogram;
	histogram_record(histogram, 10);
	histogram_record_n(histogram, 100001, 3); /* slot 99968..100031, its middle 100000 */
	char *text = NULL;
	assert_int_equal(histogram_encode(histogram, &text), 0);
	assert_int_equal(histogram_decode(&fixture->decoded, text, NULL), 0);
	free(text);
	const struct histogram *decoded = &fixture->decoded;
	assert_int_equal(decoded->min_us, 10);
	assert_int_equal(decoded->max_us, 100031);
	assert_true(decoded->sum_us == 300010);
	assert_true(decoded->sum_squares_us2 == 100 + 3 * (uint128)10000000000);
	assert_int_equal(histogram_percentile(decoded, 25), 10);
	assert_int_equal(histogram_percentile(decoded, 99), 100031);
}

static void an_empty_one_comes_back_empty(void **state)
{
	struct fixture *fixture = *state;
	histogram_record(&fixture->decoded, 77);
	char *text = NULL;
	assert_int_equal(histogram_encode(&fixture->histogram, &text), 0);
	assert_int_equal(histogram_decode(&fixture->decoded, text, NULL), 0);
	free(text);
	assert_int_equal(fixture->decoded.count, 0);
	assert_true(fixture->decoded.min_us == UINT64_MAX);
	assert_int_equal(fixture->decoded.max_us, 0);
	assert_int_equal(fixture->decoded.counts[77], 0);
}

/* The same counts as in the third payload above, then what only another encoder would write. */
static void others_texts_are_read(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *decoded = &fixture->decoded;

	static const char *const three[] = {
		"HISTFAAAACd42pNpmSzMwMDAzgABzFCaEURcm7yEwf4DRICJuYHxuzwTAHdsBiw=",
		/* another highest value, and cookies without a word size */
		"HISTBAAAACh42pNpmczMwMDAzgABzFCaEch0M9ixgMH+A0SAibmB8bs8EwBwZwXg",
	};
	for (size_t i = 0; i < COUNT_OF(three); i++) {
		histogram_reset(decoded);
		assert_int_equal(histogram_decode(decoded, three[i], NULL), 0);
		assert_int_equal(decoded->count, 66);
		assert_int_equal(decoded->counts[0], 1);
		assert_int_equal(decoded->counts[3], 64);
		assert_int_equal(decoded->counts[2048], 1);
		assert_int_equal(decoded->min_us, 0);
		assert_int_equal(decoded->max_us, 2049);
	}

	/* A run of zeros up to the last slot, and five values there. */
	assert_int_equal(
		histogram_decode(decoded,
			"HISTFAAAACZ4nJNpmSzMwMDAwgABzFCakYHBMlZC/QCD/QeIwN/zLFwAY4AF7Q==", NULL),
		0);
	assert_int_equal(decoded->count, 5);
	assert_int_equal(decoded->counts[HISTOGRAM_COUNTS_LENGTH - 1], 5);

	/* Zeros one by one instead of as a run: 0, 0, 7. */
	assert_int_equal(histogram_decode(decoded,
				 "HISTFAAAACF42pNpmSzMwMDAzAABMJoRRFybvITB/gNUhIEPAF7pBJg=", NULL),
		0);
	assert_int_equal(decoded->count, 7);
	assert_int_equal(decoded->counts[2], 7);
}

static void what_is_damaged_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct histogram *decoded = &fixture->decoded;
	histogram_record(decoded, 77);
	static const struct {
		int code;
		const char *message;
		const char *text;
	} rows[] = {
		{-EINVAL, "not base64", "HISTFAA"},
		{-EINVAL, "not base64", "HIST FAA"},
		{-EINVAL, "not base64", "HISTF==="},
		{-EINVAL, "not base64", "HI=TFAAA"},
		{-EINVAL, "too short for a histogram", ""},
		{-EINVAL, "too short for a histogram", "HISTFAAA"},
		{-EOPNOTSUPP, "not a compressed V2 histogram, which begins with HISTFAAA",
			"HISTAgAAACB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig=="},
		{-EINVAL, "the histogram has 32 bytes where its header says 4096",
			"HISTFAAAEAB42pNpmSzMwMDAyAABzFAazL82eQmD/QeIABMAVYUEig=="},
		{-EINVAL, "the histogram does not inflate", "HISTFAAAAARhYmNk"},
		{-EINVAL, "the histogram does not inflate",
			"HISTFAAAAZp4nO3BMQEAAADCoPVPbQo/oAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOBvGtoAAQ=="},
		{-EINVAL, "not a V2 payload of HdrHistogram",
			"HISTFAAAACB42pNpmczIwMAAwiDADKXB/GuTlzDYf4AIMAEAUtkEeA=="},
		{-EINVAL, "not a V2 payload of HdrHistogram",
			"HISTFAAAACF42pNpmSzMwMDAxAABzFCaEURcm7yEwf4DRIAJAFWnBIs="},
		{-EINVAL, "not a V2 payload of HdrHistogram",
			"HISTFAAAABx42pNpmSzMgADMUJoRRFybvITB/gOYDwBMUwSH"},
		{-EOPNOTSUPP, ANOTHER_LAYOUT,
			"HISTFAAAAB942pNpmSzMwMDAyAABTFAazL82eQmD/QeoBABVawSJ"},
		{-EOPNOTSUPP, ANOTHER_LAYOUT,
			"HISTFAAAACF42pNpmSzMwMDAyAABzFDqBYi8NnkJg/0HiAgTAGX8BXQ="},
		{-EOPNOTSUPP, ANOTHER_LAYOUT,
			"HISTFAAAACF42pNpmSzMwMDACMXMDBAAYjNcm7yEwf4DRIAJAFWjBIs="},
		{-EOPNOTSUPP, ANOTHER_LAYOUT,
			"HISTFAAAAB942pNpmSzMwMDAyAABzFAazL82eQmDA1SACQBODgOb"},
		{-EOPNOTSUPP, "the histogram reaches above 37888 slots of 3 significant digits",
			"HISTFAAAACZ4nJNpmSzMwMDAwgABzFCakYHBMlZC/QCD/QeIwP/zLEwAY4AF5w=="},
		{-EOPNOTSUPP, "the histogram reaches above 37888 slots of 3 significant digits",
			"HISTFAAAACR4nJNpmSzMwMDAzAABMJqRgcEyVkL9AIP9B4hA4wUWAFv9BWc="},
		{-EOPNOTSUPP, "the histogram reaches above 37888 slots of 3 significant digits",
			"HISTFAAAACR42pNpmSzMwMDAxQABzFCaEURcm7yEwf4DRIDpPwwAAKy1DYo="},
		{-EINVAL, "the histogram's counts are cut off",
			"HISTFAAAACJ42pNpmSzMwMDAxAABzFCaEURcm7yEwf4DRICpAQBasgUL"},
		{-EINVAL, "the histogram's counts are cut off",
			"HISTFAAAACN42pNpmSzMwMDAwQABzFCaEURcm7yEwf4DROA/FAAAmjYMhw=="},
		{-EINVAL, "the histogram's counts are absurd",
			"HISTFAAAACh4nJNpmSzMwMDAwwABzFCakYHBMlZC/QCD/QeIwN/zLA0wAACqdgpr"},
		{-EINVAL, "the histogram's counts are absurd",
			"HISTFAAAACZ42pNpmSzMwMAgzQABzFCaEURcm7yEwf4DRODffyjAZAAASdkfhA=="},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error error = ERROR_INIT;
		assert_int_equal(histogram_decode(decoded, rows[i].text, &error), rows[i].code);
		assert_string_equal(error.text, rows[i].message);
		assert_int_equal(histogram_decode(decoded, rows[i].text, NULL), rows[i].code);
		/* And what was there stays. */
		assert_int_equal(decoded->count, 1);
		assert_int_equal(decoded->counts[77], 1);
	}
}

/* No end of a text before its own makes a histogram, nor does any of them read too far. */
static void every_cut_is_refused(void **state)
{
	struct fixture *fixture = *state;
	for (uint64_t i = 0; i < 50; i++) {
		histogram_record_n(&fixture->histogram, i * i * i * 1009, i + 1);
	}
	char *text = NULL;
	assert_int_equal(histogram_encode(&fixture->histogram, &text), 0);
	for (size_t length = strlen(text); length-- > 0;) {
		text[length] = '\0';
		assert_int_equal(histogram_decode(&fixture->decoded, text, NULL), -EINVAL);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(payloads_are_as_spelled_out, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_greatest_count_takes_nine_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			texts_begin_as_hlog_readers_expect, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_encoded_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_and_sums_come_from_the_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_one_comes_back_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(others_texts_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_damaged_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(every_cut_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
